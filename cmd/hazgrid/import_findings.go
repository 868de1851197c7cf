package main

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// reportedFindings is how many findings of each kind the report lists; --findings has all that are kept.
const reportedFindings = 1000

// reportFindings are the findings about the grids of a file, as the report has them.
type reportFindings struct {
	Total int64           `json:"total"`
	List  []reportFinding `json:"list"`
}

// A reportFinding is a safety.Finding without its shape. Areas are square metres, lengths metres, share is in
// [0,1]; lon and lat are of a place in it.
type reportFinding struct {
	File     string   `json:"file,omitempty"` // in --findings
	Kind     string   `json:"kind"`
	Scheme   string   `json:"scheme"`
	Level    int      `json:"level"`
	Codes    []string `json:"codes"`
	Reason   string   `json:"reason"`
	AreaM2   float64  `json:"area_m2"`
	LengthM  float64  `json:"length_m,omitempty"`
	WidthM   float64  `json:"width_m,omitempty"`
	Share    float64  `json:"share,omitempty"`
	BeforeM2 *float64 `json:"area_before_m2,omitempty"`
	AfterM2  *float64 `json:"area_after_m2,omitempty"`
	Sliver   bool     `json:"sliver"`
	Lon      float64  `json:"lon"`
	Lat      float64  `json:"lat"`
}

// newReportFindings lists the first findings of grids; other kinds have none.
func newReportFindings(k safety.Kind, found safety.Findings) *reportFindings {
	if k != safety.Grids {
		return nil
	}
	r := &reportFindings{Total: found.Total, List: []reportFinding{}}
	listed := map[string]int{}
	for _, f := range found.List {
		if listed[f.Kind]++; listed[f.Kind] <= reportedFindings {
			r.List = append(r.List, newReportFinding(f))
		}
	}
	return r
}

func newReportFinding(f safety.Finding) reportFinding {
	r := reportFinding{
		Kind: f.Kind, Scheme: f.Scheme, Level: f.Level, Codes: f.Codes, Reason: f.Reason, AreaM2: f.AreaM2,
		LengthM: f.LengthM, WidthM: f.WidthM, Share: f.Share, Sliver: f.Sliver, Lon: f.At[0], Lat: f.At[1],
	}
	if f.Kind == safety.FoundRepaired || f.Kind == safety.FoundMended {
		r.BeforeM2, r.AfterM2 = &f.BeforeM2, &f.AfterM2
	}
	return r
}

// A findingsFile is the GeoJSON of --findings; without the flag it takes nothing. It appears whole, at close.
type findingsFile struct {
	out   *bufio.Writer
	done  func(error) error
	count int
	err   error
}

// newFindingsFile opens the file of --findings before anything is imported.
func (a *app) newFindingsFile(path string) (*findingsFile, error) {
	if path == "" {
		return nil, nil
	}
	w, done, err := a.output(path)
	if err != nil {
		return nil, err
	}
	f := &findingsFile{out: bufio.NewWriter(w), done: done}
	_, f.err = io.WriteString(f.out, `{"type":"FeatureCollection","features":[`)
	return f, nil
}

// A findingFeature is a finding as GeoJSON: its shape, or a point where it has none.
type findingFeature struct {
	Type       string          `json:"type"`
	Geometry   findingGeometry `json:"geometry"`
	Properties reportFinding   `json:"properties"`
}

type findingGeometry struct {
	Type        string       `json:"type"`
	Coordinates orb.Geometry `json:"coordinates"`
}

// add writes the findings of a file.
func (f *findingsFile) add(r *importReport) error {
	if f == nil {
		return nil
	}
	for _, found := range r.found.List {
		feature := findingFeature{"Feature", geometryOf(found), newReportFinding(found)}
		feature.Properties.File = r.File
		text, err := json.Marshal(feature)
		if err != nil {
			return err
		}
		separator := ",\n"
		if f.count == 0 {
			separator = "\n"
		}
		f.count++
		if _, err := f.out.WriteString(separator + string(text)); err != nil {
			return err
		}
	}
	return nil
}

func geometryOf(f safety.Finding) findingGeometry {
	switch len(f.Shape) {
	case 0:
		return findingGeometry{"Point", f.At}
	case 1:
		return findingGeometry{"Polygon", f.Shape[0]}
	}
	return findingGeometry{"MultiPolygon", f.Shape}
}

func (f *findingsFile) close() error {
	if f == nil {
		return nil
	}
	if f.err == nil {
		_, f.err = f.out.WriteString("\n]}\n")
	}
	if err := f.out.Flush(); f.err == nil {
		f.err = err
	}
	return f.done(f.err)
}
