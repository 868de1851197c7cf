package server

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"
	"github.com/paulmach/orb"

	"hazgrid/internal/export"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// styleMedia is the media type by which OGC API - Styles names a style for MapLibre.
const styleMedia = "application/vnd.mapbox.style+json"

// A style is one look of the layers, after the MapLibre style specification. It has no text, for
// which it would need fonts from another host.
type style struct {
	name, title string
	paint       func(*canvas) error
}

func allStyles() []style {
	return []style{
		{"hazard-density", "Hazards found per km², by grid", choropleth("hazard-density", "density")},
		{"rectification-rate", "Share of hazards rectified, by grid", choropleth("rectification-rate", "rate")},
		{"hazard-kernel", "Kernel density of hazards", kernel},
		{"enterprises", "Enterprises by risk", enterprisePoints},
		{"hazards", "Hazards by severity", hazardPoints},
	}
}

// styles lists the styles, as OGC API - Styles does.
func (s *Server) styles(w http.ResponseWriter, r *http.Request, st *state) error {
	base := baseURL(r)
	return s.reply(w, r, st, jsonAnswer("styles "+base, func() (any, error) {
		list := []*export.Object{}
		for _, y := range allStyles() {
			l := link{Href: base + "/styles/" + y.name + ".json", Rel: "stylesheet", Type: styleMedia, Title: y.title}
			list = append(list, new(export.Object).Set("id", y.name).Set("title", y.title).Set("links", []link{l}))
		}
		return new(export.Object).Set("styles", list), nil
	}))
}

func (s *Server) style(w http.ResponseWriter, r *http.Request, st *state) error {
	y, err := styleNamed(mux.Vars(r)["name"])
	if err != nil {
		return err
	}
	t, err := s.tileRequest(r, st)
	if err != nil {
		return err
	}
	n, err := level(r, st, st.snapshot.Depth(t.query.Scheme))
	if err != nil {
		return err
	}
	base, query := baseURL(r), passOn(r, append(queryNames(), "frame"))
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("style %s %d %s %s", y.name, n, base, query), func() (any, error) {
		c := &canvas{snapshot: st.snapshot, base: base, query: query, level: n, tileRequest: t, sources: new(export.Object)}
		if err := y.paint(c); err != nil {
			return nil, err
		}
		return c.style(y), nil
	}))
}

func styleNamed(name string) (style, error) {
	for _, y := range allStyles() {
		if y.name == name {
			return y, nil
		}
	}
	return style{}, fmt.Errorf("style %q: %w", name, safety.ErrNotFound)
}

// A canvas is a style in the making.
type canvas struct {
	snapshot *safety.Snapshot
	base     string // URL of the service
	query    string // that sources are asked with, and its question mark
	level    int    // of the grids
	tileRequest
	legend  string // URL, "" for none
	sources *export.Object
	layers  []*export.Object
}

// style is what was painted.
func (c *canvas) style(y style) *export.Object {
	var o, about export.Object
	o.Set("version", 8).Set("name", y.title)
	if c.legend != "" {
		o.Set("metadata", about.Set("hazgrid:legend", c.legend))
	}
	if b, ok := gridBounds(c.snapshot, c.tileRequest.query.Scheme, c.tileRequest.query.At); ok {
		o.Set("center", b.Center()).Set("zoom", zoomOf(b))
	}
	return o.Set("sources", c.sources).Set("layers", c.layers)
}

// zoomOf is the zoom at which a box fills a map of about 800 pixels; MapLibre's tiles have 512.
func zoomOf(b orb.Bound) float64 {
	width := max(b.Max[0]-b.Min[0], 1e-4)
	return min(max(math.Floor(math.Log2(360/width*800/512)), 0), tiles.MaxZoom)
}

// vector adds the tiles of a layer as a source of the same name.
func (c *canvas) vector(id, query string) {
	c.sources.Set(id, map[string]string{"type": "vector", "url": c.base + "/tiles/" + id + ".json" + query})
}

// paint adds a layer over those that are there, and returns it.
func (c *canvas) paint(kind, source string, paint *export.Object) *export.Object {
	o := new(export.Object).Set("id", source+"-"+kind).Set("type", kind).Set("source", source)
	if kind != "raster" {
		o.Set("source-layer", source)
	}
	c.layers = append(c.layers, o)
	return o.Set("paint", paint)
}

func (c *canvas) grids() string { return fmt.Sprintf("%s-%d", gridLayer, c.level) }

// outlines adds the borders of the grids.
func (c *canvas) outlines() {
	paint := new(export.Object).Set("line-color", "#33414e").Set("line-width", byZoom(8, 0.3, 14, 1.2))
	c.paint("line", c.grids(), paint.Set("line-opacity", byZoom(8, 0.35, 12, 0.9))) // at low zooms there are many close together
}

