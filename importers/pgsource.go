package importers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"hazgrid/safety"
)

// Numbers of PostgreSQL's own types, which are the same in every database (catalog/pg_type.dat).
const (
	pgBytes     = 17
	pgTimestamp = 1184 // with time zone
)

// How long a server that does not answer is waited for, where the URL does not say; and for the last word.
const (
	pgConnectTimeout = 10 * time.Second
	pgGoodbye        = 5 * time.Second
)

// pgBatch is how many rows are asked for at a time; pgLook how many are looked at for the frame of a
// query that does not say it.
const (
	pgBatch = 500
	pgLook  = 100
)

// A pgReader yields the rows of a table or query, through a cursor in one read-only transaction, so both
// passes see the same.
type pgReader struct {
	src  *source
	ctx  context.Context
	conn *pgconn.PgConn
	sql  string

	kinds   []pgColumn
	formats []int16
	names   []string
	values  []string
	srid    int          // of the geometries; 0 when they say none
	held    [][][]byte   // rows that have been looked at, and not yielded yet
	used    bool         // the cursor has been read from by rows
	shapes  map[int]bool // type numbers of geometry and geography
}

// A pgColumn is what is made of a column.
type pgColumn int

const (
	pgText pgColumn = iota
	pgZoned
	pgShape
	pgUnread
)

// readPostGIS is the reader of PostgreSQL databases.
func readPostGIS(s *source) (table, error) {
	p := &pgReader{src: s, ctx: s.o.context()}
	if err := p.open(); err != nil {
		return table{}, errors.Join(p.explain(err), p.close())
	}
	return table{encoding: "utf-8", header: p.names, rows: p.rows(), again: true, close: p.close}, nil
}

func (p *pgReader) open() error {
	at, err := parsePGURL(p.src.path)
	if err != nil {
		return err
	}
	name, sql, err := at.what(p.src.o.Layer)
	if err != nil {
		return err
	}
	if err := p.connect(at.connect); err != nil {
		return err
	}
	if p.sql = sql; name != "" {
		if p.sql, err = p.selectAll(name); err != nil {
			return err
		}
	}
	if err := p.describe(); err != nil {
		return err
	}
	if err := p.declare(); err != nil {
		return err
	}
	return p.frame()
}

