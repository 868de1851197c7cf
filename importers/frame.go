package importers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// The frame of a file is, in this order: what the user says (Options.Definition, Options.Frame); what a test of the
// coordinates finds, where the user asks for it (AutoFrame); what the file itself says; WGS 84.

// ErrFrame says that a file's coordinates are in a frame that is not read, or not known for certain.
var ErrFrame = errors.New("frame not supported")

// AutoFrame as Options.Frame tests the likely frames on a sample of the file: see FrameScore.
const AutoFrame crs.Frame = "auto"

// Of the swap of axes in a plane: so many records are looked at, and so large a share must agree.
const (
	swapSample = 1000
	swapShare  = 0.9
)

// settleFrame takes the frame that the user says, or what a test finds, before the file is read.
func (f *File) settleFrame() error {
	o := f.src.o
	switch {
	case o.Definition != nil:
		f.mapper.swap = o.Swapped
		f.useFrame(*o.Definition, cmp.Or(o.Why, "given"))
		return nil
	case o.Frame == AutoFrame:
		return f.autoFrame()
	case o.Frame != "":
		c, err := o.Frame.Conversion()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFrame, err)
		}
		f.useFrame(c, "given")
		return nil
	}
	f.Frame, f.FrameWhy = crs.WGS84, "nothing says otherwise"
	return nil
}

// asked reports that the frame does not depend on what the file says of itself.
func (o Options) asked() bool { return o.Definition != nil || o.Frame != "" }

// useFrame reads coordinates by c from here on.
func (f *File) useFrame(c crs.Conversion, why string) {
	f.mapper.conversion, f.Frame, f.FrameWhy = c, c.Name(), why
	if !c.Projected() {
		return
	}
	spots, _ := f.sample(swapSample)
	swapped, odd := axes(&c, spots)
	if swapped && !odd {
		f.mapper.swap = true
		f.FrameWhy += "; x is the northing and y the easting"
		f.mapper.warn("swapped", fmt.Sprintf("x is the northing and y the easting, by %d records: they are taken so in the whole file", len(spots)))
	}
	if f.degrees = odd; odd {
		f.mapper.warn("frame", fmt.Sprintf("the coordinates look like degrees, and are read as lengths in %s", c.Name()))
	}
}

// axes tells from a sample of a file in the plane of c that its northing comes first (swapped), as Chinese survey
// texts have it, and that the numbers are degrees rather than lengths (odd).
func axes(c *crs.Conversion, spots []spot) (swapped, odd bool) {
	var as, other, degrees int
	for _, s := range spots {
		if c.Near(s.at) {
			as++
		}
		if c.Near(turned(s.at)) {
			other++
		}
		if math.Abs(s.at[0]) <= 180 && math.Abs(s.at[1]) <= 180 {
			degrees++
		}
	}
	most := swapShare * float64(len(spots))
	return float64(other) >= most && float64(as) <= float64(len(spots))-most && other > 0, float64(degrees) >= most && degrees > 0
}

func turned(p orb.Point) orb.Point { return orb.Point{p[1], p[0]} }

// claimed is told of the frame that the file names.
func (f *File) claimed(name string) {
	c, err := f.understood(name)
	switch {
	case strings.TrimSpace(name) == "" || f.src.o.Frame == AutoFrame:
	case f.src.o.asked():
		if err != nil || c.Name() != f.Frame {
			f.mapper.warn("frame", fmt.Sprintf("the file says %s, coordinates were read as %s (--frame)", said(c, err, name), f.Frame))
		}
	case err != nil:
		f.refused = err
	default:
		if f.useFrame(c, "the file says so"); f.degrees {
			f.refused = fmt.Errorf("%w: the file says its frame is %s, a plane, but its coordinates look like degrees; say --frame (wgs84?)", ErrFrame, c.Name())
		}
	}
}

// said is how a claim is called in a warning.
func said(c crs.Conversion, err error, name string) string {
	if err == nil {
		return string(c.Name())
	}
	return clip(strings.Join(strings.Fields(name), " "))
}

