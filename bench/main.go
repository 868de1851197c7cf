// Command bench measures hazgrid beside other systems doing the same work in the same run
// (`make bench`): one table an area, medians, and the ratio to ours. It makes everything it
// measures in a temporary folder and starts a PostGIS of its own.
//
//	go run ./bench [-hazards 1000000] [-rounds 5] [-only import,which,service,tiles,start] [-fields district,taiwan,v1888,v100k,v1m]
//		[-tiles cold,warm,live,asked,bytes,pyramid] [-tile-seconds 4]
//		[-imports points,hazards,polygons,geojson,xlsx] [-points 1000000] [-polygons 100000] [-geojson-mb 1000] [-sheet-rows 200000]
//
// Only when asked for, -fields cities5m and scattered5m measure five million grids, which takes minutes and 6 GB.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"hazgrid/internal/store/postgis/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A bench is what the areas share.
type bench struct {
	out     io.Writer
	dir     string
	program string // the built hazgrid
	pg      string // URL of the cluster's first database
	hazards int
	rounds  int
	fields  string // coverages of which-grid
	made    int    // databases and files

	tileParts string        // of the tiles, "" for all
	span      time.Duration // of asking for tiles, in a round

	parts                                  string // of the imports, "" for all
	points, polygons, megabytes, sheetRows int    // how large what is imported is
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) > 0 {
		if child := helper(args[0]); child != nil {
			return child(ctx, args[1:])
		}
	}
	b := &bench{out: out}
	only, err := b.flags(args)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "hazgrid-bench"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	url, stop, err := pgtest.Start(ctx, "")
	if err != nil {
		return err
	}
	defer stop()
	b.pg = url
	fmt.Fprintf(out, "%s, %d cores, %s; PostgreSQL with fsync=off but for imports\n", cpu(), runtime.NumCPU(), runtime.Version())
	for _, area := range []struct {
		name    string
		measure func(context.Context) error
	}{{"start", b.start}, {"which", b.which}, {"service", b.service}, {"tiles", b.tiles}, {"import", b.imports}} {
		if !slices.Contains(strings.Split(only, ","), area.name) {
			continue
		}
		if err := area.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", area.name, err)
		}
	}
	return nil
}

// flags reads the command line and returns the areas to measure.
func (b *bench) flags(args []string) (only string, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.hazards, "hazards", 1_000_000, "hazards to import")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds of which the median is shown")
	flags.StringVar(&b.program, "program", "bin/hazgrid", "the built program")
	flags.StringVar(&b.fields, "fields", "district,taiwan,v1888,v100k,v1m", "coverages to ask which grid of; also cities5m, scattered5m")
	flags.StringVar(&b.tileParts, "tiles", "", "what of tiles to measure: cold,warm,live,asked,bytes,pyramid (default all)")
	seconds := flags.Float64("tile-seconds", 4, "how long each server is asked for tiles, in a round")
	flags.StringVar(&b.parts, "imports", "", "what to import: points,hazards,polygons,geojson,xlsx (default all)")
	flags.IntVar(&b.points, "points", 1_000_000, "enterprises to import from CSV")
	flags.IntVar(&b.polygons, "polygons", 100_000, "grids to import from a Shapefile, 65 vertices each")
	flags.IntVar(&b.megabytes, "geojson-mb", 1000, "size of the GeoJSON to import, in millions of bytes")
	flags.IntVar(&b.sheetRows, "sheet-rows", 200_000, "rows of the workbook to import")
	flags.StringVar(&only, "only", "start,which,service,tiles,import", "areas to measure")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	b.span = time.Duration(*seconds * float64(time.Second))
	return only, nil
}

// helper returns what this program does when it runs as a child of itself, nil when the word is no such errand.
func helper(word string) func(ctx context.Context, args []string) error {
	switch word {
	case "bare":
		return serveBare
	case "write":
		return writeLive
	}
	return nil
}

// cpu is the processor's name as the system has it.
func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t: \n")
		}
	}
	return runtime.GOARCH
}

// database makes a fresh database and returns its URL.
func (b *bench) database(ctx context.Context) (string, error) {
	b.made++
	name := fmt.Sprintf("bench%d", b.made)
	cmd := exec.CommandContext(ctx, "psql", "-qX", b.pg, "-c", "create database "+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	url := strings.Replace(b.pg, "/postgres?", "/"+name+"?", 1)
	out, err := exec.CommandContext(ctx, "psql", "-qX", url, "-c", "create extension if not exists postgis").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return url, nil
}

// timed runs a command and returns how long it took.
func timed(ctx context.Context, name string, args ...string) (time.Duration, error) {
	start := time.Now()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return time.Since(start), nil
}

// median returns the middle of what was measured.
func median[T ~int64 | ~float64](all []T) T { return percentile(all, 0.5) }

// percentile returns the smallest value that is not exceeded by less than the share p.
func percentile[T ~int64 | ~float64](all []T, p float64) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// table prints a heading and rows of equal numbers of cells.
func (b *bench) table(heading string, rows ...[]string) {
	fmt.Fprintf(b.out, "\n%s\n\n", heading)
	for i, row := range rows {
		fmt.Fprintf(b.out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(b.out, "|%s\n", strings.Repeat(" --- |", len(row)))
		}
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000) }