// connect begins a transaction that writes nothing and in which a query gives the same rows in the
// same order each time: no parallel workers, no scan that starts in the middle.
func (p *pgReader) connect(url string) error {
	config, err := pgconn.ParseConfig(url)
	if err != nil { // it may quote the URL
		return fmt.Errorf("%w: not the URL of a PostgreSQL database", safety.ErrInvalid)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = pgConnectTimeout
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["datestyle"] = "ISO"
	if p.conn, err = pgconn.ConnectConfig(p.ctx, config); err != nil {
		return err
	}
	p.conn.Frontend().SetMaxBodyLen(p.src.o.maxBytes() + 1<<20)
	const begin = `begin isolation level repeatable read read only; set local synchronize_seqscans = off;
		set local max_parallel_workers_per_gather = 0; set local cursor_tuple_fraction = 1`
	_, err = p.conn.Exec(p.ctx, begin).ReadAll()
	return err
}

// ask returns the first row of a query of our own, as text; nil when there is none.
func (p *pgReader) ask(sql string, args ...string) ([]string, error) {
	var values [][]byte
	for _, a := range args {
		values = append(values, []byte(a))
	}
	got := p.conn.ExecParams(p.ctx, sql, values, nil, nil, nil).Read()
	if got.Err != nil || len(got.Rows) == 0 {
		return nil, got.Err
	}
	var out []string
	for _, v := range got.Rows[0] {
		out = append(out, string(v))
	}
	return out, nil
}

// selectAll returns the query for a table or view. Its name is taken letter by letter, else as SQL takes it.
func (p *pgReader) selectAll(name string) (string, error) {
	schema, rest, ok := strings.Cut(name, ".")
	exact := identifier(name)
	if ok {
		exact = identifier(schema) + "." + identifier(rest)
	}
	for _, n := range []string{exact, name} {
		got, err := p.ask("select coalesce(to_regclass($1)::text, '')", n)
		if err == nil && len(got) == 1 && got[0] != "" {
			return "select * from " + got[0], nil
		}
		if err != nil && n == exact {
			return "", err
		}
	}
	return "", fmt.Errorf("%w: the database has no table %q that this user sees", safety.ErrInvalid, name)
}

// describe learns the columns. The protocol takes a single statement here.
func (p *pgReader) describe() error {
	d, err := p.conn.Prepare(p.ctx, "", p.sql, nil)
	switch {
	case err != nil:
		return err
	case len(d.ParamOIDs) > 0:
		return fmt.Errorf("%w: the query has parameters ($1)", safety.ErrInvalid)
	case len(d.Fields) == 0:
		return fmt.Errorf("%w: the query gives no columns; want a SELECT", safety.ErrInvalid)
	}
	if err := p.shapeTypes(); err != nil {
		return err
	}
	p.kinds, p.formats = make([]pgColumn, len(d.Fields)), make([]int16, len(d.Fields))
	shape := ""
	for i, f := range d.Fields {
		switch {
		case p.shapes[int(f.DataTypeOID)] && shape == "":
			shape, p.kinds[i], p.formats[i] = f.Name, pgShape, 1
			p.srid = sridOf(f.TypeModifier)
		case p.shapes[int(f.DataTypeOID)]:
			p.kinds[i], p.formats[i] = pgUnread, 1
			p.src.warn("ambiguous_column", fmt.Sprintf("geometry: column %q is used, %q is not", shape, f.Name))
		case f.DataTypeOID == pgBytes:
			p.kinds[i], p.formats[i] = pgUnread, 1
			p.src.warn("binary_column", fmt.Sprintf("column %q holds bytes: it is not read", clip(f.Name)))
		case f.DataTypeOID == pgTimestamp:
			p.kinds[i] = pgZoned
		}
		if p.kinds[i] == pgText || p.kinds[i] == pgZoned {
			p.names = append(p.names, f.Name)
		}
	}
	p.values = make([]string, len(p.names))
	return nil
}

// shapeTypes looks up the types geometry and geography, whose numbers differ from database to database.
func (p *pgReader) shapeTypes() error {
	p.shapes = map[int]bool{}
	got := p.conn.ExecParams(p.ctx, "select oid::int8 from pg_type where typname in ('geometry', 'geography')", nil, nil, nil, nil).Read()
	for _, r := range got.Rows {
		n, err := strconv.Atoi(string(r[0]))
		if err != nil {
			return err
		}
		p.shapes[n] = true
	}
	return got.Err
}

// sridOf takes the SRID from the modifier of a type such as geometry(Point, 4326): 21 bits from bit 8 on, the
// highest the sign (PostGIS, liblwgeom.h, TYPMOD_GET_SRID); 0 when there is none.
func sridOf(typmod int32) int {
	if typmod < 0 {
		return 0
	}
	return max(int(typmod&0x0fffff00)-int(typmod&0x10000000), 0) >> 8
}

// declare opens the cursor at the first row, once more when it has been read from.
func (p *pgReader) declare() error {
	return p.conn.ExecParams(p.ctx, "declare hazgrid_rows no scroll cursor for "+p.sql, nil, nil, nil, nil).Read().Err
}

// frame claims the frame of the geometries. Where the column does not say it, the first geometry does; the
// rows before it are held.
func (p *pgReader) frame() error {
	for p.srid == 0 && len(p.held) < pgLook {
		n, err := p.fetch(1, func(cells [][]byte) bool {
			row := make([][]byte, len(cells))
			for i, c := range cells {
				if c != nil {
					row[i] = append([]byte{}, c...)
				}
			}
			p.held = append(p.held, row)
			return true
		})
		if err != nil {
			return err
		}
		if n == 0 || p.lookAt(p.held[len(p.held)-1]) {
			break
		}
	}
	if p.srid == 0 {
		return nil
	}
	return p.claim()
}

// lookAt takes the SRID of a row's geometry; false when there is none in it.
func (p *pgReader) lookAt(cells [][]byte) bool {
	for i, k := range p.kinds {
		if k == pgShape && cells[i] != nil {
			p.srid = ewkbSRID(cells[i])
			return true
		}
	}
	return false
}

// claim tells what spatial_ref_sys says of the SRID.
func (p *pgReader) claim() error {
	if p.srid == 4326 {
		p.src.claim("EPSG:4326")
		return nil
	}
	where, err := p.ask("select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'postgis'")
	if err != nil || len(where) == 0 {
		return err
	}
	got, err := p.ask("select coalesce(auth_name, ''), coalesce(auth_srid, 0), coalesce(srtext, '') from "+
		identifier(where[0])+".spatial_ref_sys where srid = $1", strconv.Itoa(p.srid))
	if err == nil && len(got) != 3 {
		err = fmt.Errorf("%w: the geometries have SRID %d, which spatial_ref_sys does not describe", safety.ErrInvalid, p.srid)
	}
	if err != nil {
		return err
	}
	code, err := strconv.ParseInt(got[1], 10, 64)
	claimCRS(p.src, got[0], code, got[2])
	return err
}

// explain makes one line of what the driver and the server say, and gives a mistake in the query its kind.
func (p *pgReader) explain(err error) error {
	var said *pgconn.PgError
	var long *pgproto3.ExceededMaxBodyLenErr
	switch {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case errors.As(err, &long):
		return fmt.Errorf("%w: a row is longer than %d MB", safety.ErrInvalid, p.src.o.maxBytes()>>20)
	case errors.As(err, &said):
		kind := errors.New("the database refuses")
		if class := said.Code[:min(2, len(said.Code))]; class == "42" || class == "22" || class == "25" || class == "3F" {
			kind = safety.ErrInvalid
		}
		return fmt.Errorf("%w: %s", kind, oneLine(said.Error()+" "+said.Hint))
	case errors.Is(err, safety.ErrInvalid), errors.Is(err, ErrFrame):
		return err
	}
	return errors.New(oneLine(err.Error()))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// close ends the transaction and says goodbye.
func (p *pgReader) close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pgGoodbye)
	defer cancel()
	_ = p.conn.Close(ctx) // all that was wanted is read; the server rolls back what wrote nothing
	return nil
}
