package tiles

import "encoding/binary"

// A Cut is what one tile shows of the features of a layer: which of them, and how they are drawn. It depends on geometry
// alone, so it is made once for as long as that stays, however often values change. A Cut is immutable.
type Cut struct {
	features []int32  // numbers, rising
	ends     []uint32 // tails[:ends[i]] ends with the tail of features[i]
	tails    []byte   // type and geometry of each feature, as they follow its tags in a tile
}

// NewCut returns the cut of features, by rising numbers, and their shapes; the empty ones are left out.
func NewCut(features []int, shapes []Shape) *Cut {
	c := &Cut{}
	size := 0
	for _, s := range shapes {
		size += s.Len()
	}
	c.tails = make([]byte, 0, size+size/8)
	for i, s := range shapes {
		if s.Empty() {
			continue
		}
		c.tails = appendBytes(appendNumber(c.tails, typeField, uint64(s.kind)), geometryField, s.commands)
		c.features = append(c.features, int32(features[i]))
		c.ends = append(c.ends, uint32(len(c.tails)))
	}
	return c
}

// Features returns the numbers of the features in the tile, rising. They must not be changed.
func (c *Cut) Features() []int32 { return c.features }

// Renumbered returns the cut with its features numbered from 0, for columns that hold just them.
func (c *Cut) Renumbered() *Cut {
	numbers := make([]int32, len(c.features))
	for i := range numbers {
		numbers[i] = int32(i)
	}
	return &Cut{numbers, c.ends, c.tails}
}

// Size returns about how much memory the cut takes, bytes.
func (c *Cut) Size() int { return 96 + 8*len(c.features) + len(c.tails) }

// Fields of Feature in the MVT specification, section 4.2.
const (
	idField       = 1
	tagsField     = 2
	typeField     = 3
	geometryField = 4
)

// tail returns the bytes of the i-th feature that follow its tags.
func (c *Cut) tail(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.tails[from:c.ends[i]]
}

// uvarintLen returns how many bytes n takes as a varint.
func uvarintLen(n uint64) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutUvarint(b[:], n)
}
