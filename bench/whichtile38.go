package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
)

// withTile38 runs a Tile38 server and loads the cells, when its program is on PATH.
func (b *bench) withTile38(ctx context.Context, cells []orb.MultiPolygon) ([]system, func() error, error) {
	nothing := func() error { return nil }
	program, err := exec.LookPath("tile38-server")
	if err != nil {
		return []system{{name: "Tile38: absent, no tile38-server on PATH"}}, nothing, nil
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, nothing, err
	}
	_, port, _ := net.SplitHostPort(addr) // ours
	b.made++
	cmd := exec.CommandContext(ctx, program, "-q", "-h", "127.0.0.1", "-p", port, "-d", filepath.Join(b.dir, fmt.Sprintf("tile38-%d", b.made)))
	if err := cmd.Start(); err != nil {
		return nil, nothing, err
	}
	end := func() error { _ = cmd.Process.Kill(); _ = cmd.Wait(); return nil } // its data are thrown away
	t, err := dialTile38(ctx, addr)
	if err != nil {
		return nil, end, err
	}
	stop := func() error { return errors.Join(t.conn.Close(), end()) }
	if err := t.load(cells); err != nil {
		return nil, stop, err
	}
	return []system{
		{name: "Tile38, single INTERSECTS", answer: t.asker(1), server: true, limit: 2000},
		{name: "Tile38, 500 pipelined", answer: t.asker(500), server: true, limit: 20_000},
	}, stop, nil
}

// A tile38 speaks the Redis protocol with a server.
type tile38 struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
}

// dialTile38 waits for the server.
func dialTile38(ctx context.Context, addr string) (*tile38, error) {
	var d net.Dialer
	for range 500 {
		if conn, err := d.DialContext(ctx, "tcp", addr); err == nil {
			return &tile38{conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("tile38-server did not start")
}

// say sends a command; it stays in the buffer until flushed.
func (t *tile38) say(words ...string) {
	fmt.Fprintf(t.out, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(t.out, "$%d\r\n%s\r\n", len(w), w)
	}
}

// hear reads one reply; the words of a nested one follow each other.
func (t *tile38) hear() (words []string, err error) {
	line, err := t.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '+', ':':
		return []string{rest}, nil
	case '-':
		return nil, errors.New(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return nil, err
		}
		text := make([]byte, n+2)
		_, err = io.ReadFull(t.in, text)
		return []string{string(text[:n])}, err
	case '*':
		n, err := strconv.Atoi(rest)
		for i := 0; i < n && err == nil; i++ {
			var more []string
			more, err = t.hear()
			words = append(words, more...)
		}
		return words, err
	}
	return nil, fmt.Errorf("unknown reply %q", line)
}

func (t *tile38) load(cells []orb.MultiPolygon) error {
	for i, cell := range cells {
		var shape orb.Geometry = cell
		if len(cell) == 1 {
			shape = cell[0]
		}
		text, err := geojson.NewGeometry(shape).MarshalJSON()
		if err != nil {
			return err
		}
		t.say("SET", "cells", strconv.Itoa(i), "OBJECT", string(text))
		if err := t.out.Flush(); err != nil {
			return err
		}
		if _, err := t.hear(); err != nil {
			return err
		}
	}
	return nil
}

// asker sends so many questions before it reads their answers.
func (t *tile38) asker(together int) func([]orb.Point, []int32) error {
	return func(points []orb.Point, faces []int32) error {
		for first := 0; first < len(points); first += together {
			last := min(first+together, len(points))
			for _, p := range points[first:last] {
				t.say("INTERSECTS", "cells", "LIMIT", "1", "IDS", "OBJECT", fmt.Sprintf(`{"type":"Point","coordinates":[%v,%v]}`, p[0], p[1]))
			}
			if err := t.out.Flush(); err != nil {
				return err
			}
			for i := first; i < last; i++ {
				words, err := t.hear() // a cursor, then ids
				if err != nil {
					return err
				}
				if faces[i] = -1; len(words) > 1 {
					face, err := strconv.ParseInt(words[1], 10, 32)
					if err != nil {
						return err
					}
					faces[i] = int32(face)
				}
			}
		}
		return nil
	}
}
