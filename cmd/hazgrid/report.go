package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

func newReportCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report mismatches",
		Short: "List records that deserve a look",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unknown report %q; see `hazgrid report --help`", args[0]))
			}
			return usage(errors.New("want the name of a report; see `hazgrid report --help`"))
		},
	}
	cmd.AddCommand(newMismatchesCmd(a))
	return cmd
}

func newMismatchesCmd(a *app) *cobra.Command {
	var level int
	var kind, at, scheme, format, path string
	cmd := &cobra.Command{
		Use:   "mismatches",
		Short: "Records whose declared grid is not the one computed from their point",
		Long: `mismatches lists the located enterprises and hazards that declare a grid, by code or by name, which is not the
one that their point lies in, by kind and id: the grid declared, the grid computed at that level, and how
many metres the point is from the boundary of the declared one (0: inside it). The reason is elsewhere, outside (in no grid
of that level) or unknown (no grid has that code or name). Many at some 500 m mean a wrong --frame at import.`,
		Example: `  hazgrid report mismatches -o mismatches.xlsx
  hazgrid report mismatches --level 3 --kind enterprises --format csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			get := func(name string) string { return map[string]string{"at": at, "scheme": scheme}[name] }
			q, err := safety.ParseQuery(get, a.loc)
			if err != nil {
				return usage(fmt.Errorf("--%w", err))
			}
			k, err := safety.ParseKind(kind)
			if err != nil {
				return usage(fmt.Errorf("--%w", err))
			}
			form := formatOf(format, path)
			if !slices.Contains(export.TallyFormats(), form) {
				return usage(fmt.Errorf("--format: want %s, got %q", strings.Join(export.TallyFormats(), ", "), form))
			}
			if cmd.Flags().Changed("level") && level < 1 {
				return usage(fmt.Errorf("--level: want 1 or more, got %d", level))
			}
			s, err := a.snapshot(cmd.Context())
			if err != nil {
				return err
			}
			m, err := s.Mismatches(k, level, q)
			if err != nil {
				return err
			}
			w, done, err := a.output(path)
			if err != nil {
				return err
			}
			return done(export.Mismatches(w, m, form, a.loc))
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&level, "level", 0, "only grids declared at this `level`, and unknown ones (default all)")
	fl.StringVar(&kind, "kind", "", "enterprises or hazards (default both)")
	fl.StringVar(&at, "at", "", "boundaries and records as of this `date` or time (default now)")
	fl.StringVar(&scheme, "scheme", "", "`scheme` of grids (default "+safety.DefaultScheme+")")
	fl.StringVar(&format, "format", "", "json, csv or xlsx (default by the ending of --output, else json)")
	fl.StringVarP(&path, "output", "o", "", "`file` to write instead of standard output")
	return cmd
}
