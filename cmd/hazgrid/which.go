package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/paulmach/orb"
	"github.com/spf13/cobra"

	"hazgrid/geo/crs"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// negative is an argument that is a number below zero and no flag.
var negative = regexp.MustCompile(`^-(\d|\.\d|[iI]nf)`)

// guard marks a negative number until the flags are read.
const guard = "\x00"

// guardNumbers keeps the flag parser from taking negative coordinates of `which` for flags.
func guardNumbers(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if negative.MatchString(arg) {
			arg = guard + arg
		}
		out[i] = arg
	}
	return out
}

// unguarded is a message in which a guarded number reads as it was typed.
func unguarded(message string) string {
	return strings.ReplaceAll(strings.ReplaceAll(message, guard, ""), `\x00`, "")
}

type whichFlags struct {
	file, output, frame, scheme string
	snap                        float64
}

func newWhichCmd(a *app) *cobra.Command {
	var f whichFlags
	cmd := &cobra.Command{
		Use:   "which LON LAT | which --file points.csv",
		Short: "Say which grid a point lies in, at every level",
		Long: `which prints the grid of a point at every level as JSON, or adds the answer to each row of a
CSV file with lon,lat columns: grid, grid_1…grid_N, grid_distance_m, error come last.`,
		Example: `  hazgrid which 120.6552 27.7787
  hazgrid which 120.6657 27.7810 --frame bd09 --snap 50
  hazgrid which --file points.csv -o out.csv`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.which(cmd, f, args) },
	}
	cmd.Flags().StringVar(&f.file, "file", "", "CSV `file` with lon,lat columns (- is standard input)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "`file` to write instead of standard output")
	cmd.Flags().StringVar(&f.frame, "frame", "wgs84", "coordinate `frame` of the points: "+crs.Supported+" (there x is to the east)")
	cmd.Flags().Float64Var(&f.snap, "snap", 0, "`metres` within which a point outside takes the nearest grid")
	cmd.Flags().StringVar(&f.scheme, "scheme", "", "`scheme` of grids (default "+safety.DefaultScheme+")")
	return cmd
}

func (a *app) which(cmd *cobra.Command, f whichFlags, args []string) error {
	frame, err := crs.Parse(f.frame)
	if err != nil {
		return usage(fmt.Errorf("--frame: %w", err))
	}
	if !(f.snap >= 0) {
		return usage(fmt.Errorf("--snap: want metres from 0, got %v", f.snap))
	}
	l := export.Locator{Frame: frame, Asked: f.frame, Options: safety.WhichOptions{Scheme: f.scheme, SnapM: f.snap}}
	if f.file != "" {
		if len(args) > 0 {
			return usage(errors.New("want LON LAT or --file, not both"))
		}
		return a.whichFile(cmd, f, l)
	}
	p, err := parsePoint(args)
	if err != nil {
		return usage(err)
	}
	if l.Snapshot, err = a.snapshot(cmd.Context()); err != nil {
		return err
	}
	answer, err := l.Answer(p)
	if errors.Is(err, safety.ErrInvalid) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	w, done, err := a.output(f.output)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return done(e.Encode(answer))
}

func parsePoint(args []string) (orb.Point, error) {
	if len(args) != 2 {
		return orb.Point{}, fmt.Errorf("want LON LAT, got %d arguments", len(args))
	}
	var p orb.Point
	for i, name := range []string{"lon", "lat"} {
		text := strings.TrimPrefix(args[i], guard)
		v, err := export.ParseNumber(text)
		if err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
		p[i] = v
	}
	return p, nil
}

// whichFile answers a CSV file; rows that are no points make exit status 3.
func (a *app) whichFile(cmd *cobra.Command, f whichFlags, l export.Locator) (err error) {
	in, closed, err := a.points(cmd.Context(), f)
	if err != nil {
		return err
	}
	defer closed()
	if l.Snapshot, err = a.snapshot(cmd.Context()); err != nil {
		return err
	}
	w, done, err := a.output(f.output)
	if err != nil {
		return err
	}
	bad := 0
	l.Rejected = func(error) { bad++ }
	if err := done(l.WhichCSV(w, in)); err != nil {
		return fmt.Errorf("%s: %w", f.file, err)
	}
	if bad > 0 {
		return &exitError{exitRejected, fmt.Errorf("%s: %d rows are no points; their column error says why", f.file, bad)}
	}
	return nil
}

// points opens the file of points, with a bar that shows how much of it is read unless the answer goes to the
// same screen.
func (a *app) points(ctx context.Context, f whichFlags) (r io.Reader, closed func(), err error) {
	if f.file == "-" {
		return &pointReader{ctx: ctx, r: a.stdin}, func() {}, nil
	}
	file, err := os.Open(f.file)
	if err != nil {
		return nil, nil, err
	}
	in, done := &pointReader{ctx: ctx, r: file}, func() {}
	if onScreen := (f.output == "" || f.output == "-") && isTerminal(a.stdout); !onScreen && isTerminal(a.stderr) {
		bar := a.progress(f.file)
		in.told, done = bar.read(), bar.finish
	}
	return in, func() {
		done()
		_ = file.Close() // only read from
	}, nil
}

// pointReader reads until the program is told to stop.
type pointReader struct {
	ctx  context.Context
	r    io.Reader
	told func(n int) // of every read, in bytes; nil: nobody asks
}

// Read reads from r.
func (p *pointReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b)
	if p.told != nil {
		p.told(n)
	}
	return n, err
}
