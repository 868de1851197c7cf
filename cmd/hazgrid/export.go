package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"hazgrid/internal/export"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

type exportFlags struct {
	output, format, scheme string
	level                  int
	follow                 bool
}

func newExportCmd(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export grids|enterprises|hazards|inspections|lines -o FILE",
		Short: "Write all records of a kind to a file that an import reads back",
		Long: `export writes every record of a kind with all of its fields, people's names and addresses too, to GeoJSON,
GeoPackage, CSV, XLSX or a Shapefile (GB 18030, with .cpg and .prj). An import of the file gives the same records.
Columns grid_1…grid_N say in which grids a record lies now. Coordinates are WGS 84 (source_frame is the frame they came in),
shapes in CSV and XLSX are WKT, times are in --tz. Every version of a grid is written. An existing file is replaced once the
new one is whole. What a format cannot hold (texts of more than 254 bytes in a Shapefile) is counted on standard error.`,
		Example: `  hazgrid export hazards -o hazards.csv
  hazgrid export enterprises --db postgres://gis@db/city -o enterprises.xlsx
  hazgrid export grids --level 3 -o grids.shp
  hazgrid export hazards --at-enterprise -o map.gpkg
  hazgrid export lines --format geojson -o - | gzip > lines.geojson.gz
  hazgrid export tiles -o district.pmtiles`,
		Args: exportArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(safety.Kind(args[0])); err != nil {
				return usage(err)
			}
			return a.export(cmd.Context(), safety.Kind(args[0]), f)
		},
		ValidArgs: kindNames(),
	}
	cmd.AddCommand(newExportTilesCmd(a))
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "`file` to write (- is standard output, for geojson, csv and xlsx)")
	fl.StringVar(&f.format, "format", "", strings.Join(export.RecordFormats(), ", ")+" (default by the ending of --output)")
	fl.StringVar(&f.scheme, "scheme", "", "grids: only those of this `scheme`; others: scheme of grid_1…grid_N (default "+safety.DefaultScheme+")")
	fl.IntVar(&f.level, "level", 0, "grids: only those of this `level`")
	fl.BoolVar(&f.follow, "at-enterprise", false, "put hazards and inspections without coordinates where their enterprise is (an import then takes these for their own)")
	return cmd
}

func exportArgs(_ *cobra.Command, args []string) error {
	switch {
	case len(args) != 1:
		return usage(fmt.Errorf("want one of %s, got %d arguments; see `hazgrid export --help`", strings.Join(kindNames(), ", "), len(args)))
	case !slices.Contains(kindNames(), args[0]):
		return usage(fmt.Errorf("want one of %s, got %q", strings.Join(kindNames(), ", "), args[0]))
	}
	return nil
}

// check completes the flags and finds those that cannot be meant.
func (f *exportFlags) check(k safety.Kind) error {
	if f.output == "" {
		return errors.New("want --output FILE (or -o -)")
	}
	if f.format == "" {
		f.format = strings.ToLower(strings.TrimPrefix(filepath.Ext(f.output), "."))
	}
	switch {
	case f.output == "-" && !slices.Contains(export.StreamFormats(), f.format):
		return fmt.Errorf("--output -: want --format %s, got %q", strings.Join(export.StreamFormats(), ", "), f.format)
	case !slices.Contains(export.RecordFormats(), f.format):
		return fmt.Errorf("--output %s: want the ending .%s (or --format), got %q", f.output, strings.Join(export.RecordFormats(), ", ."), f.format)
	case f.format == "shp" && filepath.Ext(f.output) != ".shp":
		return fmt.Errorf("--output %s: a Shapefile ends in .shp", f.output)
	case f.level != 0 && k != safety.Grids:
		return errors.New("--level: only grids have a level")
	case f.level < 0 || f.level > safety.DeepestLevel:
		return fmt.Errorf("--level: want 1 to %d, got %d", safety.DeepestLevel, f.level)
	case f.follow && (k == safety.Grids || k == safety.Lines || k == safety.Enterprises):
		return errors.New("--at-enterprise: only hazards and inspections have an enterprise")
	}
	return nil
}

// export writes the records of a kind as of now.
func (a *app) export(ctx context.Context, k safety.Kind, f exportFlags) (err error) {
	now := safety.TimeOf(time.Now())
	s, err := a.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	count, done := a.counter(f.output)
	defer done()
	l := &export.Layer{
		Kind: k, Location: a.loc, At: now, Follow: f.follow,
		Records: counted(s.Records(ctx, safety.Reading{Kind: k, Scheme: f.scheme, Level: f.level, At: now}), count),
	}
	var warnings []safety.Warning
	if f.output == "-" {
		warnings, err = l.Write(a.stdout, f.format)
	} else {
		err = a.replace(ctx, f.output, func(path string) error {
			warnings, err = l.WriteFile(ctx, path, f.format)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("export %s: %w", f.output, err)
	}
	done()
	for _, w := range warnings {
		fmt.Fprintf(a.stderr, "%s: warning: %s, %d times, for example %s\n", f.output, w.Code, w.Count, w.Example)
	}
	return nil
}

// counted tells of each record on its way.
func counted(records iter.Seq2[safety.Stored, error], told func()) iter.Seq2[safety.Stored, error] {
	if told == nil {
		return records
	}
	return func(yield func(safety.Stored, error) bool) {
		for r, err := range records {
			told()
			if !yield(r, err) {
				return
			}
		}
	}
}

// counter shows on a terminal how many records are written, unless they go there too; done clears it.
func (a *app) counter(output string) (one, done func()) {
	if !isTerminal(a.stderr) || output == "-" && isTerminal(a.stdout) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetDescription(filepath.Base(output)), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	return func() { _ = bar.Add(1) }, func() { _ = bar.Finish() } // a bar that cannot be drawn is no matter
}

// replace lets write make the file that is to be at path, and what goes with it, in a folder beside it, and
// moves it all there when it is whole. Nothing is left of a failure.
func (a *app) replace(ctx context.Context, path string, write func(path string) error) (err error) {
	if err := a.mayReplace(ctx, path); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".hazgrid-export-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	made := filepath.Join(dir, filepath.Base(path))
	if err := write(made); err != nil {
		return err
	}
	if filepath.Ext(path) != ".shp" {
		return os.Rename(made, path)
	}
	return replaceShapefile(made, path)
}

// replaceShapefile moves the parts of a Shapefile, and takes away the indexes that others made for the one before.
func replaceShapefile(made, path string) error {
	from, to := strings.TrimSuffix(made, ".shp"), strings.TrimSuffix(path, ".shp")
	for _, stale := range []string{".qix", ".sbn", ".sbx", ".idm", ".ind"} {
		if err := os.Remove(to + stale); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, part := range export.ShapefileParts() {
		if err := os.Rename(from+part, to+part); err != nil {
			return err
		}
	}
	return nil
}

// mayReplace refuses a store, and a GeoPackage that another program has open: its log would be taken for the new file's.
func (a *app) mayReplace(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("there is something that is not a file")
	}
	if store, err := os.Stat(a.db); err == nil && os.SameFile(info, store) {
		return errors.New("it is the store (--db)")
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("another program has it open (there is %s-wal)", filepath.Base(path))
	}
	if gpkg.IsStore(ctx, path) {
		return errors.New("it is a hazgrid store; choose another file or remove it")
	}
	return nil
}
