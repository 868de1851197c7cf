package merge

import (
	"fmt"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// The types here are destinations of Rows.Scan. They read what either driver gives, without
// reflection, and leave NULL as the zero value; one set of them serves all rows of a query.

// pool keeps one copy of each text that many rows repeat.
type pool map[string]string

func (p pool) get(s string) string {
	if kept, ok := p[s]; ok {
		return kept
	}
	p[s] = s
	return s
}

// text reads a text; with a pool, the pool's copy of it.
type text struct {
	pool pool
	s    string
}

func (t *text) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		t.s = ""
	case string:
		t.s = v
		if t.pool != nil {
			t.s = t.pool.get(v)
		}
	case []byte:
		t.s = string(v)
	default:
		return unexpected("a text", src)
	}
	return nil
}

// integer reads a whole number.
type integer struct {
	n     int64
	valid bool
}

func (i *integer) Scan(src any) error {
	v, ok := src.(int64)
	if !ok && src != nil {
		return unexpected("an integer", src)
	}
	i.n, i.valid = v, ok
	return nil
}

// real reads a number; SQLite gives a whole one as an integer.
type real struct {
	f     float64
	valid bool
}

func (r *real) Scan(src any) error {
	r.valid = src != nil
	switch v := src.(type) {
	case nil:
		r.f = 0
	case float64:
		r.f = v
	case int64:
		r.f = float64(v)
	default:
		return unexpected("a number", src)
	}
	return nil
}

// boolean reads a truth value; SQLite gives 0 and 1.
type boolean struct{ b, valid bool }

func (b *boolean) Scan(src any) error {
	b.valid = src != nil
	switch v := src.(type) {
	case nil:
		b.b = false
	case bool:
		b.b = v
	case int64:
		b.b = v != 0
	default:
		return unexpected("a truth value", src)
	}
	return nil
}

// instant reads a time.
type instant struct {
	read func(any) (safety.Time, error)
	t    safety.Time
}

func (i *instant) Scan(src any) (err error) {
	if src == nil {
		i.t = 0
		return nil
	}
	i.t, err = i.read(src)
	return err
}

// shape reads a geometry.
type shape struct {
	decode func([]byte) (orb.Geometry, error)
	g      orb.Geometry
}

func (s *shape) Scan(src any) (err error) {
	switch v := src.(type) {
	case nil:
		s.g = nil
	case []byte:
		s.g, err = s.decode(v)
	default:
		err = unexpected("a geometry", src)
	}
	return err
}

// point returns the shape as a point, the zero point when it is none.
func (s *shape) point() orb.Point {
	p, _ := s.g.(orb.Point)
	return p
}

// present reads whether a value is there.
type present struct{ yes bool }

func (p *present) Scan(src any) error {
	p.yes = src != nil
	return nil
}

// placeID reads a place, NULL being NoPlace.
type placeID struct{ id safety.PlaceID }

func (p *placeID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		p.id = safety.NoPlace
	case int64:
		p.id = safety.PlaceID(v)
	default:
		return unexpected("a place", src)
	}
	return nil
}

func unexpected(want string, got any) error { return fmt.Errorf("want %s, got %T", want, got) }
