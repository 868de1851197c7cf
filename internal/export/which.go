package export

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// A Locator answers which-grid for points of one frame from one snapshot.
type Locator struct {
	Snapshot *safety.Snapshot
	Frame    crs.Frame // of the points
	Asked    string    // the frame by the name it was asked for, which answers repeat; "": its own
	Options  safety.WhichOptions
	Rejected func(error) // called for each row of a file that is no point; nil: nobody counts
}

// Locate returns the grids of p, which is in the locator's frame.
func (l Locator) Locate(p orb.Point) (safety.Where, error) {
	if err := safety.CheckPoint(p); err != nil {
		return safety.Where{}, err
	}
	at, err := l.Frame.ToWGS84(p)
	if err != nil {
		return safety.Where{}, err
	}
	return l.Snapshot.Which(at, l.Options)
}

// Answer returns the JSON object of GET /api/v1/which for p: contract section 4.
func (l Locator) Answer(p orb.Point) (*Object, error) {
	w, err := l.Locate(p)
	if err != nil {
		return nil, err
	}
	return l.object(p, w), nil
}

// owner is one grid of an answer.
type owner struct {
	Level int    `json:"level"`
	Code  string `json:"code"`
	Name  string `json:"name"`
}

func (l Locator) object(point any, w safety.Where) *Object {
	owners := make([]owner, len(w.Grids))
	for i, g := range w.Grids {
		owners[i] = owner{g.Level, g.Code, g.Name}
	}
	var o Object
	return o.Set("point", point).Set("frame", cmp.Or(l.Asked, string(l.Frame))).Set("grids", owners).Set("distance_m", number(w.DistanceM, len(owners) > 0))
}

// WhichCSV reads CSV with the columns lon and lat from r and writes the same rows to w, with
// grid, grid_1 … grid_N, grid_distance_m and error as the last columns. It works row by row, in order. A row
// whose point is wrong says so in its column error; a file without the two columns is a *safety.FieldError.
func (l Locator) WhichCSV(w io.Writer, r io.Reader) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return &safety.FieldError{Field: "lon", Reason: "the file is empty: want a header with lon and lat"}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", safety.ErrInvalid, err)
	}
	t := tableOfPoints{Locator: l, width: len(header), depth: l.Snapshot.Depth(l.Options.Scheme)}
	if t.lon, t.lat, err = pointColumns(header); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(t.header(header)); err != nil {
		return err
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			out.Flush()
			return out.Error()
		}
		if err != nil {
			return fmt.Errorf("%w: %w", safety.ErrInvalid, err)
		}
		if err := out.Write(t.row(cells)); err != nil {
			return err
		}
	}
}

// pointColumns finds the columns lon and lat.
func pointColumns(header []string) (lon, lat int, err error) {
	lon, lat = -1, -1
	twice := false
	for i, h := range header {
		switch strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))) {
		case "lon":
			lon, twice = i, twice || lon >= 0
		case "lat":
			lat, twice = i, twice || lat >= 0
		}
	}
	switch {
	case twice:
		return 0, 0, &safety.FieldError{Field: "lon", Reason: "lon or lat is there twice"}
	case lon < 0:
		return 0, 0, &safety.FieldError{Field: "lon", Reason: "no such column"}
	case lat < 0:
		return 0, 0, &safety.FieldError{Field: "lat", Reason: "no such column"}
	}
	return lon, lat, nil
}

// tableOfPoints answers row by row.
type tableOfPoints struct {
	Locator
	lon, lat     int // columns
	width, depth int // columns of the input; deepest level
	out          []string
}

func (t *tableOfPoints) header(cells []string) []string {
	out := append([]string{strings.TrimPrefix(cells[0], "\ufeff")}, cells[1:]...)
	out = append(out, "grid")
	for level := range t.depth {
		out = append(out, fmt.Sprintf("grid_%d", level+1))
	}
	return append(out, "grid_distance_m", "error")
}

// row returns cells with the answer as its last columns. The slice is used again for the next row.
func (t *tableOfPoints) row(cells []string) []string {
	t.out = append(t.out[:0], cells...)
	for len(t.out) < t.width {
		t.out = append(t.out, "")
	}
	if len(cells) > t.width {
		return t.answer(safety.Where{}, fmt.Errorf("want %d columns, got %d", t.width, len(cells)))
	}
	p, err := parsePoint(t.out[t.lon], t.out[t.lat])
	if err != nil {
		return t.answer(safety.Where{}, err)
	}
	return t.answer(t.Locate(p))
}

func (t *tableOfPoints) answer(w safety.Where, err error) []string {
	t.out = t.out[:t.width]
	codes := make([]string, t.depth+1)
	distance, problem := "", ""
	for _, g := range w.Grids {
		codes[0], codes[g.Level] = g.Code, g.Code
		distance = cell(w.DistanceM)
	}
	if err != nil {
		problem = err.Error()
		if t.Rejected != nil {
			t.Rejected(err)
		}
	}
	return append(append(t.out, codes...), distance, problem)
}

// parsePoint reads a longitude and a latitude; what is no number is a *safety.FieldError.
func parsePoint(lon, lat string) (p orb.Point, err error) {
	for i, c := range []struct{ name, text string }{{"lon", lon}, {"lat", lat}} {
		if p[i], err = ParseNumber(c.text); err != nil {
			return p, &safety.FieldError{Field: c.name, Reason: err.Error()}
		}
	}
	return p, nil
}

// ParseNumber reads a decimal number as people write it: none of the forms that only Go knows.
func ParseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || strings.ContainsAny(s, "_xX") {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}

// WhichJSON reads [[lon,lat],…] from r and writes an array of the objects of Answer, in order and as it goes. A bad
// point has no grids and an error; text that is no such array is ErrInvalid.
func (l Locator) WhichJSON(w io.Writer, r io.Reader) error {
	in := json.NewDecoder(r)
	if t, err := in.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("%w: want a JSON array [[lon,lat],…]", safety.ErrInvalid)
	}
	before := "["
	for in.More() {
		var point json.RawMessage
		if err := in.Decode(&point); err != nil {
			return fmt.Errorf("%w: %w", safety.ErrInvalid, err)
		}
		b, err := json.Marshal(l.point(point))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		before = ",\n"
	}
	if _, err := in.Token(); err != nil {
		return fmt.Errorf("%w: the array does not end: %w", safety.ErrInvalid, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more after the array", safety.ErrInvalid)
	}
	if before == "[" {
		before = "[]"
	} else {
		before = "]"
	}
	_, err := io.WriteString(w, before+"\n")
	return err
}

func (l Locator) point(text json.RawMessage) *Object {
	var xy []float64
	err := json.Unmarshal(text, &xy)
	if err != nil || len(xy) != 2 {
		return l.object(text, safety.Where{}).Set("error", "want [lon,lat]")
	}
	w, err := l.Locate(orb.Point{xy[0], xy[1]})
	if err != nil {
		return l.object(xy, safety.Where{}).Set("error", err.Error())
	}
	return l.object(xy, w)
}
