package server

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"hazgrid/analytics"
	"hazgrid/safety"
)

// A measure is what a choropleth shows.
type measure struct {
	id    string
	unit  string
	value func(*safety.Row) (v float64, ok bool)
}

func measureOf(id string) (measure, error) {
	switch id {
	case "hazard-density":
		return measure{id, "hazards/km2", func(r *safety.Row) (float64, bool) { return r.Density() }}, nil
	case "rectification-rate":
		return measure{id, "1", func(r *safety.Row) (float64, bool) { return r.Rate() }}, nil
	}
	return measure{}, fmt.Errorf("measure %q: %w", id, safety.ErrNotFound)
}

// maxClasses is how many classes there are at most: the steps of the palette.
const maxClasses = 7

// palette is Cividis (Nuñez, Anderton and Renslow 2018) at seven even steps: it reads the same with and without colour blindness, and in grey.
func palette() [maxClasses]string {
	return [maxClasses]string{"#00204d", "#233e6c", "#575d6d", "#7c7b78", "#a69d75", "#d3c164", "#ffea46"}
}

// noData is the colour of a grid without a value. It is no step of the palette.
const noData = "#888888"

// legendClass is one class: min ≤ value < max, the last with its max.
type legendClass struct {
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Color string  `json:"color"`
	Count int     `json:"count"`
}

type legendAnswer struct {
	Measure string        `json:"measure"`
	Unit    string        `json:"unit"`
	Level   int           `json:"level"`
	Classes []legendClass `json:"classes"`
	NoData  struct {
		Color string `json:"color"`
		Count int    `json:"count"`
	} `json:"no_data"`
}

func (s *Server) legend(w http.ResponseWriter, r *http.Request, st *state) error {
	m, err := measureOf(mux.Vars(r)["measure"])
	if err != nil {
		return err
	}
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	n, err := level(r, st, st.snapshot.Depth(q.Scheme))
	if err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("legend %s %d %#v", m.id, n, q), func() (any, error) {
		t, err := st.snapshot.Tallies(n, q)
		if err != nil {
			return nil, err
		}
		return legendOf(m, t), nil
	}))
}

// legendOf classes the grids of a table by quantiles: as many grids in each of at most seven classes as ties allow.
func legendOf(m measure, t *safety.Table) legendAnswer {
	out := legendAnswer{Measure: m.id, Unit: m.unit, Level: t.Level, Classes: []legendClass{}}
	out.NoData.Color = noData
	var values []float64
	for i := range t.Rows {
		if t.Rows[i].Grid == nil {
			continue
		}
		if v, ok := m.value(&t.Rows[i]); ok {
			values = append(values, v)
		} else {
			out.NoData.Count++
		}
	}
	breaks := analytics.Quantiles(values, maxClasses)
	for i := 1; i < len(breaks); i++ {
		out.Classes = append(out.Classes, legendClass{Min: breaks[i-1], Max: breaks[i], Color: step(i-1, len(breaks)-1)})
	}
	for _, v := range values {
		if c := analytics.Class(breaks, v); c >= 0 && c < len(out.Classes) {
			out.Classes[c].Count++
		}
	}
	return out
}

// step returns the colour of class i of n, spread over the whole palette.
func step(i, n int) string {
	p := palette()
	if n < 2 {
		return p[0]
	}
	return p[(i*(len(p)-1)+(n-1)/2)/(n-1)]
}
