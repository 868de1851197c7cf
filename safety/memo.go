package safety

import "sync"

// memoSize bounds the answers a snapshot remembers of each kind: the levels of a few
// dashboards. Beyond it all are forgotten, which only costs time.
const memoSize = 16

// A memo remembers what was computed for a key. The zero memo is empty and ready. Each key is
// computed once, however many ask for it at the same time.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]func() V
}

func (m *memo[K, V]) get(key K, compute func() V) V {
	m.mu.Lock()
	f, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= memoSize {
			m.known = map[K]func() V{}
		}
		f = sync.OnceValue(compute)
		m.known[key] = f
	}
	m.mu.Unlock()
	return f()
}
