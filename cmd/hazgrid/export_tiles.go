package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"hazgrid/internal/server"
	"hazgrid/safety"
	"hazgrid/tiles"
	"hazgrid/tiles/mbtiles"
)

type tilesFlags struct {
	output, layers   string
	minZoom, maxZoom int
	parameters       url.Values
}

func newExportTilesCmd(a *app) *cobra.Command {
	f := tilesFlags{parameters: url.Values{}}
	cmd := &cobra.Command{
		Use:   "tiles -o FILE.pmtiles|FILE.mbtiles",
		Short: "Write the vector tiles that the service serves to one file",
		Long: `export tiles writes a PMTiles archive (version 3) or an MBTiles file (1.3) of all tiles that are not empty. Each
holds all the layers, and the very bytes that the service answers with for /tiles/{layers}/{z}/{x}/{y}.mvt and gzip.
Filters and dates are those of the service and of tally. Nobody's name or address is in a tile. An existing file is
replaced once the new one is whole. hazgrid serve --basemap FILE.pmtiles serves an archive again.`,
		Example: `  hazgrid export tiles -o district.pmtiles
  hazgrid export tiles --layers grids-3,grid-labels-3 --max-zoom 12 -o grids.mbtiles
  hazgrid export tiles --layers grids-2 --columns none --frame gcj02 -o outlines.pmtiles
  hazgrid export tiles --at 2014-12-31 --from 2014-01-01 --severity major -o year.pmtiles`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range tileParameters() {
				if v := cmd.Flag(flagName(name)).Value.String(); v != "" {
					f.parameters.Set(name, v)
				}
			}
			if err := f.check(a.loc); err != nil {
				return usage(err)
			}
			return a.exportTiles(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "`file` to write, .pmtiles or .mbtiles")
	fl.StringVar(&f.layers, "layers", "", "comma `list` of layers: grids-N, grid-labels-N, lines, enterprises, hazards (default all)")
	fl.IntVar(&f.minZoom, "min-zoom", 0, "first `zoom`")
	fl.IntVar(&f.maxZoom, "max-zoom", 14, fmt.Sprintf("last `zoom`, at most %d", tiles.MaxZoom))
	fl.String("columns", "", "none: grids have code, name, parent and level only, other features nothing")
	fl.String("frame", "", "`frame` of the map below: wgs84 (default), gcj02 or bd09")
	for _, q := range queryFlags {
		fl.String(flagName(q[0]), "", q[1])
	}
	return cmd
}

// tileParameters lists the parameters of a tile's URL that are flags here.
func tileParameters() []string {
	names := []string{"columns", "frame"}
	for _, q := range queryFlags {
		names = append(names, q[0])
	}
	return names
}

// check finds what cannot be meant, before anything is read.
func (f *tilesFlags) check(loc *time.Location) error {
	switch ending := filepath.Ext(f.output); {
	case f.output == "":
		return errors.New("want --output FILE.pmtiles or FILE.mbtiles")
	case ending != ".pmtiles" && ending != ".mbtiles":
		return fmt.Errorf("--output %s: want the ending .pmtiles or .mbtiles", f.output)
	case f.minZoom < 0 || f.maxZoom > tiles.MaxZoom || f.minZoom > f.maxZoom:
		return fmt.Errorf("--min-zoom %d, --max-zoom %d: want 0 to %d, the first not above the last", f.minZoom, f.maxZoom, tiles.MaxZoom)
	}
	if _, err := safety.ParseQuery(f.parameters.Get, loc); err != nil {
		return flagError(err)
	}
	return nil
}

// flagError names a parameter as a flag.
func flagError(err error) error {
	var field *safety.FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("--%s: %s", flagName(field.Field), field.Reason)
	}
	return err
}

