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
	geoJSON   format = "GeoJSON"
	csvText   format = "CSV"
	shapefile format = "Shapefile"
	dbfTables format = "dBase"
	xlsx      format = "XLSX"
	xls       format = "XLS"

	zipArchive format = "ZIP" // of a file of another format; its table says which
)

const readToday = "read today: GeoJSON (FeatureCollection, Feature, newline-delimited), CSV (comma, semicolon, tab or |), Shapefile and dBase tables, each also in a ZIP archive, XLSX and XLS"

// zipMagic begins an archive that is not empty.
const zipMagic = "PK\x03\x04"

// magics are the first bytes of files that are known and not read.
var magics = []struct{ start, name string }{
	{"PK\x05\x06", "an empty ZIP archive"},
	{"SQLite format 3\x00", "a SQLite file (GeoPackage?)"},
	{"fgb", "a FlatGeobuf file"},
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
	if f := spreadsheet(head); f != "" {
		return f, nil
	}
	switch {
	case bytes.HasPrefix(head, []byte(shpMagic)):
		return shapefile, nil
	case looksLikeDBF(head):
		return dbfTables, nil
	case foreign(head) == plainZIP:
		return zipArchive, nil
	}
	if what := foreign(head); what != "" {
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
	case strings.HasPrefix(start, "<"):
		return "", fmt.Errorf("%w: it looks like %s; %s", safety.ErrInvalid, markup(start), readToday)
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return geoJSON, nil
	}
	return csvText, nil
}

// spreadsheet recognises workbooks, "" for anything else.
func spreadsheet(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte(compoundMagic)):
		return xls
	case hasMember(head, func(name string) bool { return strings.HasPrefix(name, "xl/") || name == "[Content_Types].xml" }):
		return xlsx
	}
	return ""
}

// hasMember reports whether head begins an archive that has, so far, a file with such a name.
func hasMember(head []byte, is func(name string) bool) bool {
	return bytes.HasPrefix(head, []byte(zipMagic)) && slices.ContainsFunc(archiveNames(head), is)
}

// foreign names a file by its first bytes, "" when they say nothing.
func foreign(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return m.name
		}
	}
	if !bytes.HasPrefix(head, []byte(zipMagic)) {
		return ""
	}
	if bytes.Contains(head[:min(len(head), 200)], []byte("opendocument.spreadsheet")) {
		return "an OpenDocument spreadsheet (.ods; save it as .xlsx)"
	}
	if hasMember(head, func(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".kml") }) {
		return "a KMZ archive"
	}
	return plainZIP
}

// plainZIP is an archive that is no file of another format.
const plainZIP = "a ZIP archive"

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
