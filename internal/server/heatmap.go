package server

import (
	"fmt"
	"image/color"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// A heatmap is what a legend and the pictures of a measure are asked with.
type heatmap struct {
	measure   string
	level     int
	query     safety.Query
	classing  classing
	bandwidth float64 // of the kernel, metres; 0: as the ground needs
}

// heatmapOf reads what is asked of a measure.
func (s *Server) heatmapOf(r *http.Request, st *state) (h heatmap, err error) {
	h.measure = mux.Vars(r)["measure"]
	if _, err := measureOf(h.measure); err != nil {
		return h, err
	}
	if h.query, err = s.query(r, st); err != nil {
		return h, err
	}
	if h.level, err = level(r, st, st.snapshot.Depth(h.query.Scheme)); err != nil {
		return h, err
	}
	if h.classing, err = parseClassing(parameters(r)); err != nil {
		return h, err
	}
	h.bandwidth, err = parseBandwidth(parameters(r)("bandwidth"))
	return h, err
}

// A picture is one tile of a heatmap.
type picture struct {
	address tiles.Address
	frame   crs.Frame // of the base map it is for
	size    int       // pixels
}

// picture serves the tiles of a size.
func (s *Server) picture(size int) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		v := mux.Vars(r)
		address, err := tiles.ParseAddress(v["z"], v["x"], v["y"])
		if err != nil {
			return err
		}
		h, err := s.heatmapOf(r, st)
		if err != nil {
			return err
		}
		frame, err := frameOf(parameters(r)("frame"))
		if err != nil {
			return err
		}
		p := picture{address, frame, size}
		return s.reply(w, r, st, answer{
			key: fmt.Sprintf("heatmap %#v %#v", p, h), media: "image/png",
			build: func() ([]byte, error) { return s.heat.paint(st.snapshot, h, p) },
		})
	}
}

// heat keeps what heatmaps are made from.
type heat struct {
	mosaics  *cache[mosaicKey, *tiles.Mosaic]
	shadings *cache[string, *shading]
	grounds  *cache[groundKey, *ground]
	fields   *cache[fieldKey, *field]
}

// What the caches of heatmaps hold at most, bytes.
const (
	mosaicBytes  = 32 << 20
	shadingBytes = 16 << 20
	groundBytes  = 64 << 20
	fieldBytes   = 64 << 20
)

func newHeat() *heat {
	return &heat{
		mosaics:  newCache[mosaicKey](mosaicBytes, (*tiles.Mosaic).Len),
		shadings: newCache[string](shadingBytes, (*shading).size),
		grounds:  newCache[groundKey](groundBytes, (*ground).size),
		fields:   newCache[fieldKey](fieldBytes, (*field).size),
	}
}

// mosaicKey names which grid of a level lies where in a tile. Snapshots share their Layer while the boundaries stay.
type mosaicKey struct {
	grids   *safety.Layer
	address tiles.Address
	frame   crs.Frame
}

// forgetOthers drops what was made of other grids than these.
func (h *heat) forgetOthers(grids []*safety.Layer) {
	gone := func(l *safety.Layer) bool { return !slices.Contains(grids, l) }
	h.mosaics.forget(func(k mosaicKey) bool { return gone(k.grids) })
	h.grounds.forget(func(k groundKey) bool { return gone(k.grids) })
	h.fields.forget(func(k fieldKey) bool { return gone(k.ground.grids) })
}

func (h *heat) mosaic(k mosaicKey) (*tiles.Mosaic, error) {
	return h.mosaics.get(k, func() (*tiles.Mosaic, error) {
		box := k.address.Bound(0)
		if k.frame != crs.WGS84 {
			box = box.Pad(frameReach)
		}
		canvas := tiles.NewCanvas(k.address)
		for _, i := range slices.Backward(k.grids.Coverage.Search(box, nil)) { // where grids overlap the lowest code wins
			cell := k.grids.Grids[i].Boundary
			if k.frame != crs.WGS84 {
				cell = cell.Clone()
				if err := move(cell, k.frame.FromWGS84); err != nil {
					return nil, fmt.Errorf("grid %s: %w", k.grids.Grids[i].Code, err)
				}
			}
			canvas.Fill(i, cell)
		}
		return canvas.Mosaic(), nil
	})
}

// paint draws a picture.
func (h *heat) paint(snapshot *safety.Snapshot, m heatmap, p picture) ([]byte, error) {
	nothing := func(int, []uint8) {}
	if snapshot.Depth(m.query.Scheme) == 0 {
		return tiles.DrawPNG(p.size, nil, nothing)
	}
	grids, err := snapshot.Layer(m.query.Scheme, m.level, m.query.At)
	if err != nil {
		return nil, err
	}
	mosaic, err := h.mosaic(mosaicKey{grids, p.address, p.frame})
	if err != nil {
		return nil, err
	}
	if mosaic.Empty() {
		return tiles.DrawPNG(p.size, nil, nothing)
	}
	shade, err := h.shading(snapshot, m)
	if err != nil {
		return nil, err
	}
	if m.measure != kernelMeasure {
		return tiles.DrawPNG(p.size, shade.inks(), func(y int, dst []uint8) { shade.fill(mosaic, y, dst) })
	}
	field, err := h.field(snapshot, m, p.frame)
	if err != nil {
		return nil, err
	}
	values := make([]float64, tiles.Samples)
	return tiles.DrawPNG(p.size, shade.inks(), func(y int, dst []uint8) {
		mosaic.Row(y, func(_, from, to int) {
			field.read(p.address, y, from, values[from:to])
			shade.class(values[from:to], dst[from:to])
		})
	})
}

// inks are the looks of the classes in order, then that of no data: the legend's colour in lines, over a breath of it.
func (s *shading) inks() []tiles.Ink {
	var out []tiles.Ink
	for _, c := range s.legend.Classes {
		out = append(out, tiles.Ink{Color: rgb(c.Color)})
	}
	lines := rgb(s.legend.NoData.Color)
	return append(out, tiles.Ink{Color: color.NRGBA{lines.R, lines.G, lines.B, 0x40}, Lines: lines})
}

// fill gives each sample of a row of a mosaic the ink of its grid.
func (s *shading) fill(mosaic *tiles.Mosaic, y int, dst []uint8) {
	mosaic.Row(y, func(cell, from, to int) {
		ink := s.grids[cell]
		part := dst[from:to]
		for i := range part {
			part[i] = ink
		}
	})
}

// class gives each of values the ink of its class. Neighbours are mostly of one class, so each is looked for from the last.
func (s *shading) class(values []float64, dst []uint8) {
	k := 0
	for i, v := range values {
		for k < len(s.limits) && v >= s.limits[k] {
			k++
		}
		for k > 0 && v < s.limits[k-1] {
			k--
		}
		dst[i] = uint8(k + 1)
	}
}
