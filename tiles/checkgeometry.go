package tiles

import (
	"errors"
	"fmt"
	"math"
)

// A pen follows the commands of a geometry (MVT 2.1, section 4.3).
type pen struct {
	rest []byte
	x, y float64 // where it is; whole numbers, so exact
}

// number reads an integer of the geometry: 32 bits.
func (p *pen) number() (uint32, error) {
	v, rest, err := varint(p.rest)
	if err == nil && v > math.MaxUint32 {
		err = errors.New("a number of the geometry has over 32 bits")
	}
	p.rest = rest
	return uint32(v), err
}

// command reads a command that has to be the one wanted, and how often it is repeated, at least so often.
func (p *pen) command(want, least uint32) (count uint32, err error) {
	v, err := p.number()
	if err != nil {
		return 0, err
	}
	if v&7 != want || v>>3 < least {
		return 0, fmt.Errorf("command %d, %d times: want command %d, at least %d times", v&7, v>>3, want, least)
	}
	return v >> 3, nil
}

// once reads a command that has to be there once.
func (p *pen) once(want uint32) error {
	count, err := p.command(want, 1)
	if err == nil && count != 1 {
		err = fmt.Errorf("command %d, %d times: want it once", want, count)
	}
	return err
}

// step reads two parameters and moves by them.
func (p *pen) step() (dx, dy float64, err error) {
	x, err := p.number()
	if err != nil {
		return 0, 0, err
	}
	y, err := p.number()
	dx, dy = unzigzag(x), unzigzag(y)
	p.x, p.y = p.x+dx, p.y+dy
	return dx, dy, err
}

func unzigzag(v uint32) float64 { return float64(int32(v>>1) ^ -int32(v&1)) }

// checkGeometry checks the commands of a feature of a type. Before version 2 rings might turn either way.
func checkGeometry(geometry []byte, kind, version uint64) error {
	p := &pen{rest: geometry}
	switch kind {
	case 0: // UNKNOWN: for experiments
		return nil
	case uint64(pointType):
		return p.points()
	case uint64(lineType):
		return p.each(func(int) error { return p.path(1, func(_, _ float64) {}) })
	case uint64(polygonType):
		return p.each(func(n int) error { return p.ring(n == 0, version) })
	}
	return fmt.Errorf("there is no type of geometry %d", kind)
}

func (p *pen) points() error {
	count, err := p.command(moveTo, 1)
	for ; count > 0 && err == nil; count-- {
		_, _, err = p.step()
	}
	if err == nil && len(p.rest) > 0 {
		err = errors.New("there is more after the points")
	}
	return err
}

// each reads parts until there is nothing more; there has to be one.
func (p *pen) each(part func(n int) error) error {
	for n := 0; n == 0 || len(p.rest) > 0; n++ {
		if err := part(n); err != nil {
			return err
		}
	}
	return nil
}

// path reads a line of at least so many steps, none of which stays where it is.
func (p *pen) path(least uint32, visit func(x, y float64)) error {
	if err := p.once(moveTo); err != nil {
		return err
	}
	if _, _, err := p.step(); err != nil {
		return err
	}
	visit(p.x, p.y)
	count, err := p.command(lineTo, least)
	if err != nil {
		return err
	}
	for ; count > 0; count-- {
		dx, dy, err := p.step()
		if err != nil {
			return err
		}
		if dx == 0 && dy == 0 {
			return errors.New("a line goes on where it is")
		}
		visit(p.x, p.y)
	}
	return nil
}

// ring reads a ring; the first is not a hole.
func (p *pen) ring(first bool, version uint64) error {
	var start, last [2]float64
	var n int
	var area float64 // twice, of the triangles with the first corner
	err := p.path(2, func(x, y float64) {
		if n == 0 {
			start = [2]float64{x, y}
		}
		area += (last[0]-start[0])*(y-start[1]) - (x-start[0])*(last[1]-start[1])
		last = [2]float64{x, y}
		n++
	})
	if err != nil {
		return err
	}
	if err := p.once(closePath); err != nil {
		return err
	}
	switch {
	case last == start:
		return errors.New("a ring ends where it starts before it is closed")
	case area == 0:
		return errors.New("a ring has no area")
	case first && area < 0 && version >= 2:
		return errors.New("the first ring is a hole")
	}
	return nil
}
