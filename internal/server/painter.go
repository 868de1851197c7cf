package server

import (
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// A painter makes the bytes of tiles from a state. What does not depend on records, or is the same for many tiles, it
// makes once and keeps as long as there is room: geometry apart from values. It may be used by many at once.
type painter struct {
	cuts      *cache[cutKey, *tiles.Cut]
	plates    *cache[plateKey, *plateSlot]
	zooms     *cache[zoomKey, []orb.MultiPolygon]
	labels    *cache[*safety.Layer, labelPlaces]
	names     *cache[*safety.Layer, *gridNames]
	figuresOf *cache[figuresKey, *gridFigures]

	heavy sync.Mutex // held while a tile of very many grids is made

	mu     sync.Mutex
	latest map[levelKey]latestFigures
}

// manyGrids is from how many grids on a tile is made alone: a million take over 500 MB while it is made.
const manyGrids = 100_000

// What a painter keeps at most of each, bytes.
const (
	cutBytes    = 128 << 20
	plateBytes  = 128 << 20
	zoomBytes   = 256 << 20
	figureBytes = 128 << 20
	nameBytes   = 64 << 20
)

func newPainter() *painter {
	return &painter{
		cuts:      newCache[cutKey](cutBytes, (*tiles.Cut).Size),
		plates:    newCache[plateKey](plateBytes, func(s *plateSlot) int { return s.newest.Load().Size() }),
		zooms:     newCache[zoomKey](zoomBytes, cellsSize),
		labels:    newCache[*safety.Layer](nameBytes, func(places labelPlaces) int { return 24 * len(places) }),
		names:     newCache[*safety.Layer](nameBytes, (*gridNames).size),
		figuresOf: newCache[figuresKey](figureBytes, (*gridFigures).size),
		latest:    map[levelKey]latestFigures{},
	}
}

// forgetOthers drops what was made of other grids than these: of boundaries that are no more, and of past ones, which can be made again.
func (p *painter) forgetOthers(grids []*safety.Layer) {
	gone := func(l *safety.Layer) bool { return !slices.Contains(grids, l) }
	p.cuts.forget(func(k cutKey) bool { return gone(k.grids) })
	p.plates.forget(func(k plateKey) bool { return gone(k.cut.grids) })
	p.zooms.forget(func(k zoomKey) bool { return gone(k.grids) })
	p.labels.forget(gone)
	p.names.forget(gone)
	p.figuresOf.forget(func(figuresKey) bool { return true })
}
