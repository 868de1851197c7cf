package storetest

import (
	"context"
	"errors"
	"iter"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

func refusals() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"a batch whose Confirm fails writes nothing and tells what it would have done": dryRun,
		"a batch whose records fail writes nothing":                                    sourceFails,
		"a batch whose reject cannot be reported writes nothing":                       reportFails,
		"a batch cancelled while it is read writes nothing":                            cancelled,
		"a batch of an unknown kind or without content is refused":                     invalid,
		"divisions do not see each other":                                              divisions,
	}
}

// untouched fails the test unless f leaves s as it was and able to go on.
func untouched(t *testing.T, s store.Store, f func()) {
	t.Helper()
	before := load(t, s, 0)
	f()
	same(t, "records", load(t, s, 0), before)
	apply(t, s, batch(t, safety.Enterprises, enterprise("after", inW(), "name", before.Clock.String()+"!")))
}

func dryRun(t *testing.T, o Opener) {
	s := o.Open(t, home)
	stop := errors.New("dry run")
	batches := []safety.Batch{
		town(t), batch(t, safety.Enterprises, enterprise("e", inW())), batch(t, safety.Hazards, hazard("h", "e", nil), hazard("x", "nobody", nil)),
	}
	for i, b := range batches {
		var seen safety.Receipt
		b.Confirm = func(r safety.Receipt) error { seen = r; return stop }
		untouched(t, o.Open(t, string(rune('a'+i))), func() {})
		before, err := s.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Apply(t.Context(), b)
		if !errors.Is(err, stop) {
			t.Fatalf("%s: got error %v, want Confirm's", b.Kind, err)
		}
		if seen.Version != before+1 || r.Version != before {
			t.Errorf("%s: Confirm saw version %d, the receipt has %d, want %d and %d", b.Kind, seen.Version, r.Version, before+1, before)
		}
		if counts(r) != counts(seen) || r.Inserted == 0 {
			t.Errorf("%s: got %v, Confirm saw %v", b.Kind, counts(r), counts(seen))
		}
		same(t, "version", load(t, s, 0).Version, before)
		b.Confirm = nil
		apply(t, s, b)
	}
}

func sourceFails(t *testing.T, o Opener) {
	s, broken := o.Open(t, home), errors.New("truncated")
	for _, k := range []safety.Kind{safety.Grids, safety.Enterprises, safety.Lines} {
		untouched(t, s, func() {
			_, err := s.Apply(t.Context(), safety.Batch{Kind: k, Records: func(yield func(safety.Record, error) bool) {
				r := record(t, safety.Enterprises, 1, inW(), values{"id": "e"})
				if k != safety.Enterprises || yield(r, nil) {
					yield(safety.Record{}, broken)
				}
			}})
			if !errors.Is(err, broken) {
				t.Errorf("%s: got error %v, want the source's", k, err)
			}
		})
	}
}

func reportFails(t *testing.T, o Opener) {
	s, full := o.Open(t, home), errors.New("disk full")
	untouched(t, s, func() {
		b := batch(t, safety.Hazards, hazard("h", "", inW()), hazard("x", "nobody", nil))
		b.Rejected = func(safety.Reject) error { return full }
		if _, err := s.Apply(t.Context(), b); !errors.Is(err, full) {
			t.Errorf("got error %v, want the report's", err)
		}
	})
}

func cancelled(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	for _, at := range []int{0, 1, 3000} {
		untouched(t, s, func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := s.Apply(ctx, safety.Batch{Kind: safety.Enterprises, Records: cancelling(t, cancel, at)})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want context.Canceled", err)
			}
		})
	}
	untouched(t, s, func() {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := batch(t, safety.Enterprises, enterprise("e", inW()))
		b.Confirm = func(safety.Receipt) error { cancel(); return nil }
		if _, err := s.Apply(ctx, b); err == nil {
			t.Error("cancelled before the commit: got no error")
		}
	})
}

// cancelling yields 5000 records and cancels before number at.
func cancelling(t *testing.T, cancel func(), at int) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		for i := range 5000 {
			if i == at {
				cancel()
			}
			if !yield(record(t, safety.Enterprises, int64(i+1), inW(), values{"id": key(i)}), nil) {
				return
			}
		}
	}
}

func invalid(t *testing.T, o Opener) {
	s := o.Open(t, home)
	for _, b := range []safety.Batch{{}, {Kind: "cats", Records: all(nil)}, {Kind: safety.Grids}} {
		if _, err := s.Apply(t.Context(), b); !errors.Is(err, safety.ErrInvalid) {
			t.Errorf("%+v: got error %v, want ErrInvalid", b.Kind, err)
		}
	}
	short := safety.Batch{Kind: safety.Hazards, Records: all([]safety.Record{{Number: 1, Values: []any{"h"}}})}
	if _, err := s.Apply(t.Context(), short); !errors.Is(err, safety.ErrInvalid) {
		t.Errorf("too few values: got error %v, want ErrInvalid", err)
	}
}

func divisions(t *testing.T, o Opener) {
	here, there := o.Open(t, home), o.Open(t, "330382")
	apply(t, here, town(t))
	apply(t, here, batch(t, safety.Enterprises, enterprise("e", inW(), "kind", "here")))
	apply(t, there, batch(t, safety.Enterprises, enterprise("e", inW(), "kind", "there"), enterprise("f", inW())))
	got := load(t, there, 0)
	if got.Version != 1 || len(got.Grids) != 0 || len(got.Enterprises) != 2 || len(got.Sites) != 0 {
		t.Errorf("got version %d, %d grids, %d enterprises, %d sites, want 1, 0, 2, 0", got.Version, len(got.Grids), len(got.Enterprises), len(got.Sites))
	}
	same(t, "kind", find(t, got.Enterprises, "e").Kind, "there")
	same(t, "place", find(t, got.Enterprises, "e").Place, safety.Outside)
	same(t, "kind", find(t, load(t, here, 0).Enterprises, "e").Kind, "here")
	apply(t, there, town(t))
	same(t, "version of the other", load(t, here, 0).Version, int64(2))
}
