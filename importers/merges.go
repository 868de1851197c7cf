package importers

import (
	"cmp"
	"fmt"
	"slices"

	"hazgrid/safety"
)

// Bounds of a sheet, which are those of Excel, and of its merged ranges.
const (
	maxSheetRows   = 1 << 20
	maxSheetCols   = 1 << 14
	maxMerges      = 4 << 20
	maxMergedWidth = 32 << 20 // columns of all ranges together
)

// A span is a merged range of cells: rows and columns from 1 and 0, both ends within.
type span struct {
	top, bottom int32
	left, right int16
}

// merges are the merged ranges of a sheet, by their top row.
type merges struct {
	spans []span
	width int
}

// add takes a range; one of a single cell says nothing. The error is a safety.ErrInvalid when there are too many.
func (m *merges) add(top, bottom, left, right int) error {
	if top < 1 || left < 0 || bottom > maxSheetRows || right >= maxSheetCols || bottom < top || right < left || bottom == top && right == left {
		return nil
	}
	m.width += right - left + 1
	if len(m.spans) >= maxMerges || m.width > maxMergedWidth {
		return fmt.Errorf("%w: too many merged ranges in the sheet", safety.ErrInvalid)
	}
	m.spans = append(m.spans, span{int32(top), int32(bottom), int16(left), int16(right)})
	return nil
}

func (m *merges) sort() {
	slices.SortStableFunc(m.spans, func(a, b span) int { return cmp.Compare(a.top, b.top) })
}

// A filler gives the cells of merged ranges the value of the range, row by row. Blank cells outside a range stay blank:
// a blank does not say that the row above is meant.
type filler struct {
	spans []span // not yet begun
	wide  bool   // fill all columns of a range, as a header wants it; else only its first
	over  []cover
}

// A cover is the range that lies over a column.
type cover struct {
	bottom int32
	value  string
}

func (m *merges) filler(wide bool) *filler { return &filler{spans: m.spans, wide: wide} }

// fill completes the cells of a row; rows must come in order. It returns the cells, which may have become more.
func (f *filler) fill(row int, cells []string) []string {
	for len(f.spans) > 0 && int(f.spans[0].top) <= row {
		s := f.spans[0]
		f.spans = f.spans[1:]
		if int(s.bottom) >= row {
			f.begin(s, row, cells)
		}
	}
	for col := range f.over {
		c := &f.over[col]
		if int(c.bottom) < row || c.value == "" {
			continue
		}
		for len(cells) <= col {
			cells = append(cells, "")
		}
		if cells[col] == "" {
			cells[col] = c.value
		}
	}
	return cells
}

// begin lays a range over its columns, where none lies yet.
func (f *filler) begin(s span, row int, cells []string) {
	value := ""
	if int(s.top) == row && int(s.left) < len(cells) {
		value = cells[s.left]
	}
	right := int(s.right)
	if !f.wide {
		right = int(s.left)
	}
	for len(f.over) <= right {
		f.over = append(f.over, cover{})
	}
	for col := int(s.left); col <= right; col++ {
		if int(f.over[col].bottom) < row {
			f.over[col] = cover{s.bottom, value}
		}
	}
}
