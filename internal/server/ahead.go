package server

import (
	"context"
	"fmt"
	"slices"

	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// What is made before it is asked for: the plates of tiles down to aheadZoom where all levels together have at most aheadGrids,
// and the tiles that were asked for before, at most aheadTiles, when their figures have changed.
const (
	aheadZoom  = 14
	aheadGrids = 20_000
	aheadTiles = 4096
)

// ahead makes, state by state, what will be asked for, until ctx ends. Where there is more than it keeps up with it makes
// less: the next state interrupts it, and who asks waits for nothing but his own tile.
func (s *Server) ahead(ctx context.Context) {
	var grids []*safety.Layer
	for {
		st := s.state.Load()
		if now := layersOf(st.snapshot); !slices.Equal(now, grids) {
			grids = now
			s.paint.forgetOthers(now)
			s.heat.forgetOthers(now)
		}
		stop := func() bool {
			select {
			case <-st.superseded:
				return true
			case <-ctx.Done():
				return true
			default:
				return false
			}
		}
		s.renewAhead(st, stop)
		s.cutAhead(st, stop)
		select {
		case <-st.superseded:
		case <-ctx.Done():
			return
		}
	}
}

// renewAhead brings the tiles that were asked for since it last did so to a state, the latest asked for first.
func (s *Server) renewAhead(st *state, stop func() bool) {
	keys := s.tiles.keys()
	for _, k := range keys[:min(len(keys), aheadTiles)] {
		if stop() {
			return
		}
		if !asOfNow(k.query) {
			continue
		}
		layers, err := parseLayers(k.layers, st.snapshot.Depth(k.query.Scheme))
		slot, ok := s.tiles.peek(k)
		if err != nil || !ok || !slot.asked.Swap(false) {
			continue // a level that is no more, or nobody looks
		}
		if c, err := s.renew(st, k, layers, slot); err == nil {
			_, _ = c.form(gzipC) // an error comes again when somebody asks
		}
	}
}

// layersOf returns the grids of all levels of all schemes as they are now.
func layersOf(snapshot *safety.Snapshot) (layers []*safety.Layer) {
	for _, scheme := range snapshot.Schemes() {
		for level := 1; level <= snapshot.Depth(scheme); level++ {
			if l, err := snapshot.Layer(scheme, level, 0); err == nil {
				layers = append(layers, l)
			}
		}
	}
	return layers
}

// cutAhead cuts the grids of the default scheme, where they are few, into the tiles of the usual zooms.
func (s *Server) cutAhead(st *state, stop func() bool) {
	var all []gridsAhead
	count := 0
	for level := 1; level <= st.snapshot.Depth(""); level++ {
		if l, err := st.snapshot.Layer("", level, 0); err == nil {
			all = append(all, gridsAhead{l, layer{id: fmt.Sprintf("%s-%d", gridLayer, level), level: level, kind: gridLayer}})
			count += len(l.Grids)
		}
	}
	if count > aheadGrids {
		return
	}
	for _, l := range all {
		s.cutPyramid(st, l, tiles.Address{}, stop)
	}
}

// gridsAhead are the grids of a layer.
type gridsAhead struct {
	grids *safety.Layer
	layer layer
}

// cutPyramid cuts a layer into a tile and those below it, as far as they show something, and makes the plates that are not there.
func (s *Server) cutPyramid(st *state, l gridsAhead, a tiles.Address, stop func() bool) {
	if stop() {
		return
	}
	key := cutKey{l.grids, gridLayer, a, crs.WGS84}
	cut, err := s.paint.cut(key)
	if err != nil || len(cut.Features()) == 0 {
		return
	}
	if _, made := s.paint.plates.peek(plateKey{key, false}); !made {
		if err := s.paint.drawGrids(new(tiles.Drawing), st, l.layer, tileRequest{address: a, frame: crs.WGS84}); err != nil {
			return
		}
	}
	for i := range uint32(4) {
		if a.Z < aheadZoom {
			s.cutPyramid(st, l, tiles.Address{Z: a.Z + 1, X: 2*a.X + i&1, Y: 2*a.Y + i>>1}, stop)
		}
	}
}
