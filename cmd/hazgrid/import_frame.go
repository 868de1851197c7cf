package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/importers"
	"hazgrid/internal/store"
	"hazgrid/safety"
)

// frameHelp is what --help says of frames.
const frameHelp = `
The frame of the coordinates is what --frame says, else what the file says (.prj, crs), else wgs84:
  NAME      ` + crs.Supported + `
  FILE.prj  a definition in WKT: Gauss-Krüger and other transverse Mercator, Lambert, Mercator
  auto      tests the likely frames, also with the axes swapped, on a sample of the file: the one in which the records
            lie in the grids of the store that they declare. Takes a clear winner only; else exits with the scores.
In a plane x is to the east; a file whose x is the northing (as in Chinese survey texts) is noticed and said.
Frames on an old datum (Beijing 54, Xi'an 80) and of a city's own need parameters, in the JSON of --frame-params:
  {"name": "…", "helmert": {"tx_m":0,"ty_m":0,"tz_m":0,"rx_s":0,"ry_s":0,"rz_s":0,"ppm":0}}
     from the datum to WGS 84 or CGCS2000: position vector convention, seconds of arc
  {"name": "…", "onto": "EPSG:4549", "similarity": {"dx_m":0,"dy_m":0,"rotation_s":0,"scale":1}}
     east = dx + scale (x cos r - y sin r), north = dy + scale (x sin r + y cos r), r in seconds of arc
or three control points and more, in the CSV of --control-points: columns x,y (as in the file to import),lon,lat
(WGS 84 or CGCS2000). How well they fit is in the report.`

// frames puts what the flags say of the frame into the options.
func (f *importFlags) frames(o *importers.Options) error {
	params, err := readFrameParams(f.frameParams)
	if err != nil {
		return fmt.Errorf("--frame-params: %w", err)
	}
	o.Datum = params.helmert()
	if err := f.namedFrame(o); err != nil {
		return fmt.Errorf("--frame: %w", err)
	}
	switch {
	case f.controlPoints != "" && params.Similarity != nil:
		return errors.New("--control-points: want these or the similarity of --frame-params, not both")
	case f.controlPoints != "":
		if err := f.fitted(o, params.Name); err != nil {
			return fmt.Errorf("--control-points: %w", err)
		}
	case params.Similarity != nil:
		if err := params.local(o); err != nil {
			return fmt.Errorf("--frame-params: %w", err)
		}
	case o.Datum != nil && o.Frame != "":
		return fmt.Errorf("--frame-params: %s has no datum that seven parameters could lead from; they go with a definition (FILE.prj, or the file's own)", o.Frame)
	}
	return nil
}

// namedFrame reads --frame: auto, a name, or a file with a definition.
func (f *importFlags) namedFrame(o *importers.Options) (err error) {
	switch {
	case f.frame == "":
		return nil
	case strings.EqualFold(f.frame, string(importers.AutoFrame)):
		o.Frame = importers.AutoFrame
		return nil
	}
	if o.Frame, err = crs.Parse(f.frame); err == nil {
		return nil
	}
	text, readErr := readSmall(f.frame)
	switch ending := strings.ToLower(filepath.Ext(f.frame)); {
	case errors.Is(readErr, os.ErrNotExist) && ending != ".prj" && ending != ".wkt":
		return err // it was meant as a name
	case readErr != nil:
		return readErr
	}
	c, err := crs.ParseWKT(text, o.Datum)
	if errors.Is(err, crs.ErrDatum) {
		return fmt.Errorf("%s: %w; give its parameters (--frame-params) or control points (--control-points)", f.frame, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.frame, err)
	}
	o.Frame, o.Definition = "", &c
	o.Why = "given, by the definition in " + f.frame
	return nil
}

// smallFile is the most bytes of a file with a definition, parameters or control points.
const smallFile = 1 << 20

func readSmall(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(file, smallFile+1))
	if err == nil && len(b) > smallFile {
		err = fmt.Errorf("%s: longer than %d kB", path, smallFile>>10)
	}
	return strings.TrimPrefix(string(b), "\ufeff"), errors.Join(err, file.Close())
}

// locator returns what knows the grids of a point by their codes and names, for --frame auto; nil when the
// store has no grids or is not there yet.
func (j *importJob) locator(ctx context.Context) (func(orb.Point) []string, error) {
	snapshot, err := j.snapshot(ctx)
	if errors.Is(err, safety.ErrNotFound) {
		return nil, nil
	}
	if err != nil || len(snapshot.Schemes()) == 0 {
		return nil, err
	}
	schemes := snapshot.Schemes()
	var names []string
	return func(p orb.Point) []string {
		names = names[:0]
		for _, scheme := range schemes {
			w, err := snapshot.Which(p, safety.WhichOptions{Scheme: scheme})
			if err != nil {
				continue // nowhere on the earth
			}
			for _, g := range w.Grids {
				names = append(names, g.Code, g.Name)
			}
		}
		return names
	}, nil
}

// snapshot reads the store as it is now: the one that is open, since a GeoPackage that is open must not be opened otherwise. One of an
// older layout is opened as the import itself will, which brings it up to date.
func (j *importJob) snapshot(ctx context.Context) (*safety.Snapshot, error) {
	if j.store == nil {
		s, err := j.app.snapshot(ctx)
		if errors.Is(err, store.ErrOlder) {
			err = j.open(ctx)
		}
		if err != nil || j.store == nil {
			return s, err
		}
	}
	r, err := j.store.Load(ctx, 0)
	if err != nil {
		return nil, err
	}
	return safety.NewSnapshot(r, safety.TimeOf(time.Now()))
}
