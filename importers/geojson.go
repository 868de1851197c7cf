package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"hazgrid/safety"
)

// A geoReader yields the features of GeoJSON text: one FeatureCollection or Feature, or several,
// one after the other (newline-delimited, RFC 8142). Its frame is what the file says.
type geoReader struct {
	in    *jsonStream
	cs    charset
	fixed bool           // the user has named the frame: what the file says does not count
	told  func(f string) // the file has named this frame; before the first feature
	count int64
	feat  featureParser

	yield func(row, error) bool
}

// readGeoJSON is the reader of GeoJSON.
func readGeoJSON(s *source) (table, error) {
	text, err := s.text()
	if err != nil {
		return table{}, err
	}
	g := &geoReader{in: newJSONStream(text, s.o.maxBytes()), cs: s.charset, fixed: s.o.asked(), told: s.claim}
	return table{rows: g.rows()}, nil
}

var errStop = errors.New("stopped")

// rows yields the features; names of properties may differ from one to the next.
func (g *geoReader) rows() rows {
	return func(yield func(row, error) bool) {
		g.yield = yield
		if err := g.text(); err != nil && !errors.Is(err, errStop) {
			yield(row{}, err)
		}
	}
}

// text reads objects to the end of the text.
func (g *geoReader) text() error {
	for {
		c, err := g.in.peek()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c == 0x1e:
			g.in.pos++
			return g.sequence()
		case c != '{':
			return fmt.Errorf("%w: not GeoJSON at byte %d: %q where a FeatureCollection or Feature should begin", safety.ErrInvalid, g.in.at()+1, c)
		}
		if err := g.object(); err != nil {
			return err
		}
	}
}

// sequence reads features between record separators to the end of the text (RFC 8142). The separator, which stands in no
// JSON, shows where a record was cut off in the middle; it is rejected and the next is read. At the end of the text it is the
// file that is cut off.
func (g *geoReader) sequence() error {
	for {
		raw, at, last, err := g.in.record()
		switch {
		case errors.Is(err, errTooLong):
			err = g.tooLong()
		case err != nil:
		case len(bytes.TrimSpace(raw)) > 0:
			err = g.recordOf(raw, at, last)
		}
		if err != nil || last {
			return err
		}
	}
}

// recordOf yields the feature of a record.
func (g *geoReader) recordOf(raw []byte, at int64, last bool) error {
	var bad *syntaxError
	if _, err := g.feat.parse(raw); errors.As(err, &bad) {
		if last && bad.at >= len(bytes.TrimRight(raw, " \t\r\n")) {
			return fmt.Errorf("%w: the JSON is cut off at byte %d: the end of the file comes inside a record", safety.ErrInvalid, at+int64(len(raw)))
		}
		g.count++
		return g.give(row{number: g.count, text: raw, fault: &fault{reason: fmt.Sprintf("not JSON at byte %d of the record (cut off?): %s", bad.at+1, bad.what)}})
	}
	return g.feature(raw, at)
}

// A member list is the top level of an object, as far as it is kept: an object that turns out to have no
// features may be a feature itself.
type topLevel struct {
	kind     string // of "type"
	features bool
	held     bytes.Buffer
	long     bool // some member was too long, the object cannot be kept
}

// object reads one object of the top level, whatever the order of its members.
func (g *geoReader) object() error {
	start := g.in.at()
	if _, err := g.in.next(); err != nil {
		return err
	}
	var top topLevel
	for sep := "{"; ; sep = "," {
		c, err := g.in.peek()
		if err == nil && c == '}' && sep == "{" {
			break
		}
		if err := g.member(&top, sep); err != nil {
			return err
		}
		switch c, err := g.in.next(); {
		case err != nil:
			return err
		case c == '}':
			return g.close(&top, start)
		case c != ',':
			return broken(g.in.at()-1, "%q where ',' or '}' should be", c)
		}
	}
	g.in.pos++
	return g.close(&top, start)
}

