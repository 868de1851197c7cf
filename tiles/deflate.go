package tiles

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/flate"
)

// appendBlocks appends bytes as blocks of DEFLATE that end with a byte, none of them the last.
func appendBlocks(out, b []byte) ([]byte, error) {
	if len(b) <= storedBytes {
		return appendStored(out, b), nil
	}
	return appendPacked(out, b, &packersNow)
}

// appendPacked appends bytes as blocks of a packer's making.
func appendPacked(out, b []byte, packers *sync.Pool) ([]byte, error) {
	p := packers.Get().(*packer)
	defer packers.Put(p)
	p.out.Reset()
	p.w.Reset(&p.out)
	if _, err := p.w.Write(b); err != nil {
		return nil, err
	}
	if err := p.w.Flush(); err != nil {
		return nil, err
	}
	return append(out, p.out.Bytes()...), nil
}

// storedBytes is up to how many bytes are not packed: a block of its own tree would be longer.
const storedBytes = 32

// appendStored appends a stored block (RFC 1951, 3.2.4).
func appendStored(out, b []byte) []byte {
	if len(b) == 0 {
		return out
	}
	out = binary.LittleEndian.AppendUint16(append(out, 0), uint16(len(b)))
	out = binary.LittleEndian.AppendUint16(out, ^uint16(len(b)))
	return append(out, b...)
}

// A packer is a compressor with its output, kept between uses: it takes more memory than what it packs.
type packer struct {
	w   *flate.Writer
	out bytes.Buffer
}

// Packers for what is packed once and sent often, and for what is packed for one answer.
var (
	packersOnce = sync.Pool{New: func() any { return newPacker(7) }}
	packersNow  = sync.Pool{New: func() any { return newPacker(1) }}
)

func newPacker(level int) *packer {
	p := new(packer)
	p.w, _ = flate.NewWriter(&p.out, level)
	return p
}

// A CRC-32 is the remainder of a polynomial over GF(2), its bits reversed: bit 31 is that of x⁰. So bytes put after others multiply the CRC of
// these by x^(8n), and the sum of both is that of all (as zlib's crc32_combine does).

// crcShift is x^(8n) modulo the polynomial of CRC-32.
func crcShift(n int) uint32 {
	shift, square := uint32(1)<<31, uint32(1)<<30 // 1 and x
	for range 3 {
		square = crcProduct(square, square) // x⁸
	}
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = crcProduct(shift, square)
		}
		square = crcProduct(square, square)
	}
	return shift
}

// crcProduct is the product of two polynomials modulo that of CRC-32.
func crcProduct(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a>>31 != 0 {
			product ^= b
		}
		carry := b & 1
		if b >>= 1; carry != 0 {
			b ^= crc32.IEEE
		}
	}
	return product
}
