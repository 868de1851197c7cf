package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/importers"
	"hazgrid/internal/export"
)

// frameParams is the JSON of --frame-params.
type frameParams struct {
	Name    string `json:"name"`
	Onto    string `json:"onto"`
	Helmert *struct {
		TX  float64 `json:"tx_m"`
		TY  float64 `json:"ty_m"`
		TZ  float64 `json:"tz_m"`
		RX  float64 `json:"rx_s"`
		RY  float64 `json:"ry_s"`
		RZ  float64 `json:"rz_s"`
		PPM float64 `json:"ppm"`
	} `json:"helmert"`
	Similarity *struct {
		DX       float64  `json:"dx_m"`
		DY       float64  `json:"dy_m"`
		Rotation float64  `json:"rotation_s"`
		Scale    *float64 `json:"scale"`
	} `json:"similarity"`

	path string
}

// readFrameParams reads the file at path; "" has none.
func readFrameParams(path string) (p frameParams, err error) {
	if path == "" {
		return p, nil
	}
	text, err := readSmall(path)
	if err != nil {
		return p, err
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	switch p.path = path; {
	case p.Helmert == nil && p.Similarity == nil:
		return p, fmt.Errorf("%s: neither helmert nor similarity is in it", path)
	case p.Similarity != nil && p.Similarity.Scale == nil:
		return p, fmt.Errorf("%s: the similarity has no scale", path)
	}
	return p, nil
}

func (p *frameParams) helmert() *crs.Helmert {
	if p.Helmert == nil {
		return nil
	}
	return &crs.Helmert{TX: p.Helmert.TX, TY: p.Helmert.TY, TZ: p.Helmert.TZ, RX: p.Helmert.RX, RY: p.Helmert.RY, RZ: p.Helmert.RZ, PPM: p.Helmert.PPM}
}

// local puts the frame of four parameters into the options.
func (p *frameParams) local(o *importers.Options) error {
	onto, err := ontoFrame(o, p.Onto)
	if err == nil && onto == nil {
		err = errors.New("the similarity leads onto no plane: say which as \"onto\", or with --frame")
	}
	if err != nil {
		return err
	}
	s := crs.Similarity{DX: p.Similarity.DX, DY: p.Similarity.DY, Rotation: p.Similarity.Rotation, Scale: *p.Similarity.Scale}
	c, err := onto.Local(localName(p.Name, p.path), s)
	if err != nil {
		return err
	}
	o.Frame, o.Definition, o.Why = "", &c, fmt.Sprintf("given, by four parameters onto %s in %s", onto.Name(), p.path)
	return nil
}

// ontoFrame is the plane that a local frame leads onto: the one named, else that of --frame; nil when there is neither.
func ontoFrame(o *importers.Options, name string) (*crs.Conversion, error) {
	frame := o.Frame
	if name != "" {
		var err error
		if frame, err = crs.Parse(name); err != nil {
			return nil, err
		}
	} else if o.Definition != nil {
		return o.Definition, nil
	}
	if frame == "" {
		return nil, nil
	}
	c, err := frame.Conversion()
	return &c, err
}

// localName is what a local frame is remembered by.
func localName(name, path string) crs.Frame {
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return crs.Frame("local:" + name)
}

// fitted puts the frame that control points give into the options.
func (f *importFlags) fitted(o *importers.Options, name string) error {
	points, err := readControlPoints(f.controlPoints)
	if err != nil {
		return fmt.Errorf("%s: %w", f.controlPoints, err)
	}
	onto, err := ontoFrame(o, "")
	if err != nil {
		return err
	}
	named := localName(name, f.controlPoints)
	c, residual, err := crs.Fit(named, onto, points)
	turned := slices.Clone(points)
	for i := range turned {
		turned[i].Local[0], turned[i].Local[1] = turned[i].Local[1], turned[i].Local[0]
	}
	// A northing that comes first is a mirrored plane, which no similarity makes.
	if c2, r2, err2 := crs.Fit(named, onto, turned); err2 == nil && (err != nil || r2.RMS < residual.RMS) {
		c, residual, err, o.Swapped = c2, r2, nil, true
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.controlPoints, err)
	}
	o.Frame, o.Definition = "", &c
	o.Why = fmt.Sprintf("fitted on %d control points in %s: %.3f m off (root of the mean square), at most %.3f m (point %d), scale %.6f",
		len(points), f.controlPoints, residual.RMS, residual.Metres[residual.Worst], residual.Worst+1, residual.Scale)
	if o.Swapped {
		o.Why += "; x is the northing"
	}
	return nil
}

// mostControlPoints is how many are read.
const mostControlPoints = 10_000

// readControlPoints reads a CSV file with the columns x, y, lon and lat.
func readControlPoints(path string) (points []crs.Control, err error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	in := csv.NewReader(strings.NewReader(text))
	in.TrimLeadingSpace = true
	rows, err := in.ReadAll()
	if err == nil && len(rows) == 0 {
		err = errors.New("it is empty; want the columns x,y,lon,lat")
	}
	if err != nil {
		return nil, err
	}
	var at [4]int
	for i, name := range []string{"x", "y", "lon", "lat"} {
		at[i] = slices.IndexFunc(rows[0], func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) })
		if at[i] < 0 {
			return nil, fmt.Errorf("no column %s (want x,y,lon,lat)", name)
		}
	}
	for n, cells := range rows[1:min(len(rows), mostControlPoints+1)] {
		var v [4]float64
		for i, column := range at {
			if v[i], err = export.ParseNumber(strings.TrimSpace(cells[column])); err != nil {
				return nil, fmt.Errorf("point %d: %w", n+1, err)
			}
		}
		points = append(points, crs.Control{Local: orb.Point{v[0], v[1]}, WGS84: orb.Point{v[2], v[3]}})
	}
	return points, nil
}
