package importers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"hazgrid/geo"
)

// rows may be ranged over again: the cursor is opened once more.
func (p *pgReader) rows() rows {
	return func(yield func(row, error) bool) {
		if err := p.each(yield); err != nil && !errors.Is(err, errStop) {
			yield(row{}, p.explain(err))
		}
	}
}

func (p *pgReader) each(yield func(row, error) bool) error {
	if p.used {
		if err := p.conn.ExecParams(p.ctx, "close hazgrid_rows", nil, nil, nil, nil).Read().Err; err != nil {
			return err
		}
		if err := p.declare(); err != nil {
			return err
		}
	}
	p.used = true
	number := int64(0)
	give := func(cells [][]byte) bool {
		number++
		return yield(p.row(number, cells), nil)
	}
	held := p.held
	p.held = nil
	for _, cells := range held {
		if !give(cells) {
			return errStop
		}
	}
	for {
		n, err := p.fetch(pgBatch, give)
		if n < pgBatch || err != nil {
			return err
		}
	}
}

// fetch reads the next rows and calls f for each until it says no, which is errStop; n is how many came. Cells are
// valid until f returns.
func (p *pgReader) fetch(most int, f func(cells [][]byte) bool) (n int, err error) {
	in := p.conn.ExecParams(p.ctx, "fetch forward "+strconv.Itoa(most)+" from hazgrid_rows", nil, nil, nil, p.formats)
	stopped := false
	for in.NextRow() {
		n++
		if !stopped && !f(in.Values()) {
			stopped = true
		}
	}
	if _, err = in.Close(); err == nil && stopped {
		err = errStop
	}
	return n, err
}

// row turns cells into a row.
func (p *pgReader) row(number int64, cells [][]byte) row {
	r := row{number: number, names: p.names, values: p.values}
	clear(p.values)
	next, size := 0, 0
	for i, k := range p.kinds {
		size += len(cells[i])
		switch k {
		case pgShape:
			if cells[i] != nil && r.fault == nil {
				p.shape(&r, cells[i])
			}
		case pgText, pgZoned:
			text := string(cells[i])
			if k == pgZoned {
				text = wholeZone(text)
			}
			if !utf8.ValidString(text) {
				r.fault = &fault{field: p.names[next], reason: "not UTF-8"}
			}
			p.values[next] = text
			next++
		}
	}
	p.src.told(size)
	return r
}

// shape gives a row its geometry.
func (p *pgReader) shape(r *row, b []byte) {
	g, srid, err := geo.ReadEWKB(b)
	switch {
	case err != nil:
		r.fault = &fault{geometryTarget, err.Error()}
	case srid != p.srid:
		r.fault = &fault{geometryTarget, fmt.Sprintf("its SRID is %d, that of the others %d", srid, p.srid)}
	default:
		r.geometry = g
	}
}

// wholeZone writes PostgreSQL's zone of hours alone (+08) with minutes, as RFC 3339 wants it.
func wholeZone(s string) string {
	if n := len(s); n > len("2006-01-02 15:04:05") && (s[n-3] == '+' || s[n-3] == '-') {
		return s + ":00"
	}
	return s
}

// ewkbSRID reads the SRID from the head of EWKB, 0 when there is none.
func ewkbSRID(b []byte) int {
	if len(b) < 9 {
		return 0
	}
	order := binary.ByteOrder(binary.BigEndian)
	if b[0] == 1 {
		order = binary.LittleEndian
	}
	if order.Uint32(b[1:])&0x20000000 == 0 {
		return 0
	}
	return int(order.Uint32(b[5:]))
}