// member reads one member of a top-level object.
func (g *geoReader) member(top *topLevel, sep string) error {
	raw, at, err := g.in.value()
	if err != nil {
		return err
	}
	cur := cursor{b: raw}
	if cur.peek() != '"' {
		return broken(at, "want a name in quotes")
	}
	text, err := cur.text()
	if err != nil {
		return placed(err, at)
	}
	name := string(text)
	top.held.WriteString(sep)
	top.held.Write(raw)
	top.held.WriteByte(':')
	if c, err := g.in.next(); err != nil || c != ':' {
		if err == nil {
			err = broken(g.in.at()-1, "%q where ':' should be", c)
		}
		return err
	}
	if name == "features" {
		top.features = true
		top.held.Reset()
		return g.features()
	}
	return g.hold(top, name)
}

// hold reads a member's value; it keeps it as long as the object may be a feature.
func (g *geoReader) hold(top *topLevel, name string) error {
	raw, at, err := g.in.value()
	if errors.Is(err, errTooLong) {
		top.long = true
		return nil
	}
	if err != nil {
		return err
	}
	cur := cursor{b: raw}
	if _, err := cur.skip(0); err != nil || cur.i < len(raw) {
		return broken(at, "%q is no value", clip(string(raw)))
	}
	switch name {
	case "type":
		top.kind = strings.Trim(string(raw), `"`)
	case "crs":
		err = g.crs(raw, at)
	case "UTF8Encoding":
		if string(raw) == "true" {
			err = fmt.Errorf("%w: a map in the encoded form of ECharts (UTF8Encoding): its coordinates are not numbers; decode it first", safety.ErrInvalid)
		}
	}
	if top.long = top.long || top.held.Len()+len(raw) > g.in.max; top.features || top.long {
		top.held.Reset()
	} else {
		top.held.Write(raw)
	}
	return err
}

// close ends an object of the top level: with features its type must be right, without it must be one.
func (g *geoReader) close(top *topLevel, start int64) error {
	switch {
	case top.features && top.kind == "FeatureCollection":
		return nil
	case top.features:
		return fmt.Errorf("%w: not GeoJSON: an object with features is of type %q, want FeatureCollection", safety.ErrInvalid, clip(top.kind))
	case top.kind == "Feature" && top.long:
		return g.tooLong()
	case top.kind == "Feature":
		top.held.WriteByte('}')
		return g.feature(top.held.Bytes(), start)
	case top.kind == "":
		return fmt.Errorf("%w: not GeoJSON: the JSON object at byte %d has no type", safety.ErrInvalid, start+1)
	}
	return fmt.Errorf("%w: not GeoJSON that can be read: type %q at byte %d, want FeatureCollection with features, or Feature", safety.ErrInvalid, clip(top.kind), start+1)
}

// features reads the array of a FeatureCollection.
func (g *geoReader) features() error {
	if c, err := g.in.next(); err != nil || c != '[' {
		if err == nil {
			err = broken(g.in.at()-1, "%q where the array of features should begin", c)
		}
		return err
	}
	if c, err := g.in.peek(); err == nil && c == ']' {
		g.in.pos++
		return nil
	}
	for {
		raw, at, err := g.in.value()
		switch {
		case errors.Is(err, errTooLong):
			err = g.tooLong()
		case err == nil:
			err = g.feature(raw, at)
		}
		if err != nil {
			return err
		}
		switch c, err := g.in.next(); {
		case err != nil:
			return err
		case c == ']':
			return nil
		case c != ',':
			return broken(g.in.at()-1, "%q where ',' or ']' should be after feature %d", c, g.count)
		}
	}
}

// feature yields one feature.
func (g *geoReader) feature(raw []byte, at int64) error {
	g.count++
	r, err := g.feat.parse(raw)
	if err != nil {
		return fmt.Errorf("feature %d: %w", g.count, placed(err, at))
	}
	r.number, r.text = g.count, raw
	if f := g.cs.fault(raw); f != nil {
		r.fault = f
	}
	return g.give(r)
}

func (g *geoReader) tooLong() error {
	g.count++
	return g.give(row{number: g.count, fault: &fault{reason: fmt.Sprintf("the feature is longer than %d MB", g.in.max>>20)}})
}

func (g *geoReader) give(r row) error {
	if !g.yield(r, nil) {
		return errStop
	}
	return nil
}
