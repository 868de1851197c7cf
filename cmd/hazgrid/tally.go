package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// queryFlags are the parameters of a tally and how the help explains them.
var queryFlags = [...][2]string{
	{"at", "figures as of this `date` or time (default now)"},
	{"from", "hazards found and visits made from this `date` on"},
	{"to", "hazards found and visits made up to this `date`"},
	{"kind", "`kind` of the enterprise, such as combined_use"},
	{"severity", "general or major"},
	{"source", "patrol, self, joint or campaign"},
	{"aspect", "`aspect` of the hazard"},
	{"item", "checked `item`"},
	{"responsible", "authority, owner, manager or tenant"},
	{"floor_area_max", "largest floor area of the enterprise in `m²`"},
	{"scheme", "`scheme` of grids (default " + safety.DefaultScheme + ")"},
}

func newTallyCmd(a *app) *cobra.Command {
	var level int
	var format, path string
	cmd := &cobra.Command{
		Use:   "tally --level N",
		Short: "Count enterprises, hazards and inspections by grid",
		Long: `tally counts by the grids of one level. The last two rows, outside and unlocated, are records
in no grid of that level and records without coordinates. A rate with nothing found is empty.`,
		Example: `  hazgrid tally --level 3
  hazgrid tally --level 1 --kind combined_use --at 2014-12-31 --format csv -o towns.csv
  hazgrid tally --level 2 --source campaign --from 2014-12-17 --to 2014-12-20 -o campaign.xlsx`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			get := func(name string) string { return cmd.Flag(flagName(name)).Value.String() }
			q, err := safety.ParseQuery(get, a.loc)
			if err != nil {
				return usage(fmt.Errorf("--%w", err))
			}
			form := formatOf(format, path)
			if !slices.Contains(export.TallyFormats(), form) {
				return usage(fmt.Errorf("--format: want %s, got %q", strings.Join(export.TallyFormats(), ", "), form))
			}
			if level < 1 {
				return usage(fmt.Errorf("--level: want 1 or more, got %d", level))
			}
			return a.tally(cmd, level, q, tallyOutput{form, path})
		},
	}
	cmd.Flags().IntVar(&level, "level", 0, "`level` of the grids, 1 the largest")
	for _, f := range queryFlags {
		cmd.Flags().String(flagName(f[0]), "", f[1])
	}
	cmd.Flags().StringVar(&format, "format", "", "json, csv or xlsx (default by the ending of --output, else json)")
	cmd.Flags().StringVarP(&path, "output", "o", "", "`file` to write instead of standard output")
	return cmd
}

// flagName is a parameter's name on the command line.
func flagName(param string) string { return strings.ReplaceAll(param, "_", "-") }

// formatOf is the format asked for, or else that of the output's ending.
func formatOf(format, path string) string {
	if format != "" {
		return format
	}
	if ending := strings.TrimPrefix(filepath.Ext(path), "."); ending == "csv" || ending == "xlsx" {
		return ending
	}
	return "json"
}

type tallyOutput struct{ format, path string }

func (a *app) tally(cmd *cobra.Command, level int, q safety.Query, o tallyOutput) error {
	s, err := a.snapshot(cmd.Context())
	if err != nil {
		return err
	}
	table, err := s.Tallies(level, q)
	if errors.Is(err, safety.ErrNotFound) {
		return fmt.Errorf("%w in %s, which has %d levels", err, a.shownDB(), s.Depth(q.Scheme))
	}
	if err != nil {
		return err
	}
	w, done, err := a.output(o.path)
	if err != nil {
		return err
	}
	return done(export.Tally(w, table, o.format, a.loc))
}
