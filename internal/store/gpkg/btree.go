package gpkg

import (
	"encoding/binary"
)

// SQLite's tables and indexes are B-trees of pages whose form is documented and does not change:
// https://sqlite.org/fileformat2.html, section 1.6. Rows that come in order can be laid into pages from left to right,
// each written once; that is some ten times as fast as an INSERT for each.
const (
	indexInterior = 0x02
	tableInterior = 0x05
	indexLeaf     = 0x0a
	tableLeaf     = 0x0d

	leafHead     = 8
	interiorHead = 12 // the last four bytes name the child on the right
	smallestCell = 4
)

// A treePage is a page of a B-tree that is being filled: pointers grow from the head, cells from the end.
type treePage struct {
	kind   byte
	data   []byte
	usable int // bytes of the page that may be used
	cells  int
	top    int // where the cells begin

	// An entry that did not fit any more: once another follows, it is what separates this page from the next.
	held  bool
	child uint32
	cell  []byte
}

func (n *treePage) begin(data []byte) { n.data, n.cells, n.top, n.held = data, 0, n.usable, false }

func (n *treePage) leaf() bool { return n.kind == tableLeaf || n.kind == indexLeaf }

func (n *treePage) head() int {
	if n.leaf() {
		return leafHead
	}
	return interiorHead
}

// put adds an entry if there is room for it.
func (n *treePage) put(child uint32, cell []byte) bool {
	size := len(cell)
	if !n.leaf() {
		size += 4
	}
	size = max(size, smallestCell)
	if n.head()+2*n.cells+2+size > n.top {
		return false
	}
	n.top -= size
	to := n.data[n.top:]
	if !n.leaf() {
		binary.BigEndian.PutUint32(to, child)
		to = to[4:]
	}
	copy(to, cell)
	binary.BigEndian.PutUint16(n.data[n.head()+2*n.cells:], uint16(n.top))
	n.cells++
	return true
}

// pop takes the last entry off again.
func (n *treePage) pop() (child uint32, cell []byte) {
	end := n.usable
	if n.cells > 1 {
		end = int(binary.BigEndian.Uint16(n.data[n.head()+2*n.cells-4:]))
	}
	cell = append(cell, n.data[n.top:end]...)
	n.cells--
	n.top = end
	if !n.leaf() {
		child, cell = binary.BigEndian.Uint32(cell), cell[4:]
	}
	return child, cell
}

// seal completes the page. right is the child behind the last entry of an interior page.
func (n *treePage) seal(right uint32) []byte {
	head := n.head()
	clear(n.data[head+2*n.cells : n.top])
	clear(n.data[n.usable:])
	n.data[0], n.data[1], n.data[2], n.data[7] = n.kind, 0, 0, 0
	binary.BigEndian.PutUint16(n.data[3:], uint16(n.cells))
	binary.BigEndian.PutUint16(n.data[5:], uint16(n.top)) // 65536 is written as 0
	if !n.leaf() {
		binary.BigEndian.PutUint32(n.data[8:], right)
	}
	return n.data
}

// A btree is filled in order of its keys. Its root stays the page it was. Memory: a page for each level.
type btree struct {
	pages  *pages
	root   uint32
	table  bool // a table by row number; else an index
	levels []*treePage
	last   []byte // key of a table's last row
	cell   []byte
}

func (t *btree) level(n int) *treePage {
	if n == len(t.levels) {
		kinds := [...]byte{indexLeaf, indexInterior}
		if t.table {
			kinds = [...]byte{tableLeaf, tableInterior}
		}
		l := &treePage{kind: kinds[min(n, 1)], usable: t.pages.usable}
		l.begin(t.pages.blank())
		t.levels = append(t.levels, l)
	}
	return t.levels[n]
}

// row adds a row of a table; ids rise.
func (t *btree) row(id int64, record []byte) error {
	var err error
	cell := appendVarint(appendVarint(t.cell[:0], uint64(len(record))), uint64(id))
	if t.cell, err = t.spill(cell, record, t.pages.usable-35); err != nil {
		return err
	}
	if err := t.add(0, 0, t.cell); err != nil {
		return err
	}
	t.last = appendVarint(t.last[:0], uint64(id))
	return nil
}

// key adds an entry of an index; they come in its order.
func (t *btree) key(record []byte) (err error) {
	cell := appendVarint(t.cell[:0], uint64(len(record)))
	if t.cell, err = t.spill(cell, record, (t.pages.usable-12)*64/255-23); err != nil {
		return err
	}
	return t.add(0, 0, t.cell)
}

// spill appends to a cell as much of a record as it keeps, at most so many bytes; a chain of pages takes the rest.
func (t *btree) spill(cell, record []byte, most int) ([]byte, error) {
	local := len(record)
	if local > most {
		least, full := (t.pages.usable-12)*32/255-23, t.pages.usable-4
		if local = least + (len(record)-least)%full; local > most {
			local = least
		}
	}
	cell = append(cell, record[:local]...)
	rest := record[local:]
	if len(rest) == 0 {
		return cell, nil
	}
	at := t.pages.next()
	cell = binary.BigEndian.AppendUint32(cell, at)
	for len(rest) > 0 {
		data, following := t.pages.blank(), uint32(0)
		clear(data)
		rest = rest[copy(data[4:t.pages.usable], rest):]
		if len(rest) > 0 {
			following = t.pages.next()
		}
		binary.BigEndian.PutUint32(data, following)
		if err := t.pages.write(at, data); err != nil {
			return nil, err
		}
		at = following
	}
	return cell, nil
}

// add puts an entry behind those of a level: in a leaf a cell; above, a child and the cell between it and the next.
func (t *btree) add(n int, child uint32, cell []byte) error {
	l := t.level(n)
	if l.held {
		if err := t.push(n, l.child, l.cell); err != nil {
			return err
		}
	}
	if l.put(child, cell) {
		return nil
	}
	if l.kind == tableLeaf { // it keeps all of its rows; its last key is what separates it from the next
		if err := t.push(n, 0, t.last); err != nil {
			return err
		}
		l.put(child, cell)
		return nil
	}
	l.held, l.child, l.cell = true, child, append(l.cell[:0], cell...)
	return nil
}

// push writes the page of a level, hands it up, and begins the next.
func (t *btree) push(n int, right uint32, separator []byte) error {
	l, number := t.levels[n], t.pages.next()
	if err := t.pages.write(number, l.seal(right)); err != nil {
		return err
	}
	l.begin(t.pages.blank())
	return t.add(n+1, number, separator)
}

// finish writes what is not yet written, the root last.
func (t *btree) finish() error {
	right := uint32(0)
	for n := 0; ; n++ {
		l := t.level(n)
		if l.held { // the last entry needs a page, and something between that and the page before
			heldChild, heldCell := l.child, append([]byte(nil), l.cell...)
			child, cell := l.pop()
			if err := t.push(n, child, cell); err != nil {
				return err
			}
			l.put(heldChild, heldCell)
		}
		if n == len(t.levels)-1 {
			return t.pages.write(t.root, l.seal(right))
		}
		number := t.pages.next()
		if err := t.pages.write(number, l.seal(right)); err != nil {
			return err
		}
		right = number
	}
}
