package merge

import (
	"context"
	"io"
	"runtime"
	"sync"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Records are built in chunks of so many, fewer where they are large, of which a few are on their way:
// memory does not grow with the batch.
const (
	chunkRecords = 256
	chunkBytes   = 256 << 10
	chunksAhead  = 8
	maxBuilders  = 4
)

// A chunk is some records of a batch on their way into the staging table. It is used again and again.
type chunk struct {
	records []safety.Record
	size    int      // about the bytes of the records
	hashes  []uint64 // of their keys
	bytes   []byte   // what Dialect.Append made of them
	err     error    // that ends the batch here
	built   chan struct{}
}

// A stream stages a batch on several cores: the records are read on the caller's goroutine, built
// on others, and sent by one more, in the order in which they were read.
type stream struct {
	staging           *staging
	free, work, order chan *chunk
	sent              chan struct{} // closed when sending has ended
	last              *chunk        // the one whose bytes are being sent
}

// stream reads the batch into the staging table.
func (s *staging) stream(ctx context.Context, to Target) error {
	t := &stream{staging: s, sent: make(chan struct{})}
	t.free, t.work, t.order = make(chan *chunk, chunksAhead), make(chan *chunk, chunksAhead), make(chan *chunk, chunksAhead)
	for range chunksAhead {
		t.free <- &chunk{built: make(chan struct{}, 1)}
	}
	var builders []*builder
	var building sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxBuilders) {
		b := s.newBuilder()
		builders = append(builders, b)
		building.Go(func() { t.build(b) })
	}
	var err error
	go func() {
		defer close(t.sent)
		err = s.engine.dialect.Copy(ctx, s.conn, to, t.next)
	}()
	func() {
		defer building.Wait() // also when reading panics: the connection is free again only then
		defer func() { <-t.sent }()
		t.read(ctx)
	}()
	for _, b := range builders {
		s.facts.add(b.facts)
	}
	return err
}

// read cuts the records of the batch into chunks.
func (t *stream) read(ctx context.Context) {
	defer close(t.order)
	defer close(t.work)
	c := t.empty()
	for r, err := range t.staging.batch.Records {
		if err == nil {
			err = ctx.Err()
		}
		if c.err = err; err != nil {
			break
		}
		if c.add(r); len(c.records) < chunkRecords && c.size < chunkBytes {
			continue
		}
		t.push(c)
		if c = t.empty(); c == nil {
			return
		}
	}
	t.push(c)
}

func (c *chunk) add(r safety.Record) {
	c.records = append(c.records, r)
	for _, v := range r.Values {
		if text, ok := v.(string); ok {
			c.size += len(text)
		}
	}
	if lines, ok := r.Geometry.(orb.MultiLineString); ok {
		for _, l := range lines {
			c.size += len(l) * 16
		}
	}
}

// reset makes c empty and lets go of its records, which may be large.
func (c *chunk) reset() {
	clear(c.records)
	c.records, c.size, c.hashes, c.bytes = c.records[:0], 0, c.hashes[:0], c.bytes[:0]
}

// empty returns a chunk to fill, nil when nothing is sent any more.
func (t *stream) empty() *chunk {
	select {
	case c := <-t.free:
		return c
	case <-t.sent:
		return nil
	}
}

// push never waits: there is room for all chunks there are.
func (t *stream) push(c *chunk) {
	t.order <- c
	t.work <- c
}

// build makes bytes of the chunks that it gets hold of.
func (t *stream) build(b *builder) {
	form := t.staging.engine.dialect.Append(b.kind)
	for c := range t.work {
		for _, r := range c.records {
			staged, hash, err := b.build(r)
			if err == nil {
				c.bytes, err = form(c.bytes, &staged)
			}
			if err != nil {
				c.err = err
				break
			}
			c.hashes = append(c.hashes, hash)
		}
		c.built <- struct{}{}
	}
}

// next returns the bytes of the next chunk, io.EOF after the last.
func (t *stream) next() ([]byte, error) {
	if c := t.last; c != nil {
		c.reset()
		t.last = nil
		t.free <- c
	}
	c, ok := <-t.order
	if !ok {
		return nil, io.EOF
	}
	<-c.built
	if c.err != nil {
		return nil, c.err
	}
	for _, hash := range c.hashes {
		t.staging.keys.add(hash)
	}
	t.last = c
	return c.bytes, nil
}
