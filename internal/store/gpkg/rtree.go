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
	node, rowid, parent *inserter
	next                int64 // number of the next node; 1 is the root
}

// buildTree fills the R-tree of layer from its table. It throws away what the index held.
// Memory: one cell for every 51 features.
func buildTree(ctx context.Context, c *sql.Conn, layer string) error {
	tree := "rtree_" + layer + "_geom"
	for _, part := range []string{"_node", "_rowid", "_parent"} {
		if _, err := c.ExecContext(ctx, `DELETE FROM "`+tree+part+`"`); err != nil {
			return err
		}
	}
	b := treeBuilder{
		node:   &inserter{table: tree + "_node", columns: 2},
		rowid:  &inserter{table: tree + "_rowid", columns: 2},
		parent: &inserter{table: tree + "_parent", columns: 2}, next: 2,
	}
	err := b.build(ctx, c, layer)
	for _, i := range []*inserter{b.node, b.rowid, b.parent} {
		if err == nil {
			err = i.flush(ctx, c)
		}
		i.close()
	}
	return err
}

func (b *treeBuilder) build(ctx context.Context, c *sql.Conn, layer string) error {
	cells, depth, err := b.leaves(ctx, c, layer)
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

// leaves writes the features as leaves, each as full as the next, and returns the cells that
// point to them. Where one leaf is enough, it is the root: its cells are returned, depth 0.
func (b *treeBuilder) leaves(ctx context.Context, c *sql.Conn, layer string) (cells []byte, depth int, err error) {
	var n int
	count := `SELECT count(geom) FROM "` + layer + `"`
	if err := c.QueryRowContext(ctx, count).Scan(&n); err != nil {
		return nil, 0, err
	}
	rows, err := c.QueryContext(ctx, `SELECT fid, hazgrid_cell(geom) AS cell FROM "`+layer+`" WHERE geom IS NOT NULL ORDER BY cell DESC, fid`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	leaf, leaves, single := make([]byte, 0, cellSize*fanout), (n+fanout-1)/fanout, n <= fanout
	home := b.next
	if single {
		home = 1
	}
	var fid int64
	var cell sql.RawBytes
	for i := 0; rows.Next(); i++ {
		if err := rows.Scan(&fid, &cell); err != nil {
			return nil, 0, err
		}
		if cell == nil { // an empty geometry; these come last
			break
		}
		leaf = append(binary.BigEndian.AppendUint64(leaf, uint64(fid)), cell[keySize:]...)
		if err := b.rowid.add(ctx, c, fid, home); err != nil {
			return nil, 0, err
		}
		if full := (len(cells)/cellSize + 1) * n / max(leaves, 1); !single && i+1 == full {
			cells = appendCover(cells, home, leaf)
			if err := b.node.add(ctx, c, home, node(0, leaf)); err != nil {
				return nil, 0, err
			}
			home, leaf = home+1, leaf[:0]
		}
	}
	if !single && len(leaf) > 0 { // there were empty geometries
		cells = appendCover(cells, home, leaf)
		home++
		if err := b.node.add(ctx, c, home-1, node(0, leaf)); err != nil {
			return nil, 0, err
		}
	}
	b.next = home
	if len(cells) == 0 && !single { // all were empty: a root without cells is a leaf
		return nil, 0, rows.Err()
	}
	if single {
		return leaf, 0, rows.Err()
	}
	return cells, 1, rows.Err()
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
