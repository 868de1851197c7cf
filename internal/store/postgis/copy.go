package postgis

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/paulmach/orb"
)

// What COPY … (FORMAT BINARY) begins with, flags and the length of an extension included, and ends with
// (PostgreSQL's manual, COPY, Binary Format).
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// appender returns what makes a row of COPY's binary form of a staged record of kind k: number, the
// fields, geom, digest and, where k is located, lon, lat and place. It trusts no value to have the type
// of its field: the server would read one number for another.
func appender(k safety.Kind) func(b []byte, r *merge.Staged) ([]byte, error) {
	fields, located := safety.Fields(k), merge.Located(k)
	columns := uint16(1 + len(fields) + 2)
	if located {
		columns += 3
	}
	return func(b []byte, r *merge.Staged) (_ []byte, err error) {
		b = binary.BigEndian.AppendUint16(b, columns)
		b = appendUint64(b, uint64(r.Number))
		for i := range fields {
			if b, err = appendField(b, &fields[i], r.Values[i]); err != nil {
				return nil, fmt.Errorf("record %d: %w", r.Number, err)
			}
		}
		if b, err = appendGeometry(b, r.Geometry); err != nil {
			return nil, fmt.Errorf("record %d: geometry: %w", r.Number, err)
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(r.Digest))), r.Digest[:]...)
		if located {
			b = appendPlace(b, r)
		}
		return b, nil
	}
}

// appendField appends a value of field f.
func appendField(b []byte, f *safety.Field, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return appendNull(b), nil
	case string:
		if f.Type == safety.Text {
			return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...), nil
		}
	case int64:
		if f.Type == safety.Integer {
			return appendUint64(b, uint64(v)), nil
		}
	case float64:
		if f.Type == safety.Real {
			return appendUint64(b, math.Float64bits(v)), nil
		}
	case bool:
		if f.Type == safety.Boolean {
			return appendBool(b, v), nil
		}
	case safety.Time:
		if f.Type == safety.Instant || f.Type == safety.Deadline {
			return appendTime(b, v), nil
		}
	}
	return nil, fmt.Errorf("field %s: a %T is no value of it: %w", f.Name, value, safety.ErrInvalid)
}

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

func appendUint64(b []byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), v)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 0, 0, 0, 1, 1)
	}
	return append(b, 0, 0, 0, 1, 0)
}

// appendTime appends a timestamptz: microseconds since the year 2000; null for the unset time.
func appendTime(b []byte, t safety.Time) []byte {
	if !t.IsSet() {
		return appendNull(b)
	}
	const day = 24 * time.Hour
	const from2000 = 730_119 * int64(day/time.Millisecond) // of year 1, where safety.Time begins
	return appendUint64(b, uint64((int64(t)-from2000)*1000))
}

func appendGeometry(b []byte, g orb.Geometry) ([]byte, error) {
	if g == nil {
		return appendNull(b), nil
	}
	shape, err := geo.EncodeEWKB(g)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(shape))), shape...), err
}

// appendPlace appends lon, lat and place of a located record.
func appendPlace(b []byte, r *merge.Staged) []byte {
	p, ok := r.Geometry.(orb.Point)
	if !ok {
		return appendNull(appendNull(appendNull(b)))
	}
	return appendUint64(appendUint64(appendUint64(b, math.Float64bits(p[0])), math.Float64bits(p[1])), uint64(r.Place))
}

// copyBinary fills a table with rows in COPY's binary form.
func copyBinary(ctx context.Context, c *sql.Conn, to merge.Target, next func() ([]byte, error)) error {
	columns := make([]string, len(to.Columns))
	for i, name := range to.Columns {
		columns[i] = pgx.Identifier{name}.Sanitize()
	}
	statement := "copy " + pgx.Identifier{to.Table}.Sanitize() + " (" + strings.Join(columns, ", ") + ") from stdin (format binary)"
	return c.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("want a pgx connection, got %T", driver)
		}
		rows := &copyReader{next: next, left: []byte(copyHeader)}
		_, err := conn.Conn().PgConn().CopyFrom(ctx, rows, statement)
		switch {
		case rows.broken != nil:
			return rows.broken // the server would make a text of it
		case err != nil && ctx.Err() != nil:
			return ctx.Err() // what the connection says is that it was closed
		}
		return err
	})
}

// A copyReader reads header, rows and trailer of a COPY.
type copyReader struct {
	next   func() ([]byte, error)
	left   []byte // not read yet
	ended  bool
	broken error // of next
}

// Read implements io.Reader.
func (r *copyReader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		var err error
		r.left, err = r.next()
		switch {
		case errors.Is(err, io.EOF):
			r.left, r.ended = []byte(copyTrailer), true
		case err != nil:
			r.broken = err
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
