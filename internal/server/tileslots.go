package server

import (
	"strings"
	"sync"
	"sync/atomic"

	"hazgrid/safety"
)

// tileKey names a tile whatever the state: its layers, a comma list, and what else was asked.
type tileKey struct {
	layers string
	tileRequest
}

// A tileSlot holds the newest answer to a tile, and renews it when what the tile shows has changed. What has not changed
// keeps its bytes, its tag and its compressed forms from one state to the next.
type tileSlot struct {
	renewing sync.Mutex
	drawn    atomic.Pointer[drawnTile]
	asked    atomic.Bool // for it since it was last renewed ahead
	texts    int         // of its key, bytes
}

// A drawnTile is the content of a tile, true for the state of that number.
type drawnTile struct {
	*content
	seq   int64
	loose bool // it is not known what of it changed since
}

// tileContent returns what a tile shows in a state, to somebody who asks for it.
func (s *Server) tileContent(st *state, layers []layer, t tileRequest) (*content, error) {
	if s.cfg.TileMB < 0 {
		d, err := s.drawTile(st, layers, t)
		if err != nil {
			return nil, err
		}
		return d.content, nil
	}
	key := tileKey{listOf(layers), t}
	slot, ok := s.tiles.have(key)
	if !ok {
		key.layers = strings.Clone(key.layers) // it is kept: a part of the request's line would keep all of that
		var err error
		if slot, err = s.newSlot(st, key, layers); err != nil {
			return nil, err
		}
	}
	slot.asked.Store(true)
	if d := slot.drawn.Load(); d.seq == st.seq {
		return d.content, nil
	}
	return s.renew(st, key, layers, slot)
}

// newSlot returns the slot of a tile, drawn when nobody asked for it before.
func (s *Server) newSlot(st *state, key tileKey, layers []layer) (*tileSlot, error) {
	return s.tiles.get(key, func() (*tileSlot, error) {
		d, err := s.drawTile(st, layers, key.tileRequest)
		if err != nil {
			return nil, err
		}
		slot := &tileSlot{texts: textSize(key.query)}
		slot.drawn.Store(d)
		return slot, nil
	})
}

// renew returns the content of a tile in a state, made from the newest there is, and keeps it unless there is a newer one.
func (s *Server) renew(st *state, key tileKey, layers []layer, slot *tileSlot) (*content, error) {
	slot.renewing.Lock()
	defer slot.renewing.Unlock()
	newest := slot.drawn.Load()
	if newest.seq == st.seq {
		return newest.content, nil
	}
	d := &drawnTile{newest.content, st.seq, false}
	same, err := s.sameTile(st, layers, key.tileRequest, newest)
	if err == nil && !same {
		d, err = s.drawTile(st, layers, key.tileRequest)
	}
	if err != nil {
		return nil, err
	}
	if d.digest == newest.digest {
		d.content = newest.content
	}
	if st.seq > newest.seq {
		slot.drawn.Store(d)
		s.tiles.grown(key, d.size()-newest.size())
	}
	return d.content, nil
}

// drawTile makes the content of a tile.
func (s *Server) drawTile(st *state, layers []layer, t tileRequest) (*drawnTile, error) {
	s.building <- struct{}{}
	defer func() { <-s.building }()
	drawing, err := s.paint.drawAll(st, layers, t)
	if err != nil {
		return nil, err
	}
	d := &drawnTile{content: newTileContent(drawing), seq: st.seq}
	for _, l := range layers {
		if l.level > 0 && asOfNow(t.query) {
			f, err := s.paint.figures(st, l.level, t.query)
			if err != nil {
				return nil, err
			}
			d.loose = d.loose || f.changed == nil
		}
	}
	return d, nil
}

// sameTile reports whether a tile is known to show in a state what was drawn earlier. It is cheap; false
// only means that the tile has to be drawn to see.
func (s *Server) sameTile(st *state, layers []layer, t tileRequest, d *drawnTile) (bool, error) {
	seq := d.seq
	if d.loose || t.meta || seq > st.seq || !asOfNow(t.query) {
		return false, nil
	}
	for _, l := range layers {
		switch l.kind {
		case lineLayer:
			if st.linesSince > seq {
				return false, nil
			}
		case gridLayer, labelLayer:
			if same, err := s.sameGrids(st, l, t, seq); !same || err != nil {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

func (s *Server) sameGrids(st *state, l layer, t tileRequest, seq int64) (bool, error) {
	f, err := s.paint.figures(st, l.level, t.query)
	if err != nil {
		return false, err
	}
	cut, err := s.paint.cut(cutKey{f.grids, l.kind, t.address, t.frame})
	return err == nil && f.sameSince(seq, cut, t.bare), err
}

// sameLines reports whether two snapshots have the same lines: a snapshot shares them with the next one when none changed.
func sameLines(a, b *safety.Snapshot) bool {
	x, y := a.Lines(), b.Lines()
	return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
}

// listOf returns the comma list of layers.
func listOf(layers []layer) string {
	if len(layers) == 1 {
		return layers[0].id
	}
	ids := make([]string, len(layers))
	for i, l := range layers {
		ids[i] = l.id
	}
	return strings.Join(ids, ",")
}
