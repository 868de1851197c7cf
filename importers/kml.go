package importers

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A kmlReader yields the placemarks of KML 2.2 or 2.3, in one text or, in a KMZ, in several. Its columns are name, description,
// address, phoneNumber, timestamp, begin, end and what ExtendedData holds.
type kmlReader struct {
	src    *source
	texts  func(func(io.Reader) error) error // calls f with each KML text, decoded
	strict bool                              // text that was not of its charset shows as U+FFFD

	xml     *xmlTokens
	folders []string // names of the folders and documents
	inside  bool     // what is read is in the folder that --layer names
	found   bool
	count   int64
	start   int64 // of the placemark, in bytes of the text
	long    bool  // it is longer than a record may be: the rest of it is passed over
	cells   cells
	shapes  []orb.Geometry // of the placemark
	yield   func(row, error) bool
}

// readKML is the reader of KML.
func readKML(s *source) (table, error) {
	cs, err := xmlCharset(s.head, s.charset, s.o)
	if err != nil {
		return table{}, err
	}
	k := &kmlReader{src: s, strict: cs.enc != nil}
	k.texts = func(f func(io.Reader) error) error {
		text, err := cs.reader(s.bytes())
		if err != nil {
			return err
		}
		return f(text)
	}
	return table{encoding: cs.name, rows: k.rows(), again: true}, nil
}

// rows may be ranged over again.
func (k *kmlReader) rows() rows {
	return func(yield func(row, error) bool) {
		k.yield, k.count, k.folders, k.found = yield, 0, nil, false
		err := k.texts(k.text)
		if layer := k.src.o.Layer; err == nil && layer != "" && !k.found {
			err = fmt.Errorf("%w: there is no folder %q in the KML (there are: %s)", safety.ErrInvalid, layer, clipList(k.folders))
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(row{}, err)
		}
	}
}

// text reads one KML text.
func (k *kmlReader) text(in io.Reader) error {
	k.xml, k.inside = newXMLTokens(in), k.src.o.Layer == ""
	err := k.xml.root(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "kml":
			return k.xml.children(k.container)
		case "Document", "Folder", "Placemark":
			return k.container(e)
		}
		return fmt.Errorf("%w: not KML but XML that begins with <%s>", safety.ErrInvalid, clip(e.Name.Local))
	})
	return err
}

// container reads what may stand in a document or folder.
func (k *kmlReader) container(e xml.StartElement) error {
	switch e.Name.Local {
	case "Document", "Folder":
		before := k.inside
		defer func() { k.inside = before }()
		return k.xml.children(k.member)
	case "Placemark":
		if k.inside {
			return k.placemark(e)
		}
	case "NetworkLink":
		k.src.warn("network_link", "a NetworkLink points to data that is not in the file: it is not followed")
	}
	return k.xml.skip()
}

// member reads a child of a document or folder, whose name comes before what is in it.
func (k *kmlReader) member(e xml.StartElement) error {
	if e.Name.Local != "name" {
		return k.container(e)
	}
	name, err := k.xml.text()
	if name = strings.TrimSpace(name); name != "" && len(k.folders) < maxLayers && !slices.Contains(k.folders, name) {
		k.folders = append(k.folders, name)
	}
	if name == k.src.o.Layer && name != "" {
		k.inside, k.found = true, true
	}
	return err
}

// placemark yields a record.
func (k *kmlReader) placemark(e xml.StartElement) error {
	k.cells.begin()
	k.shapes, k.start, k.long = nil, k.xml.in.total, false
	k.count++
	r := row{number: k.count, id: attribute(e, "id")}
	err := k.xml.children(func(e xml.StartElement) error { return k.part(&r, e) })
	if err != nil {
		return err
	}
	r.names, r.values = k.cells.end()
	switch {
	case k.long:
		r = row{number: k.count, fault: &fault{reason: fmt.Sprintf("the placemark is longer than %d MB", k.src.o.maxBytes()>>20)}}
	case r.fault != nil:
	case len(k.shapes) == 1:
		r.geometry = k.shapes[0]
	case len(k.shapes) > 1:
		r.geometry = gathered(k.shapes)
	}
	if k.strict && slices.ContainsFunc(r.values, func(v string) bool { return strings.ContainsRune(v, '\ufffd') }) {
		r.fault = &fault{reason: "text that is not of the file's encoding (another one? see --encoding)"}
	}
	if !k.yield(r, nil) {
		return errStop
	}
	return nil
}

