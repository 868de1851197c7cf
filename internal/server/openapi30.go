package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// openAPI30Media is the media type that clients of OGC API look for.
const openAPI30Media = "application/vnd.oai.openapi+json;version=3.0"

// api answers with the document as OpenAPI 3.0, which is what OGC API's clients and its test suite read, and with the
// collections that there are in place of {collectionId}: GDAL takes the size of a page from there.
func (s *Server) api(w http.ResponseWriter, r *http.Request, st *state) error {
	base := baseURL(r)
	return s.reply(w, r, st, answer{"openapi 3.0 " + base, openAPI30Media, func() ([]byte, error) {
		var doc map[string]any
		if err := json.Unmarshal(openAPIDocument, &doc); err != nil {
			return nil, err
		}
		parameters := child(doc, "components", "parameters")
		expandItems(child(doc, "paths"), parameters, collections(st.snapshot.Depth("")))
		doc["openapi"], doc["servers"] = "3.0.3", []map[string]string{{"url": base}}
		delete(child(doc, "info", "license"), "identifier")
		lower(doc)
		var b bytes.Buffer
		err := json.NewEncoder(&b).Encode(doc)
		return b.Bytes(), err
	}})
}

// child is the object below doc that the keys lead to; empty where there is none.
func child(doc map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		doc, _ = doc[key].(map[string]any)
	}
	return doc
}

// expandItems adds, for each collection, the path of its items with the parameters that it knows.
func expandItems(paths, parameters map[string]any, all []collection) {
	const path = "/collections/{collectionId}/items"
	get := child(paths, path, "get")
	for _, c := range all {
		known := append(c.itemNames(), minVersionHeader)
		var own []any
		for _, p := range get["parameters"].([]any) {
			ref, _ := p.(map[string]any)["$ref"].(string)
			if name, _ := child(parameters, strings.TrimPrefix(ref, "#/components/parameters/"))["name"].(string); slices.Contains(known, name) {
				own = append(own, p)
			}
		}
		paths[strings.ReplaceAll(path, "{collectionId}", c.id)] = map[string]any{"get": map[string]any{
			"operationId": "items." + c.id, "summary": c.title, "description": c.about, "parameters": own, "responses": get["responses"],
		}}
	}
}

// lower brings what OpenAPI 3.1 took over from JSON Schema back to 3.0, in place.
func lower(node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			lower(v)
		}
	case map[string]any:
		if types, ok := n["type"].([]any); ok { // a type or null
			n["type"], n["nullable"] = types[0], true
		}
		if v, ok := n["const"]; ok {
			delete(n, "const")
			n["enum"] = []any{v}
		}
		for _, name := range []string{"contentMediaType", "contentEncoding"} {
			if _, ok := n[name].(string); ok {
				delete(n, name)
				n["format"] = "binary"
			}
		}
		for _, v := range n {
			lower(v)
		}
	}
}
