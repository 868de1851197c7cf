package tiles

// TileJSON describes a set of vector tiles: TileJSON 3.0.0.
type TileJSON struct {
	Version      string        `json:"tilejson"` // "3.0.0"
	Name         string        `json:"name,omitempty"`
	Description  string        `json:"description,omitempty"`
	Attribution  string        `json:"attribution,omitempty"`
	Scheme       string        `json:"scheme"` // "xyz": rows from the north
	Tiles        []string      `json:"tiles"`  // URLs with {z}, {x} and {y}
	MinZoom      int           `json:"minzoom"`
	MaxZoom      int           `json:"maxzoom"`
	Bounds       *[4]float64   `json:"bounds,omitempty"` // west, south, east, north, degrees
	Center       *[3]float64   `json:"center,omitempty"` // longitude, latitude, zoom
	VectorLayers []VectorLayer `json:"vector_layers"`
}

// A VectorLayer describes one layer of a TileJSON: Fields says in a few words what each attribute is.
type VectorLayer struct {
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	MinZoom     int               `json:"minzoom"`
	MaxZoom     int               `json:"maxzoom"`
	Fields      map[string]string `json:"fields"`
}
