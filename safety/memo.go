package safety

import "sync"

// memoSize bounds the answers a snapshot remembers of each kind: the levels of a few
// dashboards. Beyond it all are forgotten, which only costs time.
const memoSize = 16

// memoWeight bounds those that are heavy: places on the map, of about 200 bytes each, twice that when gathered.
const memoWeight = 4_000_000

// A memo remembers what was computed for a key. The zero memo is empty and ready. Each key is
// computed once, however many ask for it at the same time.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]func() V
	used  int // weight of what is known
}

func (m *memo[K, V]) get(key K, compute func() V) V {
	return m.weighed(key, compute, func(V) int { return 0 })
}

// weighed is get for heavy values: where they come to more than memoWeight, all but the newest are forgotten.
func (m *memo[K, V]) weighed(key K, compute func() V, weight func(V) int) V {
	m.mu.Lock()
	f, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= memoSize {
			m.known, m.used = map[K]func() V{}, 0
		}
		f = sync.OnceValue(func() V {
			v := compute()
			m.weigh(key, weight(v))
			return v
		})
		m.known[key] = f
	}
	m.mu.Unlock()
	return f()
}

func (m *memo[K, V]) weigh(key K, weight int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used += weight; m.used <= memoWeight {
		return
	}
	newest, ok := m.known[key]
	m.known, m.used = map[K]func() V{}, 0
	if ok {
		m.known[key], m.used = newest, weight
	}
}
