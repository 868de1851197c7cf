package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"math"

	"github.com/paulmach/orb"
)

// The R-tree of SQLite is three ordinary tables: _node (number, cells), _rowid (feature, leaf)
// and _parent (node, parent). Written bottom-up in Hilbert order they take a twentieth of the
// time of as many inserts. Format: https://sqlite.org/rtree.html and ext/rtree/rtree.c.
const (
	fanout   = 51 // RTREE_MAXCELLS
	cellSize = 24 // id (8 bytes), then minx, maxx, miny, maxy (float32), all big-endian
	nodeSize = 4 + fanout*cellSize
	keySize  = 8 // of the Hilbert key in front of the coordinates of a hilbertCell
)

// hilbertCell returns the key of the middle of b on the Hilbert curve over the whole earth, and
// then its coordinates as a cell has them: rounded outwards to float32, so that nothing at the
// edge of a query is lost.
func hilbertCell(b orb.Bound) []byte {
	x := uint32((clamp((b.Min[0]+b.Max[0])/2, 180) + 180) / 360 * math.MaxUint32)
	y := uint32((clamp((b.Min[1]+b.Max[1])/2, 90) + 90) / 180 * math.MaxUint32)
	cell := binary.BigEndian.AppendUint64(make([]byte, 0, keySize+16), hilbert(x, y))
	for _, f := range [...]float32{below(b.Min[0]), above(b.Max[0]), below(b.Min[1]), above(b.Max[1])} {
		cell = binary.BigEndian.AppendUint32(cell, math.Float32bits(f))
	}
	return cell
}

func clamp(v, limit float64) float64 { return max(-limit, min(limit, v)) }