// understood reads what a file says of its frame: a name, or a definition in WKT. The error is ErrFrame.
func (f *File) understood(claim string) (crs.Conversion, error) {
	claim = strings.TrimSpace(claim)
	name, err := crs.Parse(frameName(claim))
	if err == nil {
		return name.Conversion()
	}
	if len(claim) < 40 && !strings.ContainsAny(claim, "[(<") {
		return crs.Conversion{}, fmt.Errorf("%w: the file says its frame is %q, which is not known by name; say --frame, with a name or the definition (FILE.prj)", ErrFrame, clip(claim))
	}
	c, err := crs.ParseWKT(claim, f.src.o.Datum)
	switch {
	case errors.Is(err, crs.ErrDatum):
		return c, fmt.Errorf("%w: what the file says of its frame: %w; give its parameters (--frame-params) or control points (--control-points)", ErrFrame, err)
	case err != nil:
		return c, fmt.Errorf("%w: what the file says of its frame: %w; say --frame if you know it", ErrFrame, err)
	}
	return c, nil
}

// A spot is where a record of a file is, as the file has it, and the grid that it declares.
type spot struct {
	at   orb.Point
	grid string // folded; "" when it declares none
}

// sampleRows is how many rows are looked at for a sample at most.
const sampleRows = 50_000

// sample reads the first records that have a location, up to a number, and what the file says of its frame.
// Trouble ends it: the reading that follows will tell.
func (f *File) sample(most int) (spots []spot, claim string) {
	m := newMapper(f.src.o)
	t, err := f.open(func(name string) { claim = name })
	if err != nil {
		return nil, claim
	}
	if t.close != nil {
		defer func() { _ = t.close() }() // only read from
	}
	m.columns.cut = t.cut
	declared := m.declares()
	for r, err := range t.rows {
		if err != nil || len(spots) >= most || r.number > sampleRows {
			break
		}
		if s, ok := m.spot(r, declared); ok {
			spots = append(spots, s)
		}
	}
	return spots, claim
}

// declares returns the index of the field that names the grid of a record: of a grid, its parent. -1 for none.
func (m *mapper) declares() int {
	for i, v := range m.readers {
		if v.field.Name == "grid" || m.o.Kind == safety.Grids && v.field.Name == "parent" {
			return i
		}
	}
	return -1
}

// spot returns where a row is: of an area or a line, the middle of its box. ok is false for a row that is nowhere.
func (m *mapper) spot(r row, declared int) (s spot, ok bool) {
	if r.fault != nil {
		return s, false
	}
	found := m.columns.find(r.names)
	if declared >= 0 {
		s.grid = fold(strings.TrimSpace(cell(r, found[declared])))
	}
	if !hasShape(m.o.Kind) {
		at, ok, fault := m.position(r, found[len(m.readers):])
		s.at = at
		return s, ok && fault == nil && finite(at)
	}
	g, fault := m.geometry(r, found[len(m.readers):])
	if fault != nil || g == nil {
		return s, false
	}
	b := g.Bound()
	s.at = orb.Point{b.Min[0] + (b.Max[0]-b.Min[0])/2, b.Min[1] + (b.Max[1]-b.Min[1])/2}
	return s, !b.IsEmpty() && finite(s.at)
}

func finite(p orb.Point) bool { return math.Abs(p[0]) < 1e15 && math.Abs(p[1]) < 1e15 }

// zoneHint names the frame of a point that is refused by another one, where its easting begins with the number of a zone.
func zoneHint(p orb.Point) string {
	zone, code := int(p[0]/1e6), 0
	switch {
	case p[1] < 0 || p[1] > 7e6:
	case 13 <= zone && zone <= 23:
		code = 4491 + zone - 13
	case 25 <= zone && zone <= 45:
		code = 4513 + zone - 25
	}
	if code == 0 {
		return ""
	}
	return fmt.Sprintf(" (with the zone, %d, before the easting it is EPSG:%d)", zone, code)
}
