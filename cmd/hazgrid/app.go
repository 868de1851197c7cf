package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/internal/store/postgis"
	"hazgrid/safety"
)

// An app is what every verb shares: the surroundings and the flags that all of them take.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

	db, division string
	tz           string
	logLevel     string
	logFormat    string

	loc *time.Location
	log *slog.Logger
}

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "hazgrid",
		Short: "The map and the numbers behind grid-based safety supervision",
		Long: `hazgrid imports supervision grids (网格), enterprises, hazards (隐患) and inspections into a
GeoPackage or PostGIS, answers which grid a point lies in, counts by grid, and serves vector
tiles and a dashboard.

Every flag can be given as an environment variable: --log-level is HAZGRID_LOG_LEVEL.
Exit status: 0 done; 1 failed; 2 wrong usage; 3 done, but some records were rejected.`,
		Example: `  hazgrid demo
  hazgrid import grids --level 3 grids.geojson
  hazgrid import enterprises --frame gcj02 ledger.csv
  hazgrid serve
  hazgrid which 120.6552 27.7787
  hazgrid tally --level 2 --at 2014-12-31 --format xlsx -o tally.xlsx
  hazgrid export hazards -o hazards.csv`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.settle(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unknown command %q; see `hazgrid --help`", args[0]))
			}
			return cmd.Help()
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.db, "db", "hazgrid.gpkg", "a GeoPackage `path` or a postgres:// URL (PostGIS)")
	f.StringVar(&a.division, "division", "0", "the district: its GB/T 2260 `code`")
	f.StringVar(&a.tz, "tz", "Asia/Shanghai", "`zone` in which dates without a zone are read and days begin and end")
	f.StringVar(&a.logLevel, "log-level", "info", "`level`: debug, info, warn or error")
	f.StringVar(&a.logFormat, "log-format", "text", "`form` of the log on stderr: text or json")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(flagName(name)) // a filter may be given by its name in the API: --floor_area_max
	})
	root.AddCommand(newDemoCmd(a), newImportCmd(a), newServeCmd(a), newWhichCmd(a), newTallyCmd(a), newExportCmd(a),
		newBatchesCmd(a), newRevertCmd(a), newReportCmd(a))
	return root
}

// noArgs refuses arguments where a verb has flags only.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("want no arguments, got %q", args))
	}
	return nil
}

// settle completes flags from the environment and checks those that all verbs share.
func (a *app) settle(cmd *cobra.Command) error {
	if err := fromEnv(cmd.Flags(), a.getenv); err != nil {
		return usage(err)
	}
	loc, err := time.LoadLocation(a.tz)
	if err != nil || a.tz == "" {
		return usage(fmt.Errorf("--tz: unknown time zone %q", a.tz))
	}
	if a.division == "" {
		return usage(errors.New("--division: want a code, got none"))
	}
	a.loc = loc
	a.log, err = newLogger(a.stderr, a.logLevel, a.logFormat)
	if err != nil {
		return usage(err)
	}
	return nil
}

// fromEnv sets each flag that was not given from its variable, so that a flag beats a variable
// and a variable beats the default.
func fromEnv(flags *pflag.FlagSet, getenv func(string) string) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "HAZGRID_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := getenv(name); v != "" && !f.Changed && f.Name != "help" {
			if err := flags.Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	return errors.Join(errs...)
}

func newLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: want debug, info, warn or error, got %q", level)
	}
	o := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("--log-format: want text or json, got %q", format)
}

// openStore opens the division's store that --db names. Only import and demo create one.
func (a *app) openStore(ctx context.Context, create bool) (store.Store, error) {
	if strings.HasPrefix(a.db, "postgres://") || strings.HasPrefix(a.db, "postgresql://") {
		s, err := postgis.Open(ctx, a.db, a.division, create)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	if scheme, _, is := strings.Cut(a.db, "://"); is { // a URL may hold a password: it is not shown, nor taken for a path
		return nil, usage(fmt.Errorf("--db: want the path of a GeoPackage or a postgres:// URL, got one that begins with %s://", scheme))
	}
	s, err := gpkg.Open(ctx, a.db, a.division, create)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// shownDB is --db as it may be printed: without the password of a URL.
func (a *app) shownDB() string {
	if u, err := url.Parse(a.db); err == nil && u.User != nil {
		return u.Redacted()
	}
	return a.db
}

// snapshot reads the whole division as of now, for the verbs that answer once.
func (a *app) snapshot(ctx context.Context) (*safety.Snapshot, error) {
	s, err := a.openStore(ctx, false)
	if err != nil {
		return nil, err
	}
	r, err := s.Load(ctx, 0)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return safety.NewSnapshot(r, safety.TimeOf(time.Now()))
}

// output opens path for writing, or stdout for "" and "-"; done must be called with the error
// of what was written: a file appears whole or not at all.
func (a *app) output(path string) (w io.Writer, done func(error) error, err error) {
	if path == "" || path == "-" {
		return a.stdout, func(err error) error { return err }, nil
	}
	part := path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return nil, nil, err
	}
	return f, func(err error) error {
		err = errors.Join(err, f.Close())
		if err != nil {
			return errors.Join(err, os.Remove(part))
		}
		return os.Rename(part, path)
	}, nil
}
