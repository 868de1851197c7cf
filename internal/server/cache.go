package server

import (
	"container/list"
	"sync"
)

// A cache keeps what was made, up to a number of bytes, and forgets first what was not asked
// for the longest. Each key is made once however many ask at the same time.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	limit int
	used  int
	size  func(V) int
	known map[K]*list.Element
	order *list.List // of *entry[K, V], the latest asked for in front
}

type entry[K comparable, V any] struct {
	key  K
	size int
	make func() (V, error)
}

func newCache[K comparable, V any](limit int, size func(V) int) *cache[K, V] {
	return &cache[K, V]{limit: limit, size: size, known: map[K]*list.Element{}, order: list.New()}
}

// get returns the value of key, made by build if it is not there. Errors are not kept.
func (c *cache[K, V]) get(key K, build func() (V, error)) (V, error) {
	c.mu.Lock()
	e, ok := c.known[key]
	if ok {
		c.order.MoveToFront(e)
	} else {
		e = c.order.PushFront(&entry[K, V]{key: key})
		c.known[key] = e
		e.Value.(*entry[K, V]).make = sync.OnceValues(func() (V, error) { return c.fill(e, build) })
	}
	c.mu.Unlock()
	return e.Value.(*entry[K, V]).make()
}

// fill makes a value and takes account of its size.
func (c *cache[K, V]) fill(e *list.Element, build func() (V, error)) (v V, err error) {
	built := false
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !built || err != nil { // or it panicked: the next who asks tries anew
			c.drop(e)
			return
		}
		c.grow(e, c.size(v))
	}()
	v, err = build()
	built = true
	return v, err
}

// grown takes account of a value that has come to hold n bytes more.
func (c *cache[K, V]) grown(key K, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.known[key]; ok {
		c.grow(e, n)
	}
}

// have returns the value of a key that is known, and counts as asking for it.
func (c *cache[K, V]) have(key K) (v V, ok bool) {
	c.mu.Lock()
	e, ok := c.known[key]
	if ok {
		c.order.MoveToFront(e)
	}
	c.mu.Unlock()
	if !ok {
		return v, false
	}
	v, err := e.Value.(*entry[K, V]).make()
	return v, err == nil
}

// peek returns the value of a key that is known, without counting as asking for it.
func (c *cache[K, V]) peek(key K) (v V, ok bool) {
	c.mu.Lock()
	e, ok := c.known[key]
	c.mu.Unlock()
	if !ok {
		return v, false
	}
	v, err := e.Value.(*entry[K, V]).make()
	return v, err == nil
}

// forget drops the keys for which gone holds.
func (c *cache[K, V]) forget(gone func(K) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.known {
		if gone(key) {
			c.drop(e)
		}
	}
}

// keys returns what is known, the latest asked for first.
func (c *cache[K, V]) keys() []K {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]K, 0, c.order.Len())
	for e := c.order.Front(); e != nil; e = e.Next() {
		keys = append(keys, e.Value.(*entry[K, V]).key)
	}
	return keys
}

// grow adds n bytes to an entry and drops the oldest others beyond the limit. The lock is held.
func (c *cache[K, V]) grow(e *list.Element, n int) {
	in := e.Value.(*entry[K, V])
	if c.known[in.key] != e {
		return // dropped meanwhile
	}
	in.size += n
	c.used += n
	for c.used > c.limit && c.order.Len() > 1 && c.order.Back() != e {
		c.drop(c.order.Back())
	}
}

func (c *cache[K, V]) drop(e *list.Element) {
	in := e.Value.(*entry[K, V])
	if c.known[in.key] != e {
		return
	}
	c.used -= in.size
	delete(c.known, in.key)
	c.order.Remove(e)
}
