package export

import (
	"cmp"
	"encoding/json"

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

	least int // bytes of a block; 0: blockLeast
}

// Locate returns the grids of p, which is in the locator's frame.
func (l Locator) Locate(p orb.Point) (safety.Where, error) {
	at, err := l.inWGS84(p)
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

// element answers for one element of a JSON array of points.
func (l Locator) element(text json.RawMessage) *Object {
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
