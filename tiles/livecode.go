package tiles

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// Live values are packed by one prefix code for all tiles (a dynamic block, RFC 1951, 3.2.7), which needs no look at them beforehand: it takes a
// twentieth of the time of a compressor for everything, and a tenth more bytes. A value of a table is three bytes that tell its kind and a few more. The three are nearly
// always those of a value just before, so they are a match of length 3; what follows is written as it is, but for fractions that were there
// before. Lengths suit counts, most of them small, and fractions, whose bytes are anything but for the last.

// Symbols of literals and lengths.
const (
	endSymbol    = 256
	headSymbol   = 257 // a match of length 3
	doubleSymbol = 265 // of length 11, with an extra bit for 12
	symbols      = 266
	headLen      = 3
	doubleLen    = 11
	headReach    = 64 // that a match of a head reaches back
	farthest     = 1 << 15
	distances    = 30
)

// literalBits are the lengths of the codes of literals and lengths. Their shares, 2^-length, add up to 1.
func literalBits() (n [symbols]uint8) {
	for i := range endSymbol {
		n[i] = 9
	}
	n[headSymbol], n[doubleSymbol], n[endSymbol] = 2, 5, 8
	n[0] = 4
	n[1], n[2], n[0x3f] = 5, 5, 5 // 0x3f ends most fractions below 2
	n[3], n[4], n[0x40] = 6, 6, 6
	n[5], n[6], n[7] = 7, 7, 7
	n[8], n[9], n[10], n[11] = 8, 8, 8, 8
	return n
}

// distanceBits are those of distances: 4 is from count to count, 9 to 12 from fraction to fraction, 25 to 32 from feature to feature.
func distanceBits() (n [distances]uint8) {
	n = [distances]uint8{3: 1, 4: 6, 5: 6, 6: 3, 7: 6, 8: 5, 9: 3, 10: 6, 11: 6}
	for i := 12; i < distances; i++ {
		n[i] = 7
	}
	return n
}

// lengthBits are those of the code in which a block tells the two tables above: of lengths 0 to 15, and 16, the last length three to six times more.
func lengthBits() [19]uint8 {
	return [19]uint8{16: 1, 9: 2, 5: 4, 6: 4, 0: 5, 7: 5, 1: 6, 2: 6, 8: 6, 3: 7, 4: 7}
}

// A bitCode is the code of a symbol as it goes into the stream, lowest bit first.
type bitCode struct {
	bits uint32
	n    uint8
}

// codesOf gives codes by their lengths (RFC 1951, 3.2.2).
func codesOf(lengths []uint8) []bitCode {
	codes := make([]bitCode, len(lengths))
	next := uint32(0)
	for n := uint8(1); n <= 15; n++ {
		for i, l := range lengths {
			if l == n {
				codes[i] = bitCode{bits.Reverse32(next) >> (32 - n), n}
				next++
			}
		}
		next <<= 1
	}
	return codes
}

// A liveCode is the tables of the code, and the beginning of a block that uses it.
type liveCode struct {
	literals  [symbols]bitCode
	distances [distances]bitCode
	near      [headReach + 1]bitCode // a match of length 3 that far back
	head      bitWriter
}

var liveCodes = sync.OnceValue(func() *liveCode {
	c := new(liveCode)
	literals, far := literalBits(), distanceBits()
	copy(c.literals[:], codesOf(literals[:]))
	copy(c.distances[:], codesOf(far[:]))
	for d := 4; d <= headReach; d++ {
		c.near[d] = c.match(c.literals[headSymbol], d)
	}
	c.writeHead(append(literals[:], far[:]...))
	return c
})

// match is a match of a length, by its code, that far back.
func (c *liveCode) match(length bitCode, d int) bitCode {
	symbol, extra := distanceCode(d)
	return length.then(c.distances[symbol]).then(extra)
}

// then is a code and the next one.
func (a bitCode) then(b bitCode) bitCode { return bitCode{a.bits | b.bits<<a.n, a.n + b.n} }

