package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// pages writes whole pages of the file inside the transaction that is open on a connection, through SQLite's own
// cache and log by its table sqlite_dbpage (https://sqlite.org/dbpage.html): they are there once it is committed, and
// not if it is not. New pages go to the end of the file. Until close, nothing else may write to the file there.
type pages struct {
	ctx          context.Context //nolint:containedctx // of the one write that the pages are of
	conn         *sql.Conn
	size, usable int
	count        uint32 // pages of the file
	roots        []uint32

	out  chan numbered
	free chan []byte
	done chan error
}

type numbered struct {
	number uint32
	data   []byte
}

// pending is the byte of the file that SQLite locks; its page is never used.
const pending = 1 << 30

// queue is how many pages may wait for SQLite.
const queue = 64

const writePage = `INSERT INTO sqlite_dbpage(pgno, data) VALUES (?, ?)`

func readPage(ctx context.Context, c *sql.Conn, number uint32) (data []byte, err error) {
	err = c.QueryRowContext(ctx, `SELECT data FROM sqlite_dbpage WHERE pgno = ?`, int64(number)).Scan(&data)
	return data, err
}

// newPages starts writing. The roots are pages of trees that have nothing in them.
func newPages(ctx context.Context, c *sql.Conn, roots []uint32) (*pages, error) {
	header, err := readPage(ctx, c, 1)
	if err != nil {
		return nil, err
	}
	p := &pages{
		ctx: ctx, conn: c, size: len(header), usable: len(header) - int(header[20]), count: binary.BigEndian.Uint32(header[28:]),
		roots: roots, out: make(chan numbered, queue), free: make(chan []byte, 2*queue), done: make(chan error, 1),
	}
	stmt, err := c.PrepareContext(ctx, writePage)
	if err != nil {
		return nil, err
	}
	go func() { p.done <- errors.Join(p.drain(stmt), stmt.Close()) }()
	return p, nil
}

// drain writes pages until there are no more; after an error it only takes them.
func (p *pages) drain(stmt *sql.Stmt) (err error) {
	through := context.WithoutCancel(p.ctx) // a context that can end costs more than a page
	for page := range p.out {
		if err == nil {
			err = p.ctx.Err()
		}
		if err == nil {
			_, err = stmt.ExecContext(through, int64(page.number), page.data)
		}
		select {
		case p.free <- page.data:
		default:
		}
	}
	return err
}

// next is the number of a new page.
func (p *pages) next() uint32 {
	if p.count++; int(p.count)-1 == pending/p.size {
		p.count++
	}
	return p.count
}

// blank is a page to write on; what was on it before must be overwritten.
func (p *pages) blank() []byte {
	select {
	case data := <-p.free:
		return data
	default:
		return make([]byte, p.size)
	}
}

// write takes data over.
func (p *pages) write(number uint32, data []byte) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	p.out <- numbered{number, data}
	return nil
}

// close ends the writing after err, which it returns, or completes it: SQLite learns how long the file is and forgets what it knew of the roots.
func (p *pages) close(err error) error {
	close(p.out)
	if err := errors.Join(err, <-p.done); err != nil {
		return err
	}
	header, err := readPage(p.ctx, p.conn, 1)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(header[28:], p.count)
	if _, err := p.conn.ExecContext(p.ctx, writePage, 1, header); err != nil {
		return err
	}
	return p.know()
}

// know makes SQLite read the roots and the length of the file again. It keeps both beside the pages, and reads them
// anew when a savepoint is rolled back. So the roots are written once more, as they are, and that is taken back.
func (p *pages) know() error {
	if _, err := p.conn.ExecContext(p.ctx, "SAVEPOINT hazgrid_pages"); err != nil {
		return err
	}
	for _, root := range p.roots {
		data, err := readPage(p.ctx, p.conn, root)
		if err == nil {
			_, err = p.conn.ExecContext(p.ctx, writePage, int64(root), data)
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", root, err)
		}
	}
	for _, statement := range []string{"ROLLBACK TO hazgrid_pages", "RELEASE hazgrid_pages"} {
		if _, err := p.conn.ExecContext(p.ctx, statement); err != nil {
			return err
		}
	}
	return p.check()
}

// check wants SQLite to find the file as long as it is.
func (p *pages) check() error {
	var count uint32
	if err := p.conn.QueryRowContext(p.ctx, "PRAGMA page_count").Scan(&count); err != nil {
		return err
	}
	if count != p.count {
		return fmt.Errorf("SQLite finds %d pages, not %d", count, p.count)
	}
	return nil
}
