package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hazgrid/internal/export"
	"hazgrid/internal/store"
	"hazgrid/safety"
)

func newBatchesCmd(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "batches",
		Short: "List what was imported and reverted, when and by whom",
		Long: `batches lists everything that changed records, the newest first: imports, reverts, and edits by other
programs such as QGIS. The number of a batch is the version of the division that it made. An import that
changed nothing is not listed. Ended are records that got their tombstone.`,
		Example: `  hazgrid batches
  hazgrid batches --format json | jq '.[] | select(.kind == "hazards")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(fmt.Errorf("--format: want text or json, got %q", format))
			}
			s, err := a.openStore(cmd.Context(), false)
			if err != nil {
				return err
			}
			all, err := s.Batches(cmd.Context())
			if err := errors.Join(err, s.Close()); err != nil {
				return err
			}
			if format == "json" {
				return batchesJSON(a.stdout, all, a.loc)
			}
			return batchesText(a.stdout, all, a.loc)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func batchesJSON(w io.Writer, all []safety.Applied, loc *time.Location) error {
	rows := make([]*export.Object, len(all))
	optional := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	for i, b := range all {
		var o export.Object
		o.Set("batch", b.Batch).Set("op", b.Op).Set("kind", optional(string(b.Kind)))
		if b.Op == safety.OpRevert {
			o.Set("reverts", b.Reverts)
		}
		o.Set("file", optional(b.File)).Set("by", optional(b.By)).Set("at", export.Instant(b.At, loc))
		o.Set("frame", optional(b.Frame)).Set("encoding", optional(b.Encoding))
		o.Set("read", b.Read).Set("inserted", b.Inserted).Set("updated", b.Updated).Set("unchanged", b.Unchanged)
		rows[i] = o.Set("superseded", b.Superseded).Set("rejected", b.Rejected).Set("ended", b.Ended)
	}
	return json.NewEncoder(w).Encode(rows)
}

func batchesText(w io.Writer, all []safety.Applied, loc *time.Location) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BATCH\tAT\tBY\tWHAT\tFILE\tREAD\tINSERTED\tUPDATED\tUNCHANGED\tSUPERSEDED\tREJECTED\tENDED\tFRAME\tENCODING")
	for _, b := range all {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", b.Batch, b.At.In(loc).Format("2006-01-02 15:04:05"),
			orDash(b.By), whatBatch(b), orDash(b.File), b.Read, b.Inserted, b.Updated, b.Unchanged, b.Superseded, b.Rejected, b.Ended,
			orDash(b.Frame), orDash(b.Encoding))
	}
	return t.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// whatBatch says in a few words what a batch was.
func whatBatch(b safety.Applied) string {
	switch b.Op {
	case safety.OpRevert:
		return fmt.Sprintf("revert of %d (%s)", b.Reverts, b.Kind)
	case safety.OpEdit:
		return "edit by another program"
	}
	return "import of " + string(b.Kind)
}

func newRevertCmd(a *app) *cobra.Command {
	var by string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "revert BATCH",
		Short: "Put back what a batch changed",
		Long: `revert takes back one batch of those that hazgrid batches lists: records that it brought get a tombstone, records
that it changed get their former values, records that it ended come back. Figures and tiles are then as they
were before. A batch whose records a later one changed, or refers to, is refused; the later ones are named and can
be reverted first. A revert is a batch itself: reverting it does the batch again.`,
		Example: `  hazgrid batches
  hazgrid revert --dry-run 17
  hazgrid revert 17`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New("want one BATCH, a number; see `hazgrid batches`"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || number < 1 {
				return usage(fmt.Errorf("BATCH: want a number from 1, got %q", args[0]))
			}
			s, err := a.openStore(cmd.Context(), false)
			if err != nil {
				return err
			}
			return errors.Join(a.revert(cmd, s, reversal{number, author(by), dryRun}), s.Close())
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be put back, write nothing")
	addBy(cmd.Flags(), &by)
	return cmd
}

// A reversal is what the verb revert was asked for.
type reversal struct {
	batch  int64
	by     string
	dryRun bool
}

func (a *app) revert(cmd *cobra.Command, s store.Store, v reversal) error {
	b := safety.Batch{Revert: v.batch, Origin: func() safety.Origin {
		return safety.Origin{By: v.by, At: safety.TimeOf(time.Now())}
	}}
	if v.dryRun {
		b.Confirm = func(safety.Receipt) error { return errDryRun }
	}
	r, err := s.Apply(cmd.Context(), b)
	if err != nil && !errors.Is(err, errDryRun) {
		return err
	}
	end := fmt.Sprintf("batch %d", r.Version)
	if v.dryRun {
		end = "nothing was written"
	}
	_, err = fmt.Fprintf(a.stdout, "batch %d reverted: %d records are back, %d have their former values, %d ended (%s)\n",
		v.batch, r.Inserted, r.Updated, r.Ended, end)
	return err
}
