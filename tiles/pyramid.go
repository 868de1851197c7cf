package tiles

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// A Pyramid is all tiles from one zoom to another that show something.
type Pyramid struct {
	Make             func(Address) ([]byte, error) // what is kept of a tile: nothing where it is empty; called by many at once
	Bound            orb.Bound                     // of all that the tiles show, degrees
	MinZoom, MaxZoom uint32
	Looking          func(zoom uint32, tiles int) // told how many tiles are about to be looked at, down to which zoom; may be nil
	Looked           func()                       // told of each; may be nil
}

// Each makes the tiles on all cores and calls f for each that is not empty, in the order of their ID, whatever the number
// of cores. It holds a few tiles for each core, and the addresses of two zooms. It ends with the first error, of f, of Make or of ctx.
//
// What a tile shows lies in it or in its margin, so in one of the tiles around it, and the tile above that shows it
// too: at each zoom it is enough to look below the tiles that were not empty, and one tile around.
func (p Pyramid) Each(ctx context.Context, f func(Address, []byte) error) error {
	at := p.first()
	for {
		zoom := at[len(at)-1].Z
		if p.Looking != nil {
			p.Looking(zoom, len(at))
		}
		filled, err := p.look(ctx, at, f)
		if err != nil || zoom == p.MaxZoom {
			return err
		}
		if at = below(filled, zoom); len(at) == 0 {
			return nil
		}
	}
}

// fewTiles is how many tiles over the whole bound are looked at without asking what is above them: so the cores need not
// wait for one another at the zooms with a single tile, and that is the largest.
const fewTiles = 256

// first lists the tiles to begin with, by ID: those over the bound, from the first zoom that is wanted down to the last
// with few of them. When these are above the first zoom, only one zoom of them.
func (p Pyramid) first() []Address {
	at := p.over(0)
	for zoom := uint32(1); zoom <= p.MaxZoom; zoom++ {
		next := p.over(zoom)
		if len(next) > fewTiles {
			break
		}
		if zoom <= p.MinZoom {
			at = nil
		}
		at = append(at, next...)
	}
	return at
}

// over lists the tiles of a zoom that the bound meets and those around them, by ID; more than few are not all listed.
func (p Pyramid) over(zoom uint32) []Address {
	n := float64(uint32(1) << zoom)
	tile := func(c orb.Point, more float64) (x, y uint32) {
		u := Address{Z: zoom}.units(c)
		in := func(v float64) uint32 { return uint32(min(max(math.Floor(v/Extent)+more, 0), n-1)) }
		return in(u[0]), in(u[1])
	}
	west, north := tile(orb.Point{p.Bound.Min[0], p.Bound.Max[1]}, -1)
	east, south := tile(orb.Point{p.Bound.Max[0], p.Bound.Min[1]}, 1)
	var ids []uint64
	for x := west; x <= east && len(ids) <= fewTiles; x++ {
		for y := north; y <= south && len(ids) <= fewTiles; y++ {
			ids = append(ids, Address{zoom, x, y}.ID())
		}
	}
	return addresses(ids)
}

// below lists the tiles under those of a zoom, and the ones around them, by ID.
func below(filled []Address, zoom uint32) []Address {
	side := int64(2) << zoom
	ids := make([]uint64, 0, 16*len(filled))
	for _, a := range filled {
		if a.Z != zoom {
			continue
		}
		for x := 2*int64(a.X) - 1; x <= 2*int64(a.X)+2; x++ {
			for y := 2*int64(a.Y) - 1; y <= 2*int64(a.Y)+2; y++ {
				if x >= 0 && y >= 0 && x < side && y < side {
					ids = append(ids, Address{zoom + 1, uint32(x), uint32(y)}.ID())
				}
			}
		}
	}
	return addresses(ids)
}

// addresses returns the tiles of ids, sorted, each once.
func addresses(ids []uint64) []Address {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	at := make([]Address, len(ids))
	for i, id := range ids {
		at[i] = addressOf(id)
	}
	return at
}

// A job is a tile to be made, and where it is awaited.
type job struct {
	at   Address
	done chan made
}

// made is what came of a tile.
type made struct {
	tile []byte
	err  error
}

// look makes the tiles at some addresses, calls f for those of the zooms that are wanted, and returns which were not empty.
func (p Pyramid) look(ctx context.Context, at []Address, f func(Address, []byte) error) (filled []Address, err error) {
	var making sync.WaitGroup
	defer making.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for j := range p.start(ctx, at, &making) {
		m := <-j.done
		if m.err == nil && len(m.tile) > 0 {
			filled = append(filled, j.at)
			if j.at.Z >= p.MinZoom {
				m.err = f(j.at, m.tile)
			}
		}
		if m.err != nil {
			return nil, m.err
		}
		if p.Looked != nil {
			p.Looked()
		}
	}
	return filled, ctx.Err()
}

// start begins to make tiles, as many at once as there are cores, and returns them in their order. Those that are
// made but not taken yet are a few for each core.
func (p Pyramid) start(ctx context.Context, at []Address, making *sync.WaitGroup) <-chan job {
	cores := runtime.GOMAXPROCS(0)
	todo, order := make(chan job), make(chan job, 8*cores)
	for range cores {
		making.Go(func() {
			for j := range todo {
				tile, err := p.Make(j.at)
				j.done <- made{tile, err}
			}
		})
	}
	making.Go(func() {
		defer close(order)
		defer close(todo)
		for _, a := range at {
			j := job{a, make(chan made, 1)}
			for _, queue := range [...]chan<- job{todo, order} { // what is awaited is being made, also when ctx ends
				select {
				case queue <- j:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	return order
}
