package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"

	"hazgrid/internal/store/merge"
)

// A filling is the writing of a ground into the file.
type filling struct {
	*ground
	version int32
	see     func(*merge.Laid) error
	pages   *pages
	cells   *sorter // boxes of the features along the Hilbert curve
	rows    int64   // that were written
	shapes  int     // of them with a geometry

	id, reference, grid, place int // columns, −1 for those that the kind has not
	moved                      []byte
}

func (f *filling) locateColumns() {
	at := func(name string) int { return slices.Index(f.plan.columns, name) }
	f.id, f.reference, f.grid, f.place = at("id"), at("enterprise"), at("grid"), at("place")
}

// lay writes the trees of rows and keys.
func (f *filling) lay() error {
	rows := &btree{pages: f.pages, root: f.plan.root, table: true}
	keys := inBackground(slices.Collect(maps.Values(f.sorted))...)
	defer keys()
	err := f.ground.rows.each(func(n int64, row []byte) error {
		if number := uint32(n); f.has(number) {
			return f.layRow(rows, number, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := rows.finish(); err != nil {
		return err
	}
	keys()
	sorted := inBackground(f.cells)
	defer sorted()
	for _, i := range f.plan.indexes {
		if err := f.layIndex(i); err != nil {
			return err
		}
	}
	sorted()
	return f.layFeatures()
}

func (f *filling) layRow(rows *btree, number uint32, row []byte) error {
	if err := columns(row, f.values); err != nil {
		return err
	}
	l := merge.Laid{Number: int64(number), ID: f.bytes(f.id), Reference: f.bytes(f.reference), Grid: f.bytes(f.grid)}
	if f.place >= 0 && !f.values[f.place].isNull() {
		l.Own, l.Located, l.Place = true, true, f.values[f.place].integer()
	}
	if err := f.see(&l); err != nil {
		return err
	}
	if l.Refused {
		f.refuse(int64(number))
		return nil
	}
	shape := f.bytes(1)
	if !l.Own && l.Geom != nil {
		row, shape = f.follow(row, l), l.Geom
	}
	f.patch(row, f.version)
	f.rows++
	if b, ok := envelope(shape); ok {
		f.shapes++
		if err := f.cells.add(hilbertCell(b), number); err != nil {
			return err
		}
	}
	return rows.row(int64(number), row)
}

// bytes is the value of a column, nil for NULL and where there is no such column.
func (f *filling) bytes(column int) []byte {
	if column < 0 || f.values[column].isNull() {
		return nil
	}
	return f.values[column].bytes
}

// follow returns a row with the location of what its record refers to.
func (f *filling) follow(row []byte, l merge.Laid) []byte {
	types, values, _ := split(row) // columns has read it
	w := &f.recorder
	w.reset()
	w.null()
	w.blob(l.Geom)
	w.types = append(w.types, types[2:]...)
	if !l.Located {
		w.values = append(w.values, values...)
	} else {
		rest := len(values) - f.plan.place + 8 // the place takes no room yet
		w.types[len(w.types)-f.plan.after-1] = serialInt64
		w.values = append(w.values, values[:rest]...)
		w.values = binary.BigEndian.AppendUint64(w.values, uint64(l.Place))
		w.values = append(w.values, values[rest:]...)
	}
	f.moved = w.appendTo(f.moved[:0])
	return f.moved
}

// layIndex writes the keys of an index: division, one value, and the number of the row.
func (f *filling) layIndex(i groundIndex) error {
	t := &btree{pages: f.pages, root: i.root}
	var w recorder
	var key []byte
	put := func(value func(), number uint32) error {
		if !f.has(number) {
			return nil
		}
		w.reset()
		w.text(f.division)
		value()
		w.integer(int64(number))
		key = w.appendTo(key[:0])
		return t.key(key)
	}
	var err error
	if i.column == "version" {
		err = f.numbers(func(number uint32) error { return put(func() { w.integer(int64(f.version)) }, number) })
	} else {
		err = f.sorted[i.column].each(func(text []byte, number uint32) error {
			return put(func() {
				if len(text) == 0 {
					w.null()
				} else {
					w.types = appendVarint(w.types, serialText+2*uint64(len(text)))
					w.values = append(w.values, text...)
				}
			}, number)
		})
	}
	if err != nil {
		return err
	}
	return t.finish()
}

// layFeatures writes which leaf of the R-tree each feature is in.
func (f *filling) layFeatures() error {
	homes, leaves := make([]uint32, int(f.last)+1), newLeafing(f.shapes)
	err := f.cells.each(func(_ []byte, number uint32) error {
		home, _ := leaves.next()
		homes[number] = uint32(home)
		return nil
	})
	if err != nil {
		return err
	}
	t := &btree{pages: f.pages, root: f.plan.rowid, table: true}
	var w recorder
	var row []byte
	for number, home := range homes {
		if home == 0 {
			continue
		}
		w.reset()
		w.null()
		w.integer(int64(home))
		row = w.appendTo(row[:0])
		if err := t.row(int64(number), row); err != nil {
			return err
		}
	}
	return t.finish()
}

// nodes writes the R-tree's nodes.
func (f *filling) nodes(ctx context.Context, c *sql.Conn) error {
	return buildNodes(ctx, c, string(f.plan.kind), &treeBuilder{leafing: newLeafing(f.shapes), features: func(yield func(int64, []byte) error) error {
		return f.cells.each(func(cell []byte, number uint32) error { return yield(int64(number), cell[keySize:]) })
	}})
}
