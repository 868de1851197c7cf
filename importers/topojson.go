package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"hazgrid/safety"
)

// A topoReader yields the geometries of one object of a topology (TopoJSON 1.0) as topojson-client's
// feature() makes features of them. The arcs stand anywhere in the file, mostly after what refers to
// them, so the file is read twice: first the arcs, which are held, then the object.
type topoReader struct {
	src    *source
	in     *jsonStream
	arcs   arcs
	layers []string // names of the objects
	layer  string   // the one that is read
	feat   featureParser
	count  int64

	yield func(row, error) bool
}

// readTopoJSON is the reader of TopoJSON.
func readTopoJSON(s *source) (table, error) {
	t := &topoReader{src: s}
	quiet := *s
	quiet.told = func(int) {} // progress is that of the second reading
	if err := t.open(&quiet); err != nil {
		return table{}, err
	}
	if err := t.in.members(t.topology); err != nil {
		return table{}, t.explain(err)
	}
	switch c, err := t.in.peek(); {
	case err == nil:
		return table{}, fmt.Errorf("%w: not TopoJSON at byte %d: %q after the end of the topology", safety.ErrInvalid, t.in.at()+1, c)
	case !errors.Is(err, io.EOF):
		return table{}, err
	}
	i, err := pickLayer(s.o.Layer, t.layers)
	if err != nil {
		return table{}, err
	}
	t.in, t.layer = nil, t.layers[i]
	return table{rows: t.rows(), again: true}, nil
}

func (t *topoReader) open(s *source) error {
	text, err := s.text()
	t.in = newJSONStream(text, s.o.maxBytes())
	return err
}

// maxLayers bounds how many layers of a file are remembered, to choose from and to name in messages.
const maxLayers = 10000

// topology reads a member of the top level in the first reading.
func (t *topoReader) topology(name string) error {
	switch name {
	case "transform":
		raw, at, err := t.in.value()
		if err == nil {
			err = invalidPart("transform", t.arcs.transform.read(&cursor{b: raw}), at)
		}
		return err
	case "arcs":
		return t.in.elements(t.arc)
	case "objects":
		return t.in.members(func(name string) error {
			if len(t.layers) < maxLayers {
				t.layers = append(t.layers, name)
			}
			return t.in.pass()
		})
	case "type":
		raw, _, err := t.in.value()
		if err == nil && string(raw) != `"Topology"` {
			err = fmt.Errorf("%w: not TopoJSON: type %s, want Topology", safety.ErrInvalid, clip(string(raw)))
		}
		return err
	}
	return t.in.pass()
}

func (t *topoReader) arc() error {
	raw, at, err := t.in.value()
	if err != nil {
		return err
	}
	return invalidPart(fmt.Sprintf("arc %d", t.arcs.len()), t.arcs.add(&cursor{b: raw}), at)
}

// invalidPart names the part of a topology that an error is about.
func invalidPart(what string, err error, at int64) error {
	err = placed(err, at)
	if err == nil || errors.Is(err, safety.ErrInvalid) {
		return err
	}
	return fmt.Errorf("%w: %s at byte %d: %w", safety.ErrInvalid, what, at+1, err)
}

// rows is the second reading; it may be ranged over again.
func (t *topoReader) rows() rows {
	return func(yield func(row, error) bool) {
		t.yield, t.count = yield, 0
		err := t.open(t.src)
		if err == nil {
			err = t.in.members(t.object)
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(row{}, t.explain(err))
		}
	}
}

// explain says what was too long where no record is.
func (t *topoReader) explain(err error) error {
	if errors.Is(err, errTooLong) {
		return fmt.Errorf("%w: a value before byte %d is longer than %d MB", safety.ErrInvalid, t.in.at()+1, t.in.max>>20)
	}
	return err
}

// object reads a member of the top level in the second reading.
func (t *topoReader) object(name string) error {
	if name != "objects" {
		return t.in.pass()
	}
	return t.in.members(func(name string) error {
		if name != t.layer {
			return t.in.pass()
		}
		return t.geometries()
	})
}

// geometries reads the object: a collection, whose members are the rows, or a single geometry.
func (t *topoReader) geometries() error {
	if c, err := t.in.peek(); err == nil && c != '{' { // null, say
		return t.in.pass()
	}
	start := t.in.at()
	var alone bytes.Buffer // the object without its members, which may be all there is
	collection, kind := false, ""
	err := t.in.members(func(name string) error {
		if name == "geometries" {
			collection = true
			return t.in.elements(t.geometry)
		}
		raw, _, err := t.in.value()
		if err == nil && alone.Len()+len(raw) <= t.in.max {
			fmt.Fprintf(&alone, "%c%q:%s", "{,"[min(alone.Len(), 1)], name, raw)
		}
		if name == "type" {
			kind = strings.Trim(string(raw), `"`)
		}
		return err
	})
	switch {
	case errors.Is(err, errTooLong):
		return t.give(row{fault: t.long()})
	case err != nil || collection && kind == "GeometryCollection":
		return err
	case collection:
		return fmt.Errorf("%w: not TopoJSON: object %q has geometries and is of type %q", safety.ErrInvalid, t.layer, clip(kind))
	case alone.Len() == 0:
		return nil
	}
	alone.WriteByte('}')
	return t.one(alone.Bytes(), start)
}

// geometry reads a member of the collection.
func (t *topoReader) geometry() error {
	raw, at, err := t.in.value()
	switch {
	case errors.Is(err, errTooLong):
		return t.give(row{fault: t.long()})
	case err != nil:
		return err
	}
	return t.one(raw, at)
}

func (t *topoReader) one(raw []byte, at int64) error {
	r, err := t.feat.topo(raw, &t.arcs)
	if err != nil {
		return invalidPart(fmt.Sprintf("geometry %d of object %q", t.count+1, t.layer), err, at)
	}
	if f := t.src.charset.fault(raw); f != nil {
		r.fault = f
	}
	return t.give(r)
}

func (t *topoReader) long() *fault {
	return &fault{reason: fmt.Sprintf("the geometry is longer than %d MB", t.in.max>>20)}
}

func (t *topoReader) give(r row) error {
	t.count++
	r.number = t.count
	if !t.yield(r, nil) {
		return errStop
	}
	return nil
}