// below returns the largest float32 not above v.
func below(v float64) float32 {
	f := float32(v)
	if float64(f) > v {
		f = math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// above returns the smallest float32 not below v.
func above(v float64) float32 { return -below(-v) }

// hilbert returns the distance of (x, y) along the Hilbert curve of order 32
// (en.wikipedia.org/wiki/Hilbert_curve, xy2d).
func hilbert(x, y uint32) uint64 {
	var d uint64
	for s := uint32(1) << 31; s > 0; s >>= 1 {
		var rx, ry uint32
		if x&s != 0 {
			rx = 1
		}
		if y&s != 0 {
			ry = 1
		}
		d = d<<2 | uint64(3*rx^ry)
		if ry == 0 {
			if rx == 1 {
				x, y = ^x, ^y
			}
			x, y = y, x
		}
	}
	return d
}

// A treeBuilder writes the nodes of one R-tree, level by level.
type treeBuilder struct {
	features            source
	leafing             leafing
	node, rowid, parent *inserter // rowid is nil where the features' leaves are written otherwise
	next                int64     // number of the next node; 1 is the root
}

// A source yields features in the order in which they are to lie in leaves: fid and coordinates as a cell has them.
type source func(yield func(fid int64, box []byte) error) error

// buildTree fills the R-tree of layer from its table. It throws away what the index held.
// Memory: one cell for every 51 features.
func buildTree(ctx context.Context, c *sql.Conn, layer string) error {
	var n int
	if err := c.QueryRowContext(ctx, `SELECT count(geom) FROM "`+layer+`"`).Scan(&n); err != nil {
		return err
	}
	tree := "rtree_" + layer + "_geom"
	if _, err := c.ExecContext(ctx, `DELETE FROM "`+tree+`_rowid"`); err != nil {
		return err
	}
	rowid := &inserter{table: tree + "_rowid", columns: 2}
	defer rowid.close()
	return buildNodes(ctx, c, layer, &treeBuilder{rowid: rowid, leafing: newLeafing(n), features: features(ctx, c, layer)})
}

// buildNodes writes the nodes over b's features.
func buildNodes(ctx context.Context, c *sql.Conn, layer string, b *treeBuilder) error {
	tree := "rtree_" + layer + "_geom"
	for _, part := range []string{"_node", "_parent"} {
		if _, err := c.ExecContext(ctx, `DELETE FROM "`+tree+part+`"`); err != nil {
			return err
		}
	}
	b.node, b.parent = &inserter{table: tree + "_node", columns: 2}, &inserter{table: tree + "_parent", columns: 2}
	err := b.build(ctx, c)
	for _, i := range []*inserter{b.node, b.rowid, b.parent} {
		if i == nil {
			continue
		}
		if err == nil {
			err = i.flush(ctx, c)
		}
		i.close()
	}
	return err
}

func (b *treeBuilder) build(ctx context.Context, c *sql.Conn) error {
	cells, depth, err := b.leaves(ctx, c)
	if err != nil {
		return err
	}
	for len(cells) > cellSize*fanout {
		if cells, err = b.level(ctx, c, cells); err != nil {
			return err
		}
		depth++
	}
	if depth > 0 { // the cells are of nodes, whose parent is the root
		for at := 0; at < len(cells); at += cellSize {
			if err := b.parent.add(ctx, c, int64(binary.BigEndian.Uint64(cells[at:])), int64(1)); err != nil {
				return err
			}
		}
	}
	return b.node.add(ctx, c, int64(1), node(depth, cells))
}

// features yields those of a layer; empty geometries are none.
func features(ctx context.Context, c *sql.Conn, layer string) source {
	return func(yield func(int64, []byte) error) error {
		rows, err := c.QueryContext(ctx, `SELECT fid, hazgrid_cell(geom) AS cell FROM "`+layer+`" WHERE geom IS NOT NULL ORDER BY cell DESC, fid`)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // Err says it
		var fid int64
		var cell sql.RawBytes
		for rows.Next() {
			if err := rows.Scan(&fid, &cell); err != nil {
				return err
			}
			if cell == nil { // an empty geometry; these come last
				break
			}
			if err := yield(fid, cell[keySize:]); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// A leafing says in which leaf each of n features in turn lies. Each leaf is as full as the next. Where one is enough, it is the root.
type leafing struct{ n, leaves, at, leaf int }

func newLeafing(n int) leafing { return leafing{n: n, leaves: max(1, (n+fanout-1)/fanout)} }

func (l *leafing) single() bool { return l.n <= fanout }

// next returns the number of the leaf of the next feature, and whether it is the last there.
func (l *leafing) next() (home int64, full bool) {
	home = int64(l.leaf + 2)
	if l.single() {
		home = 1
	}
	l.at++
	if full = l.at == (l.leaf+1)*l.n/l.leaves; full {
		l.leaf++
	}
	return home, full
}

// leaves writes the features as leaves and returns the cells that point to them; or, depth 0, the cells of a root that is the only leaf.
func (b *treeBuilder) leaves(ctx context.Context, c *sql.Conn) (cells []byte, depth int, err error) {
	leaf, single, last := make([]byte, 0, cellSize*fanout), b.leafing.single(), int64(0)
	write := func() error {
		cells = appendCover(cells, last, leaf)
		err := b.node.add(ctx, c, last, node(0, leaf))
		leaf = leaf[:0]
		return err
	}
	err = b.features(func(fid int64, box []byte) error {
		home, full := b.leafing.next()
		leaf = append(binary.BigEndian.AppendUint64(leaf, uint64(fid)), box...)
		last = home
		if b.rowid != nil {
			if err := b.rowid.add(ctx, c, fid, home); err != nil {
				return err
			}
		}
		if full && !single {
			return write()
		}
		return nil
	})
	if err == nil && !single && len(leaf) > 0 { // there were empty geometries
		err = write()
	}
	b.next = last + 1
	if single || len(cells) == 0 { // few, or all were empty: a root without cells is a leaf
		return leaf, 0, err
	}
	return cells, 1, err
}

// level writes nodes over cells and returns the cells that point to those nodes.
func (b *treeBuilder) level(ctx context.Context, c *sql.Conn, cells []byte) (up []byte, err error) {
	n := len(cells) / cellSize
	nodes := (n + fanout - 1) / fanout
	for i := range nodes {
		part := cells[i*n/nodes*cellSize : (i+1)*n/nodes*cellSize]
		for at := 0; at < len(part); at += cellSize {
			if err := b.parent.add(ctx, c, int64(binary.BigEndian.Uint64(part[at:])), b.next); err != nil {
				return nil, err
			}
		}
		if err := b.node.add(ctx, c, b.next, node(0, part)); err != nil {
			return nil, err
		}
		up = appendCover(up, b.next, part)
		b.next++
	}
	return up, nil
}

// node returns the blob of a node. Only the root has a depth.
func node(depth int, cells []byte) []byte {
	blob := make([]byte, 4, nodeSize)
	binary.BigEndian.PutUint16(blob, uint16(depth))
	binary.BigEndian.PutUint16(blob[2:], uint16(len(cells)/cellSize))
	return append(blob, cells...)[:nodeSize]
}

// appendCover appends a cell that points to a node and covers the cells in it.
func appendCover(to []byte, number int64, cells []byte) []byte {
	box := [4]float32{math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32}
	for at := 0; at < len(cells); at += cellSize {
		for i := range box {
			f := math.Float32frombits(binary.BigEndian.Uint32(cells[at+8+4*i:]))
			if i%2 == 0 {
				box[i] = min(box[i], f)
			} else {
				box[i] = max(box[i], f)
			}
		}
	}
	to = binary.BigEndian.AppendUint64(to, uint64(number))
	for _, f := range box {
		to = binary.BigEndian.AppendUint32(to, math.Float32bits(f))
	}
	return to
}
