package importers

import (
	"bytes"
	"fmt"
	"strings"

	"hazgrid/safety"
)

// A format is a kind of file that is read.
type format string

const (
	geoJSON    format = "GeoJSON"
	csvText    format = "CSV"
	shapefile  format = "Shapefile"
	dbfTables  format = "dBase"
	xlsx       format = "XLSX"
	xls        format = "XLS"
	topoJSON   format = "TopoJSON"
	geoPackage format = "GeoPackage"
	kml        format = "KML"
	kmz        format = "KMZ"
	postGIS    format = "PostGIS" // which no file is
	flatGeobuf format = "FlatGeobuf"
)

const readToday = "read today: GeoJSON (FeatureCollection, Feature, newline-delimited), TopoJSON, KML, KMZ, FlatGeobuf, GeoPackage, Shapefile, dBase tables, XLSX, XLS and CSV (comma, semicolon, tab or |)"

// magics are the first bytes of files that are known and not read.
var magics = []struct{ start, name string }{
	{"PK\x05\x06", "an empty ZIP archive"},
	{"fgb", "a FlatGeobuf file of another version than 3"},
	{"PAR1", "a Parquet file"},
	{"\x1f\x8b", "a gzip archive"},
	{"%PDF-", "a PDF document"},
	{"{\\rtf", "an RTF document"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!", "a RAR archive"},
	{"\x89PNG", "a picture"},
	{"\xff\xd8\xff", "a picture"},
}

// recognise says which format a file is that begins with head, or what else it looks like.
func recognise(head []byte, cs charset) (format, error) {
	if len(head) == 0 {
		return "", fmt.Errorf("%w: the file is empty; %s", safety.ErrInvalid, readToday)
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) && strings.HasSuffix(strings.ToLower(firstEntry(head)), ".kml") {
		return kmz, nil
	}
	if f := spreadsheet(head); f != "" {
		return f, nil
	}
	switch {
	case bytes.HasPrefix(head, []byte(shpMagic)):
		return shapefile, nil
	case bytes.HasPrefix(head, []byte(fgbMagic)):
		return flatGeobuf, nil
	case bytes.HasPrefix(head, []byte(sqliteMagic)):
		return geoPackage, nil
	case looksLikeDBF(head):
		return dbfTables, nil
	}
	switch what := foreign(head); {
	case what == "a KMZ archive":
		return kmz, nil
	case what != "":
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, what, readToday)
	}
	text := cs.text(head)
	if bytes.IndexByte(text, 0) >= 0 {
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, binaryKind(head), readToday)
	}
	start := strings.TrimLeft(string(text[:min(len(text), 4096)]), " \t\r\n\x1e\ufeff")
	switch {
	case start == "" && len(text) <= 4096:
		return "", fmt.Errorf("%w: the file is blank; %s", safety.ErrInvalid, readToday)
	case strings.HasPrefix(start, "<") && markup(start) == "KML":
		return kml, nil
	case strings.HasPrefix(start, "<"):
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, markup(start), readToday)
	case strings.HasPrefix(start, "{"):
		return jsonFormat(text), nil
	case strings.HasPrefix(start, "["):
		return geoJSON, nil
	}
	return csvText, nil
}

// spreadsheet recognises workbooks, "" for anything else.
func spreadsheet(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte(compoundMagic)):
		return xls
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && !bytes.Contains(head, []byte("opendocument")) &&
		(bytes.Contains(head, []byte("xl/")) || bytes.Contains(head, []byte("[Content_Types].xml"))):
		return xlsx
	}
	return ""
}

// jsonFormat tells a topology from GeoJSON by the members at the top of its text: by its type, and where that
// comes late by its arcs or objects.
func jsonFormat(text []byte) format {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	in := newJSONStream(bytes.NewReader(text), len(text))
	kind := geoJSON
	_ = in.members(func(name string) error { // the text may be cut off: what it said until then counts
		switch name {
		case "features", "geometry", "properties":
			return errStop
		case "arcs", "objects":
			kind = topoJSON
			return errStop
		}
		raw, _, err := in.value()
		if name == "type" && err == nil {
			if string(raw) == `"Topology"` {
				kind = topoJSON
			}
			return errStop
		}
		return err
	})
	return kind
}

// foreign names a file by its first bytes, "" when they say nothing.
func foreign(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return m.name
		}
	}
	switch {
	case !bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return ""
	case bytes.Contains(head, []byte("opendocument.spreadsheet")):
		return "an OpenDocument spreadsheet (.ods; save it as .xlsx)"
	case bytes.Contains(head, []byte(".kml")):
		return "a KMZ archive"
	}
	return "a ZIP archive"
}

// firstEntry returns the name of the first entry of a ZIP archive (APPNOTE.TXT, 4.3.7).
func firstEntry(head []byte) string {
	if len(head) < 30 {
		return ""
	}
	n := int(head[26]) | int(head[27])<<8
	return string(head[30:min(30+n, len(head))])
}

// binaryKind names what has zero bytes in it and no byte order mark.
func binaryKind(head []byte) string {
	head = head[:min(len(head), 4096)&^1]
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	switch {
	case odd > len(head)/8 && even == 0:
		return "UTF-16 text without a byte order mark (say --encoding utf-16le)"
	case even > len(head)/8 && odd == 0:
		return "UTF-16 text without a byte order mark (say --encoding utf-16be)"
	}
	return "a binary file"
}

func markup(start string) string {
	low := strings.ToLower(start)
	switch {
	case strings.Contains(low, "<kml"):
		return "KML"
	case strings.Contains(low, "<html"):
		return "a web page (HTML)"
	case strings.Contains(low, "gml"):
		return "GML"
	}
	return "XML or HTML"
}
