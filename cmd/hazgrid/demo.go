package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hazgrid/geo/crs"
	"hazgrid/internal/district"
	"hazgrid/internal/store"
	"hazgrid/safety"
)

// demoOpensAt is the last day of the invented year.
const demoOpensAt = "2014-12-31"

func newDemoCmd(a *app) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make the invented Rui'an district and serve it",
		Long: `demo fills --db with an invented district — 1,888 grids, over 20,000 enterprises, a year of
hazards and inspections, every record flagged synthetic — unless it is there already, serves it,
and prints the URL. It refuses a store that holds other data.`,
		Example: `  hazgrid demo
  hazgrid demo --db postgres://localhost/demo --addr 127.0.0.1:0`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			s, err := a.openStore(cmd.Context(), true)
			if err != nil {
				return err
			}
			if err := a.fill(cmd.Context(), s); err != nil {
				return errors.Join(err, s.Close())
			}
			err = a.serve(cmd.Context(), s, f, service{demoOpensAt, func(url string) {
				_, _ = fmt.Fprintln(a.stdout, url) // a closed stdout is no reason to stop serving
			}})
			return errors.Join(err, s.Close())
		},
	}
	f.add(cmd)
	return cmd
}

// fill writes the district into an empty store. A store that holds nothing but invented
// records is taken as it is, and one that an earlier run filled in part is completed.
func (a *app) fill(ctx context.Context, s store.Store) error {
	version, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if version > 0 {
		r, err := s.Load(ctx, 0)
		if err != nil {
			return err
		}
		if holdsOther(r) {
			return fmt.Errorf("%w: %s holds other data than the demo's in division %s; give another --db", safety.ErrConflict, a.shownDB(), a.division)
		}
		if len(r.Inspections) > 0 && len(r.Lines) > 0 {
			return nil
		}
	}
	a.log.Info("making the invented district", "db", a.shownDB())
	d := district.Generate(district.Seed)
	for _, kind := range safety.Kinds() {
		if _, err := s.Apply(ctx, safety.Batch{Kind: kind, Records: d.Records(kind), Origin: invented}); err != nil {
			return fmt.Errorf("make the district's %s: %w", kind, err)
		}
	}
	return nil
}

// invented is what the list of batches says of the demo's own.
func invented() safety.Origin {
	return safety.Origin{File: "demo", By: author(""), At: safety.TimeOf(time.Now()), Frame: string(crs.WGS84)}
}

// holdsOther reports whether any grid or enterprise was not invented, or there are records without either.
func holdsOther(r safety.Records) bool {
	for i := range r.Grids {
		if !r.Grids[i].Synthetic {
			return true
		}
	}
	for i := range r.Enterprises {
		if !r.Enterprises[i].Synthetic {
			return true
		}
	}
	return len(r.Grids) == 0 && len(r.Enterprises)+len(r.Hazards)+len(r.Inspections)+len(r.Lines) > 0
}
