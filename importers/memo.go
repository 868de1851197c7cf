package importers

import "strings"

// Bounds of a memo: how many texts of up to how many bytes it holds, and how many are asked for before it is judged.
const (
	memoTexts = 4096
	memoBytes = 64
	memoTrial = 1024
)

// A memo remembers the values of the texts of one field: most fields have few different ones, days among them. A field of which half of
// the texts are new, such as an id, does without.
type memo struct {
	values     map[string]any
	asked, hit int
	off        bool
}

// find returns the value of a text that was kept.
func (m *memo) find(text string) (any, bool) {
	if m.off {
		return nil, false
	}
	m.asked++
	value, ok := m.values[text]
	if ok {
		m.hit++
	}
	if m.asked == memoTrial {
		m.off = 2*m.hit < m.asked
		m.asked, m.hit = 0, 0
	}
	return value, ok
}

// wants tells whether a text that was not found is worth keeping.
func (m *memo) wants(text string) bool {
	return !m.off && len(text) <= memoBytes && len(m.values) < memoTexts
}

// keep remembers the value of a text, which must not be part of a larger one.
func (m *memo) keep(text string, value any) {
	if m.values == nil {
		m.values = map[string]any{}
	}
	m.values[text] = value
}

// own is a copy of a text that keeps nothing else in memory.
func own(text string) string { return strings.Clone(text) }
