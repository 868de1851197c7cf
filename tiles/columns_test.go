package tiles_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/tiles"
)

// gridsOf draws the shapes and values of some features, missing values and shapes among them, twice: as columns and as lists of tags.
func gridsOf(t *rapid.T) (*tiles.Columns, []tiles.Feature, []tiles.Shape) {
	n := rapid.IntRange(0, 60).Draw(t, "features")
	ids, codes, counts, rates := make([]uint64, n), make([]string, n), make([]int64, n), make([]float64, n)
	shapes := make([]tiles.Shape, n)
	features := make([]tiles.Feature, n)
	for i := range n {
		codes[i] = rapid.SampledFrom([]string{"", "a", "b", "c", "塘下"}).Draw(t, "code")
	}
	for i := range n {
		ids[i] = rapid.Uint64Range(0, 1<<53-1).Draw(t, "id")
		counts[i] = rapid.SampledFrom([]int64{-1, 0, 1, 2, 200, 1 << 40}).Draw(t, "count")
		rates[i] = rapid.SampledFrom([]float64{math.NaN(), 0, 0.5, 1, 1.0 / 3, math.Copysign(0, -1)}).Draw(t, "rate")
		if rapid.Bool().Draw(t, "seen") {
			shapes[i] = tiles.Project(tiles.Address{}, orb.Point{float64(i), 1})
		}
		f := tiles.Feature{ID: ids[i], HasID: true, Shape: shapes[i]}
		tag := func(key string, v tiles.Value, ok bool) {
			if ok {
				f.Tags = append(f.Tags, tiles.Tag{Key: key, Value: v})
			}
		}
		tag("id", tiles.Uint(ids[i]), true)
		tag("code", tiles.String(codes[i]), codes[i] != "")
		tag("parent", tiles.String(codes[n-1-i]), codes[n-1-i] != "")
		tag("found", tiles.Uint(uint64(max(counts[i], 0))), counts[i] >= 0)
		tag("rate", tiles.Double(rates[i]), rates[i] == rates[i])
		features[i] = f
	}
	return columnsOf(ids, codes, counts, rates), features, shapes
}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func columnsOf(ids []uint64, codes []string, counts []int64, rates []float64) *tiles.Columns {
	parents, signed := make([]string, len(codes)), make([]int64, len(ids))
	for i := range codes {
		parents[i], signed[i] = codes[len(codes)-1-i], int64(ids[i])
	}
	return tiles.NewColumns(ids).With(tiles.Counts("id", signed)).WithTexts(tiles.TextColumn{Key: "code", Values: codes}, tiles.TextColumn{Key: "parent", Values: parents}).
		With(tiles.Counts("found", counts), tiles.Doubles("rate", rates))
}

// Columns write the bytes that Encode writes of the same features, whatever values are missing, tile after tile from the same memory.
func TestColumnsAsEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns, features, shapes := gridsOf(t)
		want := tiles.Encode([]tiles.Layer{{Name: "grids", Features: features}, {Name: "again", Features: features}})
		cut := tiles.NewCut(upTo(len(shapes)), shapes)
		got := columns.Append(columns.Append(nil, "grids", cut), "again", cut)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d features: % x, want % x", len(features), got, want)
		}
		few := columns.Rows(cut.Features())
		if got := few.Append(few.Append(nil, "grids", cut.Renumbered()), "again", cut.Renumbered()); !bytes.Equal(got, want) {
			t.Fatalf("by the rows of %d features: % x, want % x", len(features), got, want)
		}
	})
}

// More values than the table begins with, so that it grows while a layer is written; then a small layer again.
func TestColumnsOfMany(t *testing.T) {
	for _, n := range []int{5000, 3, 200_000, 3} {
		ids, counts, shapes, features := make([]uint64, n), make([]int64, n), make([]tiles.Shape, n), make([]tiles.Feature, n)
		for i := range n {
			ids[i], counts[i], shapes[i] = uint64(i), int64(i*7%n), tiles.Project(tiles.Address{}, orb.Point{1, 1})
			features[i] = tiles.Feature{ID: ids[i], HasID: true, Shape: shapes[i], Tags: []tiles.Tag{{Key: "found", Value: tiles.Uint(uint64(counts[i]))}}}
		}
		got := tiles.NewColumns(ids).With(tiles.Counts("found", counts)).Append(nil, "grids", tiles.NewCut(upTo(n), shapes))
		if want := tiles.Encode([]tiles.Layer{{Name: "grids", Features: features}}); !bytes.Equal(got, want) {
			t.Errorf("%d features: %d bytes that differ from the %d of Encode", n, len(got), len(want))
		}
	}
}

func TestColumnsDiffer(t *testing.T) {
	a := tiles.NewColumns([]uint64{1, 2, 3}).With(tiles.Counts("found", []int64{1, 2, 3}), tiles.Doubles("rate", []float64{0, math.NaN(), 1}))
	b := tiles.NewColumns([]uint64{1, 2, 3}).With(tiles.Counts("found", []int64{1, 2, 4}), tiles.Doubles("rate", []float64{0, math.NaN(), 1}))
	for i, want := range []bool{false, false, true} {
		if got := a.Differs(b, i); got != want {
			t.Errorf("feature %d differs: %v, want %v", i, got, want)
		}
	}
}

// A tile of the district's size: 30 grids with 13 attributes.
func BenchmarkColumns(b *testing.B) {
	const n = 30
	ids, codes, shapes := make([]uint64, n), make([]string, n), make([]tiles.Shape, n)
	for i := range n {
		ids[i], codes[i] = uint64(i)<<40+12345, fmt.Sprintf("330381%03d", i)
		ring := orb.Ring{}
		for k := range 40 {
			a := float64(k) / 40 * 2 * math.Pi
			ring = append(ring, orb.Point{float64(i) + math.Cos(a), math.Sin(a)})
		}
		shapes[i] = tiles.Project(tiles.Address{Z: 2, X: 2, Y: 1}, append(ring, ring[0]))
	}
	columns := tiles.NewColumns(ids).WithTexts(tiles.TextColumn{Key: "code", Values: codes}, tiles.TextColumn{Key: "name", Values: codes})
	for k := range 8 {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i * k)
		}
		columns = columns.With(tiles.Doubles(fmt.Sprint("value", k), values))
	}
	cut := tiles.NewCut(upTo(n), shapes)
	b.ReportAllocs()
	for b.Loop() {
		columns.Append(nil, "grids", cut)
	}
	b.ReportMetric(float64(len(columns.Append(nil, "grids", cut))), "B/tile")
}