// backdrop adds the grids as empty shapes, if there are any.
func (c *canvas) backdrop() {
	if c.level == 0 {
		return
	}
	query := c.query + "?columns=none"
	if c.query != "" {
		query = c.query + "&columns=none"
	}
	c.vector(c.grids(), query)
	c.outlines()
}

// byZoom is a value that grows in a straight line from one zoom to another.
func byZoom(from int, low any, to int, high any) []any {
	return []any{"interpolate", []string{"linear"}, []string{"zoom"}, from, low, to, high}
}

// choropleth fills the grids by the classes of the legend of a measure, of which column is the value.
func choropleth(id, column string) func(*canvas) error {
	return func(c *canvas) error {
		m, err := measureOf(id)
		if err != nil {
			return err
		}
		table, err := c.snapshot.Tallies(c.level, c.tileRequest.query)
		if err != nil {
			return err
		}
		c.legend = c.base + "/heatmaps/" + id + "/legend.json" + c.leveled()
		c.vector(c.grids(), c.query)
		c.paint("fill", c.grids(), new(export.Object).Set("fill-color", classColors(shadeGrids(m, table, usualClassing()).legend, column)).Set("fill-opacity", 0.85))
		c.outlines()
		return nil
	}
}

// leveled is the query string with the level of the grids, if there are any.
func (c *canvas) leveled() string {
	if c.level == 0 {
		return c.query
	}
	level := "level=" + strconv.Itoa(c.level)
	if c.query == "" {
		return "?" + level
	}
	return c.query + "&" + level
}

// classColors is the colour of a grid by the class of its value; without a value it is that of no data.
func classColors(l legendAnswer, column string) any {
	if len(l.Classes) == 0 {
		return l.NoData.Color
	}
	if len(l.Classes) == 1 {
		return []any{"case", []any{"has", column}, l.Classes[0].Color, l.NoData.Color}
	}
	steps := []any{"step", []any{"get", column}, l.Classes[0].Color}
	for _, class := range l.Classes[1:] {
		steps = append(steps, class.Min, class.Color)
	}
	return []any{"case", []any{"has", column}, steps, l.NoData.Color}
}

// kernel shows the raster of the kernel density over the borders of the grids.
func kernel(c *canvas) error {
	c.legend = c.base + "/heatmaps/hazard-kernel/legend.json" + c.leveled()
	o := new(export.Object).Set("type", "raster").Set("tiles", []string{c.base + "/heatmaps/hazard-kernel/{z}/{x}/{y}.png" + c.leveled()})
	o.Set("tileSize", 256).Set("minzoom", 0).Set("maxzoom", tiles.MaxZoom)
	if b, ok := gridBounds(c.snapshot, c.tileRequest.query.Scheme, c.tileRequest.query.At); ok {
		o.Set("bounds", [4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]})
	}
	c.sources.Set("hazard-kernel", o)
	c.paint("raster", "hazard-kernel", new(export.Object).Set("raster-opacity", 0.9))
	c.backdrop()
	return nil
}

// A grade is a value of a column of points and its colour; the later in a list, the higher the points are drawn.
type grade struct{ value, color string }

// noGrade is the colour of points without a grade, or with several at one place.
const noGrade = "#8a929a"

// enterprisePoints has the four grades of risk: red, orange, yellow, blue.
func enterprisePoints(c *canvas) error {
	c.points(string(enterpriseLayer), "risk", []grade{{"blue", "#3f76b5"}, {"yellow", "#fddf6b"}, {"orange", "#f58a42"}, {"red", "#d7301f"}})
	return nil
}

func hazardPoints(c *canvas) error {
	c.points(string(hazardLayer), "severity", []grade{{"general", "#fddf6b"}, {"major", "#d7301f"}})
	return nil
}

// points shows a layer of points over the borders of the grids; more at one place are a larger circle.
func (c *canvas) points(id, column string, grades []grade) {
	c.backdrop()
	c.vector(id, c.query)
	color, order := []any{"match", []any{"get", column}}, []any{"match", []any{"get", column}}
	for i, g := range grades {
		color, order = append(color, g.value, g.color), append(order, g.value, i+1)
	}
	more := []any{"ln", []any{"number", []any{"get", "count"}, 1}}
	paint := new(export.Object).Set("circle-color", append(color, noGrade))
	paint.Set("circle-radius", byZoom(8, []any{"+", 1.5, more}, 15, []any{"+", 5, more}))
	paint.Set("circle-stroke-color", "#20262c").Set("circle-stroke-width", byZoom(9, 0, 14, 1))
	c.paint("circle", id, paint).Set("layout", new(export.Object).Set("circle-sort-key", append(order, 0)))
}
