package importers

import (
	"bytes"
	"fmt"
	"slices"
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

	zipArchive format = "ZIP" // of a file of another format; its table says which
)

const readToday = "read today: GeoJSON (FeatureCollection, Feature, newline-delimited), TopoJSON, KML, FlatGeobuf, Shapefile, dBase tables and CSV (comma, semicolon, tab or |), each also in a ZIP archive; KMZ, GeoPackage, XLSX and XLS"

// zipMagic begins an archive that is not empty.
const zipMagic = "PK\x03\x04"

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
	if f := binaryFormat(head); f != "" {
		return f, nil
	}
	if what := foreign(head); what != "" {
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, what, readToday)
	}
	text := cs.text(head)
	if bytes.IndexByte(text, 0) >= 0 {
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, binaryKind(head), readToday)
	}
	return textFormat(text)
}

// binaryFormat recognises the formats that are no text, "" for anything else.
func binaryFormat(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte(shpMagic)):
		return shapefile
	case bytes.HasPrefix(head, []byte(fgbMagic)):
		return flatGeobuf
	case bytes.HasPrefix(head, []byte(sqliteMagic)):
		return geoPackage
	case bytes.HasPrefix(head, []byte(compoundMagic)):
		return xls
	case looksLikeDBF(head):
		return dbfTables
	case bytes.HasPrefix(head, []byte(zipMagic)) && !openDocument(head):
		return packed(archiveNames(head))
	}
	return ""
}

// packed tells the formats that are archives by the names of the files in them, as far as the head of the archive goes.
func packed(names []string) format {
	isKML := func(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".kml") }
	switch {
	case len(names) > 0 && isKML(names[0]):
		return kmz // also with folders of pictures that are called as parts of a workbook are
	case slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "xl/") || name == "[Content_Types].xml" }):
		return xlsx
	case slices.ContainsFunc(names, isKML):
		return kmz
	}
	return zipArchive
}

// openDocument reports an archive that says at its start, as it must, that it is an OpenDocument spreadsheet.
func openDocument(head []byte) bool {
	return bytes.Contains(head[:min(len(head), 200)], []byte("opendocument.spreadsheet"))
}

// textFormat recognises the formats that are text.
func textFormat(text []byte) (format, error) {
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

// foreign names a file that is not read by its first bytes, "" when they say nothing.
func foreign(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return m.name
		}
	}
	if bytes.HasPrefix(head, []byte(zipMagic)) && openDocument(head) {
		return "an OpenDocument spreadsheet (.ods; save it as .xlsx)"
	}
	return ""
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
