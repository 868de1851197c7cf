package server

import (
	"fmt"
	"net/http"

	"hazgrid/analytics"
	"hazgrid/safety"
)

// A measure is what a heatmap shows. The kernel has no value of a grid.
type measure struct {
	id    string
	unit  string
	value func(*safety.Row) (v float64, ok bool)
}

// kernelMeasure is the measure that is not of grids.
const kernelMeasure = "hazard-kernel"

func measureOf(id string) (measure, error) {
	switch id {
	case "hazard-density":
		return measure{id, "hazards/km2", func(r *safety.Row) (float64, bool) { return r.Density() }}, nil
	case "rectification-rate":
		return measure{id, "1", func(r *safety.Row) (float64, bool) { return r.Rate() }}, nil
	case kernelMeasure:
		return measure{id, "hazards/km2", nil}, nil
	}
	return measure{}, fmt.Errorf("measure %q: %w", id, safety.ErrNotFound)
}

// noData is the colour of a grid without a value. It is no step of a ramp.
const noData = "#888888"

// legendClass is one class: min ≤ value < max, the last with its max. Count is of grids; of the kernel, of hazards, and AreaKm2
// is the ground of that density.
type legendClass struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Color   string  `json:"color"`
	Count   int     `json:"count"`
	AreaKm2 float64 `json:"area_km2,omitempty"`
}

type legendAnswer struct {
	Measure    string        `json:"measure"`
	Unit       string        `json:"unit"`
	Level      int           `json:"level"`
	BandwidthM float64       `json:"bandwidth_m,omitempty"` // of the kernel
	Classes    []legendClass `json:"classes"`
	NoData     struct {
		Color string `json:"color"`
		Count int    `json:"count"`
	} `json:"no_data"`
}

func (s *Server) legend(w http.ResponseWriter, r *http.Request, st *state) error {
	h, err := s.heatmapOf(r, st)
	if err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("legend %#v", h), func() (any, error) {
		shade, err := s.heat.shading(st.snapshot, h)
		if err != nil {
			return nil, err
		}
		return shade.legend, nil
	}))
}

// A shading is the classes that the legend and all pictures of a heatmap share.
type shading struct {
	legend legendAnswer
	limits []float64 // between the classes
	grids  []uint8   // 1 + the number of the ink of each grid; of the kernel, nil
}

func (s *shading) size() int { return len(s.grids) + 128*len(s.legend.Classes) + 256 }

func (h *heat) shading(snapshot *safety.Snapshot, m heatmap) (*shading, error) {
	key := fmt.Sprintf("%d %d %#v", snapshot.Version(), snapshot.At(), m)
	return h.shadings.get(key, func() (*shading, error) {
		what, err := measureOf(m.measure)
		if err != nil {
			return nil, err
		}
		if what.value == nil {
			return h.shadeKernel(snapshot, m)
		}
		t, err := snapshot.Tallies(m.level, m.query)
		if err != nil {
			return nil, err
		}
		return shadeGrids(what, t, m.classing), nil
	})
}

// shadeGrids classes the grids of a table.
func shadeGrids(what measure, t *safety.Table, c classing) *shading {
	rows := t.Rows[:len(t.Rows)-2] // the last two are no grids
	values := make([]float64, 0, len(rows))
	for i := range rows {
		if v, ok := what.value(&rows[i]); ok {
			values = append(values, v)
		}
	}
	s := newShading(what, t.Level, c.of(values), c.ramp)
	s.legend.NoData.Count = len(rows) - len(values)
	s.grids = make([]uint8, len(rows))
	for i := range rows {
		v, ok := what.value(&rows[i])
		if !ok {
			s.grids[i] = uint8(len(s.legend.Classes) + 1)
			continue
		}
		k := analytics.Step(s.limits, v)
		s.legend.Classes[k].Count++
		s.grids[i] = uint8(k + 1)
	}
	return s
}

// newShading returns classes between ends without counts.
func newShading(what measure, level int, ends []float64, ramp string) *shading {
	s := &shading{legend: legendAnswer{Measure: what.id, Unit: what.unit, Level: level, Classes: []legendClass{}}}
	s.legend.NoData.Color = noData
	for i := 1; i < len(ends); i++ {
		s.legend.Classes = append(s.legend.Classes, legendClass{Min: ends[i-1], Max: ends[i], Color: step(rampOf(ramp), i-1, len(ends)-1)})
	}
	if len(ends) > 2 {
		s.limits = ends[1 : len(ends)-1]
	}
	return s
}
