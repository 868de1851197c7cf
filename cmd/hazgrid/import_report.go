package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hazgrid/geo/crs"
	"hazgrid/importers"
	"hazgrid/safety"
)

// saidRejects is how many rejected records of a file are named on the screen.
const saidRejects = 10

// saidFrames is how many of the frames that were tested are named there.
const saidFrames = 6

// An importReport is what became of one file: the JSON of contract section 3. Read = Inserted +
// Updated + Unchanged + Superseded + Rejected. A file that failed has an error, and
// nothing of it was written.
type importReport struct {
	Kind       safety.Kind            `json:"kind"`
	File       string                 `json:"file"`
	Encoding   string                 `json:"encoding"`
	Frame      string                 `json:"frame"`
	FrameWhy   string                 `json:"frame_why"`
	Read       int64                  `json:"read"`
	Inserted   int64                  `json:"inserted"`
	Updated    int64                  `json:"updated"`
	Unchanged  int64                  `json:"unchanged"`
	Superseded int64                  `json:"superseded"`
	Rejected   int64                  `json:"rejected"`
	Ended      *int64                 `json:"ended,omitempty"` // with --sync
	Repaired   int64                  `json:"repaired"`
	Outside    int64                  `json:"outside"`
	Unlocated  int64                  `json:"unlocated"`
	Warnings   []safety.Warning       `json:"warnings"`
	Findings   *reportFindings        `json:"findings,omitempty"` // of grids
	Seconds    float64                `json:"seconds"`
	Version    int64                  `json:"version"`
	Frames     []importers.FrameScore `json:"frames,omitempty"` // tested by --frame auto, the best first
	Error      string                 `json:"error,omitempty"`

	say    []safety.Reject // the first that were rejected
	found  safety.Findings
	undone bool            // the figures are what would have been
	sample []safety.Record // the first records, for a dry run
}

// fill adds what the store and the file know at the end.
func (r *importReport) fill(got safety.Receipt, f *importers.File) {
	r.Frame, r.FrameWhy, r.Frames = string(f.Frame), f.FrameWhy, f.Frames
	r.Inserted, r.Updated, r.Unchanged, r.Superseded = got.Inserted, got.Updated, got.Unchanged, got.Superseded
	r.Rejected += got.Rejected
	r.Repaired, r.Outside, r.Unlocated, r.Version = f.Repaired(), got.Outside, got.Unlocated, got.Version
	r.found = f.Findings()
	r.found.Join(got.Findings)
	r.Findings = newReportFindings(r.Kind, r.found)
	r.Warnings = append(append(r.Warnings, f.Warnings()...), got.Warnings...)
	slices.SortStableFunc(r.Warnings, func(a, b safety.Warning) int { return strings.Compare(a.Code, b.Code) })
	slices.SortStableFunc(r.say, func(a, b safety.Reject) int { return int(a.Number - b.Number) })
}

// tested keeps the scores of frames of which none was taken.
func (r *importReport) tested(err error) {
	var bad *importers.FrameError
	if errors.As(err, &bad) {
		r.Frames = bad.Scores
	}
}

// reportTo opens the report's file before anything is imported, and returns what writes it.
func (a *app) reportTo(path string) (write func([]*importReport) error, err error) {
	w, done, err := a.output(path)
	if err != nil {
		return nil, err
	}
	return func(reports []*importReport) error {
		var v any = reports
		if len(reports) == 1 {
			v = reports[0]
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return done(e.Encode(v))
	}, nil
}

// say prints what became of a file for people: counts on stdout, unless results go there, and
// what deserves a look on stderr. An error is printed by run.
func (j *importJob) say(r *importReport) {
	out := j.app.stdout
	if slices.Contains([]string{j.flags.report, j.flags.rejects, j.flags.findings}, "-") {
		out = j.app.stderr
	}
	err := r.details(j.app.stderr)
	if r.Error == "" || r.undone {
		for _, record := range r.sample {
			fmt.Fprintln(out, understood(r.Kind, record, j.app.loc))
		}
		_, err2 := fmt.Fprintln(out, r)
		err = errors.Join(err, err2)
	}
	if err != nil {
		j.app.log.Debug("the summary could not be printed", "file", r.File, "error", err)
	}
}

// details names the first rejected records and the warnings.
func (r *importReport) details(w io.Writer) error {
	var b strings.Builder
	if r.Error == "" || r.undone {
		for _, bad := range r.say {
			fmt.Fprintf(&b, "%s: %s\n", r.File, bad.Error())
		}
		if more := r.Rejected - int64(len(r.say)); more > 0 {
			fmt.Fprintf(&b, "%s: … and %d more (--rejects FILE writes them all)\n", r.File, more)
		}
	}
	for _, v := range r.Warnings {
		fmt.Fprintf(&b, "%s: warning: %s, %d times, for example %s\n", r.File, v.Code, v.Count, v.Example)
	}
	if r.FrameWhy != "" && r.FrameWhy != "given" && r.Frame != string(crs.WGS84) && len(r.Frames) == 0 {
		fmt.Fprintf(&b, "%s: frame %s: %s\n", r.File, r.Frame, r.FrameWhy)
	}
	for _, score := range r.Frames[:min(len(r.Frames), saidFrames)] {
		fmt.Fprintf(&b, "%s: frame %s\n", r.File, score)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String is the report in one line.
func (r *importReport) String() string {
	s := fmt.Sprintf("%s: %d %s read: %d inserted, %d updated, %d unchanged, %d superseded, %d rejected",
		r.File, r.Read, r.Kind, r.Inserted, r.Updated, r.Unchanged, r.Superseded, r.Rejected)
	if r.Ended != nil {
		s += fmt.Sprintf("; %d ended", *r.Ended)
	}
	for _, c := range []struct {
		n    int64
		word string
	}{{r.Repaired, "repaired"}, {r.Outside, "outside"}, {r.Unlocated, "unlocated"}} {
		if c.n > 0 {
			s += fmt.Sprintf("; %d %s", c.n, c.word)
		}
	}
	s += fmt.Sprintf(" (%s, %s, %.1f s", r.Encoding, r.Frame, r.Seconds)
	if r.undone {
		return s + "; nothing was written)"
	}
	return s + fmt.Sprintf(", version %d)", r.Version)
}