// over reports whether the placemark has become too long.
func (k *kmlReader) over() bool {
	k.long = k.long || k.xml.in.total-k.start > int64(k.src.o.maxBytes())
	return k.long
}

// part reads a child of a placemark.
func (k *kmlReader) part(r *row, e xml.StartElement) error {
	if k.over() {
		return k.xml.skip()
	}
	switch name := e.Name.Local; name {
	case "name", "description", "address", "phoneNumber":
		return k.cell(name)
	case "ExtendedData":
		return k.xml.children(k.data)
	case "TimeStamp":
		return k.xml.children(func(e xml.StartElement) error { return k.only(e, "when", "timestamp") })
	case "TimeSpan":
		return k.xml.children(func(e xml.StartElement) error { return k.only(e, e.Name.Local, e.Name.Local) })
	case "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack", "Model":
		g, err := k.geometry(e)
		var bad shapeError
		if errors.As(err, &bad) {
			r.fault, err = &fault{geometryTarget, string(bad)}, nil
		}
		if g != nil {
			k.shapes = append(k.shapes, g)
		}
		return err
	}
	return k.xml.skip()
}

// cell reads an element's text as the value of a column.
func (k *kmlReader) cell(name string) error {
	if k.over() {
		return k.xml.skip()
	}
	text, err := k.xml.text()
	k.cells.set(name, slashed(strings.TrimSpace(text)))
	return err
}

// only reads a child of a certain name.
func (k *kmlReader) only(e xml.StartElement, want, column string) error {
	if e.Name.Local != want {
		return k.xml.skip()
	}
	return k.cell(column)
}

// data reads a child of ExtendedData: Data with a value, SchemaData with SimpleData, or elements of the
// user's own.
func (k *kmlReader) data(e xml.StartElement) error {
	switch e.Name.Local {
	case "Data":
		name := attribute(e, "name")
		return k.xml.children(func(e xml.StartElement) error { return k.only(e, "value", name) })
	case "SchemaData":
		return k.xml.children(func(e xml.StartElement) error { return k.only(e, "SimpleData", attribute(e, "name")) })
	}
	return k.cell(e.Name.Local)
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// slashed turns GDAL's way to write a time into KML, 2014/11/03 10:00:00+00, into RFC 3339's.
func slashed(s string) string {
	const least = len("2014/11/03 10:00:00")
	if len(s) < least || len(s) > least+16 || s[4] != '/' || s[7] != '/' || s[10] != ' ' {
		return s
	}
	s = strings.ReplaceAll(s, "/", "-")
	if n := len(s); n > least+4 && (s[n-5] == '+' || s[n-5] == '-') {
		return s[:n-2] + ":" + s[n-2:]
	}
	return wholeZone(s)
}

// A cells collects the columns of rows that bring their own: names is the same slice as long as they do not change.
type cells struct {
	names, values []string
	own           bool // names is of this row alone
}

func (c *cells) begin() { c.values, c.own = c.values[:0], false }

func (c *cells) set(name, value string) {
	i := len(c.values)
	if i >= len(c.names) || c.names[i] != name {
		c.names = c.names[:i]
		if !c.own {
			c.names, c.own = slices.Clone(c.names), true // rows may hold the old one
		}
		c.names = append(c.names, name)
	}
	c.values = append(c.values, value)
}

func (c *cells) end() (names, values []string) {
	c.names = c.names[:len(c.values)]
	return c.names, c.values
}
