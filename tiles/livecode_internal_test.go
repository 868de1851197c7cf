package tiles

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// Codes use up all bits there are: inflaters refuse others.
func TestLiveCodesAreComplete(t *testing.T) {
	literals, far, lengths := literalBits(), distanceBits(), lengthBits()
	for name, all := range map[string][]uint8{"literals": literals[:], "distances": far[:], "lengths": lengths[:]} {
		sum := 0.0
		for _, n := range all {
			if n > 0 {
				sum += 1 / float64(int(1)<<n)
			}
		}
		if sum != 1 {
			t.Errorf("the shares of %s add up to %v", name, sum)
		}
	}
}

// Distances have the symbols and extra bits of the table in RFC 1951, 3.2.5.
func TestDistanceCode(t *testing.T) {
	for _, c := range []struct{ d, symbol, extra, n int }{
		{4, 3, 0, 0},
		{5, 4, 0, 1},
		{6, 4, 1, 1},
		{7, 5, 0, 1},
		{9, 6, 0, 2},
		{12, 6, 3, 2},
		{13, 7, 0, 2},
		{17, 8, 0, 3},
		{25, 9, 0, 3},
		{32, 9, 7, 3},
		{33, 10, 0, 4},
		{48, 10, 15, 4},
		{64, 11, 15, 4},
		{65, 12, 0, 5},
		{24577, 29, 0, 13},
		{32768, 29, 8191, 13},
	} {
		if symbol, extra := distanceCode(c.d); symbol != c.symbol || int(extra.bits) != c.extra || int(extra.n) != c.n {
			t.Errorf("distance %d: symbol %d, extra %d of %d bits; want %d, %d of %d", c.d, symbol, extra.bits, extra.n, c.symbol, c.extra, c.n)
		}
	}
}

// Another's inflater reads what is written: tables of values, cut off anywhere, and bytes that are none.
func TestLiveBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Columns{texts: []string{"a", "瑞安", string(make([]byte, 200))}}
		var b []byte
		for range rapid.IntRange(0, 90).Draw(t, "values") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				b = c.appendValue(b, uintField, rapid.Uint64().Draw(t, "count")>>rapid.IntRange(0, 63).Draw(t, "shift"))
			case 1:
				b = c.appendValue(b, doubleField, rapid.Uint64().Draw(t, "fraction"))
			default:
				b = c.appendValue(b, stringField, rapid.Uint64Range(0, 2).Draw(t, "text"))
			}
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "cut")]
		b = append(b, rapid.SliceOf(rapid.Byte()).Draw(t, "rest")...)
		packed := append(appendLiveBlock([]byte("before"), b), 3, 0)
		got, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed[len("before"):])))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("% x, %v, want % x", got, err, b)
		}
	})
}

// Fractions come again from just before up to farther back than a match reaches.
func TestLiveBlockOfMany(t *testing.T) {
	c := &Columns{}
	var b []byte
	for i := range uint64(20_000) {
		b = c.appendValue(b, uintField, i%3)
		b = c.appendValue(b, doubleField, (i*i%(1+i/10))*0x0123456789abcdef)
	}
	packed := append(appendLiveBlock(nil, b), 3, 0)
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil || !bytes.Equal(got, b) {
		t.Fatalf("%d bytes, %v, want the %d that were packed", len(got), err, len(b))
	}
	if len(packed) > len(b)*2/3 {
		t.Errorf("%d bytes of %d: fractions that come again are not found", len(packed), len(b))
	}
}
