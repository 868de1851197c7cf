package importers

import (
	"errors"
	"slices"
)

// A featureParser turns the text of a GeoJSON feature into a row. Its memory is used again.
type featureParser struct {
	cur    cursor
	coords coordinates
	names  []string // of the last feature: a file's features mostly have the same properties
	values []string
	row    row
}

// parse reads a feature. Text that is not JSON is a *syntaxError; JSON that is no feature a fault of the row.
func (p *featureParser) parse(raw []byte) (row, error) {
	p.begin(raw)
	if p.cur.peek() != '{' {
		_, err := p.cur.skip(0)
		p.row.fault = &fault{reason: "not a Feature but " + clip(string(raw))}
		return p.row, err
	}
	kind := ""
	count := 0
	err := p.cur.members(func(name []byte) error {
		switch string(name) {
		case "type":
			return p.word(&kind)
		case "id":
			return p.word(&p.row.id)
		case "geometry":
			return p.geometry()
		case "properties":
			return p.properties(&count)
		}
		_, err := p.cur.skip(0)
		return err
	})
	if err == nil && p.cur.peek() != 0 {
		err = p.cur.fail("more after the end of the feature")
	}
	p.end(count)
	if kind != "Feature" && p.row.fault == nil {
		p.row.fault = &fault{field: "type", reason: "want Feature, got " + clip(kind)}
	}
	return p.row, err
}

// begin makes ready for a feature's text.
func (p *featureParser) begin(raw []byte) {
	p.cur = cursor{b: raw}
	p.row = row{}
	p.values = p.values[:0]
}

// end gives the row its so many properties.
func (p *featureParser) end(count int) {
	p.names = p.names[:min(count, len(p.names))]
	p.row.names, p.row.values = p.names, p.values[:count]
}

// word reads a scalar as text.
func (p *featureParser) word(out *string) (err error) {
	*out, err = p.value()
	return err
}

// value reads any value as text: strings without quotes, null as "", the rest as it stands.
func (p *featureParser) value() (string, error) {
	if p.cur.peek() == '"' {
		text, err := p.cur.text()
		return string(text), err
	}
	raw, err := p.cur.skip(0)
	if string(raw) == "null" {
		raw = nil
	}
	return string(raw), err
}

// properties reads names and values.
func (p *featureParser) properties(count *int) error {
	if p.cur.peek() != '{' {
		_, err := p.cur.skip(0)
		return err
	}
	*count, p.values = 0, p.values[:0]
	own := false // p.names is of this feature alone
	return p.cur.members(func(name []byte) error {
		i := *count
		if i >= len(p.names) || p.names[i] != string(name) {
			p.names = p.names[:i]
			if !own {
				p.names, own = slices.Clone(p.names), true // rows may hold the old one
			}
			p.names = append(p.names, string(name))
		}
		v, err := p.value()
		p.values = append(p.values, v)
		*count++
		return err
	})
}

// geometry reads the geometry; one that cannot be understood is a fault of the row.
func (p *featureParser) geometry() error {
	if p.cur.peek() != '{' {
		raw, err := p.cur.skip(0)
		if string(raw) != "null" {
			p.row.fault = &fault{field: "geometry", reason: "not a geometry but " + clip(string(raw))}
		}
		return err
	}
	start := p.cur.i
	err := p.shape()
	var bad shapeError
	if errors.As(err, &bad) {
		p.row.fault = &fault{field: "geometry", reason: string(bad)}
		p.cur.i = start
		_, err = p.cur.skip(0)
	}
	return err
}

func (p *featureParser) shape() error {
	kind := ""
	p.coords.depth = 0
	err := p.cur.members(func(name []byte) error {
		switch {
		case string(name) == "type":
			return p.word(&kind)
		case string(name) == "coordinates" && p.cur.peek() == '[':
			return p.coords.read(&p.cur)
		case string(name) == "coordinates" && p.cur.peek() == '"':
			return shapeError("coordinates are text, not numbers")
		}
		_, err := p.cur.skip(0)
		return err
	})
	if err == nil {
		p.row.geometry, err = p.coords.geometry(kind)
	}
	return err
}
