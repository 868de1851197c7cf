package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
)

// deafened returns the URL of a database behind a proxy that drops every notification (message A of PostgreSQL's
// protocol) on its way from the server, so that each wake-up is lost. It ends with stop.
func deafened(ctx context.Context, database string) (through string, stop func() error, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", nil, err
	}
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // stopped
			}
			go relay(ctx, client, socket)
		}
	}()
	return u.String(), l.Close, nil
}

// relay carries one connection; it ends when either side does.
func relay(ctx context.Context, client net.Conn, socket string) {
	var d net.Dialer
	database, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		_ = client.Close()
		return
	}
	go func() {
		_, _ = io.Copy(database, client)
		_ = database.Close()
	}()
	_ = deafen(client, database)
	_ = errors.Join(client.Close(), database.Close())
}

// deafen carries messages of the server but for notifications: a letter, a length that counts itself, the rest.
func deafen(client io.Writer, database io.Reader) error {
	var head [5]byte
	for {
		if _, err := io.ReadFull(database, head[:]); err != nil {
			return err
		}
		body := int64(binary.BigEndian.Uint32(head[1:])) - 4
		to := client
		if head[0] == 'A' {
			to = io.Discard
		} else if _, err := to.Write(head[:]); err != nil {
			return err
		}
		if _, err := io.CopyN(to, database, body); err != nil {
			return err
		}
	}
}
