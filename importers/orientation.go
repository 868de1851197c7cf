package importers

import (
	"fmt"

	"github.com/paulmach/orb"
)

// orientationRows is how many rows from the start of a file decide whether its coordinates may be swapped.
const orientationRows = 1000

// oriented swaps the coordinates of a row that has latitude before longitude. That is sure for China, whose latitudes (3 to 54) and longitudes
// (73 to 136) have no number in common, when all of the file's first thousand places lie in China, as they are or swapped:
// the file decides, not the row. Each is counted in the warning "swapped".
func (m *mapper) oriented(r row, p orb.Point) orb.Point {
	back := turned(p)
	if !inChina(back) || m.conversion.Projected() || !m.isChina() {
		return p
	}
	m.warn("swapped", fmt.Sprintf("record %d: %s was read as latitude, longitude", r.number, place(p)))
	return back
}

// inChina reports a position, in degrees, in the box about China. Frames differ by less than it has room for.
func inChina(p orb.Point) bool { return p[0] >= 73 && p[0] <= 136 && p[1] >= 3 && p[1] <= 54 }

// isChina looks at the first rows of the file, once, when a row is found that may be swapped.
func (m *mapper) isChina() bool {
	if m.china == nil {
		yes := m.again != nil
		if yes {
			yes = m.allInChina()
		}
		m.china = &yes
	}
	return *m.china
}

func (m *mapper) allInChina() bool {
	found := newColumns(m.o.Kind, m.o.Map, func(string, string) {})
	n := 0
	for r, err := range m.again() {
		if n++; err != nil || n > orientationRows {
			break
		}
		if r.fault != nil || r.geometry != nil {
			continue
		}
		p, ok, f := position(r, found.find(r.names)[len(m.readers):])
		if f == nil && ok && p != (orb.Point{}) && !inChina(p) && !inChina(turned(p)) {
			return false
		}
	}
	return true
}