// exportTiles writes the tiles of the division as of now.
func (a *app) exportTiles(ctx context.Context, f tilesFlags) error {
	start := time.Now()
	snapshot, err := a.snapshot(ctx)
	if err != nil {
		return err
	}
	boundMemory()
	set, err := server.NewTileset(snapshot, server.TilesetRequest{Layers: f.layers, Parameters: f.parameters, Location: a.loc})
	if field := new(safety.FieldError); errors.As(err, &field) || errors.Is(err, safety.ErrNotFound) {
		return usage(flagError(err))
	}
	if err != nil {
		return err
	}
	var n tileCount
	err = a.replace(ctx, f.output, func(path string) error {
		n, err = a.writeTiles(ctx, path, set, f)
		return err
	})
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted: nothing was written")
	}
	if err != nil {
		return fmt.Errorf("export %s: %w", f.output, err)
	}
	info, err := os.Stat(f.output)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %s, %d bytes, %.2f s\n", f.output, n, info.Size(), time.Since(start).Seconds())
	return err
}

// tileCount is what was written; distinct is 0 where equal tiles are not looked for.
type tileCount struct{ tiles, distinct int }

// String is the count for people.
func (n tileCount) String() string {
	if n.distinct == 0 {
		return fmt.Sprintf("%d tiles", n.tiles)
	}
	return fmt.Sprintf("%d tiles, %d of them distinct", n.tiles, n.distinct)
}

// writeTiles makes the file at path, with what it needs meanwhile beside it.
func (a *app) writeTiles(ctx context.Context, path string, set *server.Tileset, f tilesFlags) (n tileCount, err error) {
	p := tiles.Pyramid{Make: set.Tile, Bound: set.Bound(), MinZoom: uint32(f.minZoom), MaxZoom: uint32(f.maxZoom)}
	done := a.tileProgress(&p, f.output)
	defer done()
	about := set.TileJSON(p.MinZoom, p.MaxZoom)
	if strings.HasSuffix(path, ".mbtiles") {
		n, err = writeMBTiles(ctx, path, p, about)
	} else {
		n, err = writePMTiles(ctx, path, p, about)
	}
	if err == nil && n.tiles == 0 {
		err = fmt.Errorf("zoom %d to %d shows nothing", f.minZoom, f.maxZoom)
	}
	return n, err
}

func writePMTiles(ctx context.Context, path string, p tiles.Pyramid, about tiles.TileJSON) (n tileCount, err error) {
	data, err := os.Create(path + ".tiles")
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	w := tiles.NewPMTilesWriter(data)
	err = p.Each(ctx, func(a tiles.Address, tile []byte) error {
		n.tiles++
		return w.Add(a, tile)
	})
	if err != nil {
		return n, err
	}
	n.distinct = w.Distinct()
	out, err := os.Create(path)
	if err != nil {
		return n, err
	}
	return n, errors.Join(w.Finish(out, about), out.Close())
}

func writeMBTiles(ctx context.Context, path string, p tiles.Pyramid, about tiles.TileJSON) (n tileCount, err error) {
	w, err := mbtiles.Create(ctx, path)
	if err != nil {
		return n, err
	}
	err = p.Each(ctx, func(a tiles.Address, tile []byte) error {
		n.tiles++
		return w.Add(ctx, a, tile)
	})
	if err != nil {
		return n, errors.Join(err, w.Close())
	}
	return n, w.Finish(ctx, about)
}

// tileProgress shows on a terminal how many tiles of how many are made, down to which zoom; done clears it.
func (a *app) tileProgress(p *tiles.Pyramid, output string) (done func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	total := int64(1) // one more than there is: a bar that is full is gone
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("tiles"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	p.Looking = func(zoom uint32, n int) {
		total += int64(n)
		bar.ChangeMax64(total)
		bar.Describe(fmt.Sprintf("%s zoom %d of %d", filepath.Base(output), zoom, p.MaxZoom))
	}
	p.Looked = func() { _ = bar.Add(1) } // a bar that cannot be drawn is no matter
	return func() { _ = bar.Finish() }
}

// exportMemory is what the collector of memory aims to stay below: tiles of a million grids leave much behind.
const exportMemory = 3 << 30

// boundMemory sets that aim, unless the environment does (GOMEMLIMIT).
func boundMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(exportMemory)
	}
}
