package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// A load is HTTP/1.1 requests, written beforehand, that are asked again and again over kept connections. It looks at
// no more of an answer than where it ends, so that it takes little of the cores that it shares with the service.
type load struct {
	addr     string
	requests [][]byte // in the order in which they are asked; connections begin at different ones
	conns    int
	span     time.Duration
	status   int // that each answer must have
}

// A pace is what a load found.
type pace struct {
	rate     float64 // answers a second
	p50, p99 time.Duration
	bytes    float64 // of an answer, with its header
}

// run asks until the span is over.
func (l load) run(ctx context.Context) (pace, error) {
	type part struct {
		took  []time.Duration
		bytes int
		err   error
	}
	parts := make(chan part, l.conns)
	begun := time.Now()
	for c := range l.conns {
		go func() {
			var p part
			p.took, p.bytes, p.err = l.ask(ctx, c*len(l.requests)/l.conns, begun.Add(l.span))
			parts <- p
		}()
	}
	var all part
	for range l.conns {
		p := <-parts
		all.took, all.bytes, all.err = append(all.took, p.took...), all.bytes+p.bytes, errors.Join(all.err, p.err)
	}
	spent := time.Since(begun)
	if all.err != nil || len(all.took) == 0 {
		return pace{}, errors.Join(all.err, ctx.Err())
	}
	n := float64(len(all.took))
	return pace{n / spent.Seconds(), percentile(all.took, 0.5), percentile(all.took, 0.99), float64(all.bytes) / n}, nil
}

// ask asks over one connection.
func (l load) ask(ctx context.Context, first int, until time.Time) (took []time.Duration, size int, err error) {
	w, err := dial(ctx, l.addr)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = w.conn.Close() }() // everything was read
	for i, start := first, time.Now(); start.Before(until) && ctx.Err() == nil; i++ {
		request := l.requests[i%len(l.requests)]
		status, n, err := w.ask(request)
		if err == nil && status != l.status {
			err = fmt.Errorf("status %d, want %d", status, l.status)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", request[:bytes.IndexByte(request, '\r')], err)
		}
		now := time.Now()
		took, size, start = append(took, now.Sub(start)), size+n, now
	}
	return took, size, nil
}

// A wire is a connection to an HTTP service, used by one at a time.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	tag  string // entity tag of the last answer
}

func dial(ctx context.Context, addr string) (*wire, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// ask sends a request and passes over its answer, of so many bytes.
func (w *wire) ask(request []byte) (status, size int, err error) {
	if _, err := w.conn.Write(request); err != nil {
		return 0, 0, err
	}
	status, length, head, err := w.header()
	if err != nil || status == 204 || status == 304 {
		return status, head, err
	}
	if length < 0 {
		length, err = w.chunks()
	} else {
		length, err = w.in.Discard(length)
	}
	return status, head + length, err
}

// header reads the header of an answer: its status, the length of the body, -1 if that comes in chunks, and its own.
func (w *wire) header() (status, length, size int, err error) {
	line, err := w.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, 0, 0, fmt.Errorf("no answer: %w", err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, 0, err
	}
	length, size = -1, len(line)
	for {
		if line, err = w.in.ReadSlice('\n'); err != nil {
			return status, length, size, err
		}
		size += len(line)
		if len(line) <= 2 {
			return status, length, size, nil
		}
		if value, ok := valueOf(line, "content-length"); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return status, length, size, err
			}
		}
		if value, ok := valueOf(line, "etag"); ok && string(value) != w.tag {
			w.tag = string(value)
		}
	}
}

// valueOf returns the value of a line of a header if it has that name.
func valueOf(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}

// chunks passes over a body of chunks without trailers.
func (w *wire) chunks() (size int, err error) {
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return size, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return size, err
		}
		d, err := w.in.Discard(int(n) + 2) // and the end of the line
		if size += len(line) + d; err != nil || n == 0 {
			return size, err
		}
	}
}

// get writes a request for a path that accepts gzip; more are lines of its header.
func get(addr, path string, more ...string) []byte {
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n", path, addr)
	for _, line := range more {
		b = append(append(b, line...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}