// distanceCode is the symbol of a distance, from 4 on, and its extra bits.
func distanceCode(d int) (symbol int, extra bitCode) {
	n := bits.Len(uint(d-1)) - 2 // extra bits
	symbol = 2*n + 2 + (d-1)>>n&1
	return symbol, bitCode{uint32(d-1) & (1<<n - 1), uint8(n)}
}

// writeHead writes the head of a block that is not the last: the lengths of all codes.
func (c *liveCode) writeHead(lengths []uint8) {
	w, ll := &c.head, lengthBits()
	codes := codesOf(ll[:])
	w.put(bitCode{2 << 1, 3}) // not the last, with codes of its own
	w.put(bitCode{symbols - 257, 5})
	w.put(bitCode{distances - 1, 5})
	order := [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	last := len(order)
	for ll[order[last-1]] == 0 {
		last--
	}
	w.put(bitCode{uint32(last - 4), 4})
	for _, i := range order[:last] {
		w.put(bitCode{uint32(ll[i]), 3})
	}
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] && run < 7 {
			run++
		}
		w.put(codes[lengths[i]])
		if i++; run > 3 {
			w.put(codes[16])
			w.put(bitCode{uint32(run - 1 - 3), 2})
			i += run - 1
		}
	}
}

// A bitWriter writes codes, lowest bit first.
type bitWriter struct {
	out  []byte
	held uint64
	n    uint8
}

// put writes a code of up to 32 bits.
func (w *bitWriter) put(c bitCode) {
	w.held |= uint64(c.bits) << w.n
	if w.n += c.n; w.n >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.held))
		w.held >>= 32
		w.n -= 32
	}
}

// flush writes what is held, filled up to a byte.
func (w *bitWriter) flush() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.out = append(w.out, byte(w.held))
		w.held >>= 8
	}
	return w.out
}

// appendLiveBlock appends a table of values, and what follows it, as a block of this code and an empty stored one, which ends with a byte.
func appendLiveBlock(out, b []byte) []byte {
	c := liveCodes()
	w := bitWriter{append(out, c.head.out...), c.head.held, c.head.n}
	var seen [256]int // where a value of a kind was last, plus one
	var doubles [1 << doubleSlots]int
	at := 0
	for at+headLen <= len(b) && b[at] == valueField<<3|bytesWire {
		end := min(at+2+int(b[at+1]&0x7f), len(b))
		// The first byte is that of every value, the others tell its length and type.
		from := lastPlace(&seen[b[at+1]<<4^b[at+2]], at)
		if end-at == doubleLen {
			same := lastPlace(&doubles[hashOf(b[at+headLen:])], at)
			if same >= 0 && at-same <= farthest && string(b[same:same+doubleLen]) == string(b[at:end]) {
				w.put(c.match(c.literals[doubleSymbol].then(bitCode{0, 1}), at-same))
				at = end
				continue
			}
		}
		if from >= 0 && at-from <= headReach && b[from+1] == b[at+1] && b[from+2] == b[at+2] {
			w.put(c.near[at-from])
			at += headLen
		}
		for ; at < end; at++ {
			w.put(c.literals[b[at]])
		}
	}
	for ; at < len(b); at++ {
		w.put(c.literals[b[at]])
	}
	w.put(c.literals[endSymbol])
	w.put(bitCode{0, 3}) // a stored block, not the last
	return append(w.flush(), 0, 0, 0xff, 0xff)
}

// lastPlace returns what a place, plus one, was noted to be before, and notes at.
func lastPlace(noted *int, at int) (from int) {
	from = *noted - 1
	*noted = at + 1
	return from
}

// doubleSlots is the logarithm of how many fractions are remembered.
const doubleSlots = 9

// hashOf is the slot of the fraction that b begins with.
func hashOf(b []byte) uint64 {
	return binary.LittleEndian.Uint64(b) * 0x9e3779b97f4a7c15 >> (64 - doubleSlots)
}
