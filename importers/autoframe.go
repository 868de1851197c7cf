package importers

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
)

// autoSample is how many located records the frames are tested on.
const autoSample = 4096

// When a frame is clearly the one. The right frame wins clearly: of points left in GCJ-02, a twentieth
// fell into the right grid in a city of small grids, where nearly all do in the right frame.
const (
	clearLeast  = 30   // records that declare a grid of the store; fewer prove nothing
	clearAgree  = 0.6  // share of them whose declared grid is the computed one
	clearLead   = 0.1  // share by which that is more than in any other frame
	clearErrors = 2.0  // and every other frame disagrees at least so many times as often
	clearInside = 0.9  // without declared grids: share inside the grids of the store
	clearOther  = 0.5  // and of every other frame at most
	doubtAgree  = 0.85 // a winner that agrees less often is worth a look: an older datum is 100 m off
)

// A FrameScore says how well one frame fits a sample of a file.
type FrameScore struct {
	Frame    crs.Frame `json:"frame"`
	Swapped  bool      `json:"swapped,omitempty"` // with the second coordinate first
	Sampled  int       `json:"sampled"`           // records
	Inside   float64   `json:"inside"`            // share of them that lie in a grid of the store
	Declared int       `json:"declared"`          // of the sampled: those that name a grid which any of them lies in, in any frame
	Agree    float64   `json:"agree"`             // share of the declared that lie in the grid they name
}

// String is a score for people.
func (s FrameScore) String() string {
	name := string(s.Frame)
	if s.Swapped {
		name += " (swapped)"
	}
	text := fmt.Sprintf("%s: %.1f %% of %d inside", name, 100*s.Inside, s.Sampled)
	if s.Declared > 0 {
		text += fmt.Sprintf(", %.1f %% of %d agree", 100*s.Agree, s.Declared)
	}
	return text
}

// A FrameError says why --frame auto has not chosen. It matches ErrFrame.
type FrameError struct {
	Reason string
	Scores []FrameScore // the best first
}

// Error names the reason and the best scores.
func (e *FrameError) Error() string {
	text := "--frame auto: " + e.Reason
	for i, s := range e.Scores[:min(4, len(e.Scores))] {
		text += [...]string{" (", "; ", "; ", "; "}[i] + s.String()
	}
	if len(e.Scores) > 0 {
		text += ")"
	}
	return text + "; say which with --frame"
}

// Is makes a FrameError match ErrFrame.
func (e *FrameError) Is(target error) bool { return target == ErrFrame }

// autoFrame tests the likely frames and takes the clear winner.
func (f *File) autoFrame() error {
	if f.src.o.Locate == nil {
		return &FrameError{Reason: "there are no grids in the store to test with; import them first"}
	}
	spots, claim := f.sample(autoSample)
	if len(spots) == 0 {
		return &FrameError{Reason: "no record has a location"}
	}
	var own *crs.Conversion
	if c, err := f.understood(claim); err == nil {
		own = &c
	}
	trials := plausible(spots, own)
	f.Frames = f.score(spots, trials)
	best, why, err := winner(f.Frames, own)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(trials, func(t trial) bool { return t.Name() == best.Frame && t.swap == best.Swapped })
	f.mapper.conversion, f.mapper.swap = trials[i].Conversion, best.Swapped
	f.Frame, f.FrameWhy = best.Frame, why
	if best.Declared > 0 && best.Agree < doubtAgree {
		f.mapper.warn("frame", fmt.Sprintf("%s fits best, but only %.1f %% of the declared grids agree: other mistakes, or an older datum?", best.Frame, 100*best.Agree))
	}
	if best.Swapped {
		f.mapper.warn("swapped", fmt.Sprintf("the second coordinate is the eastern one, by %d records: they are taken so in the whole file", best.Sampled))
	}
	return nil
}

// A trial is a frame to be tested.
type trial struct {
	crs.Conversion
	swap bool
}

// point is p of the file in WGS 84, not ok where the trial says that it is nowhere.
func (t *trial) point(p orb.Point) (orb.Point, bool) {
	if t.swap {
		p = turned(p)
	}
	q, err := t.ToWGS84(p)
	return q, err == nil
}

// plausible returns the frames that a sample may be in, each as given and swapped: those in degrees, or those in
// metres in whose planes most of it is near. own is what the file says. None does the same as one before it.
func plausible(spots []spot, own *crs.Conversion) (out []trial) {
	degrees := 0
	for _, s := range spots {
		if max(s.at[0], s.at[1], -s.at[0], -s.at[1]) <= 180 {
			degrees++
		}
	}
	inDegrees := 2*degrees >= len(spots)
	add := func(c *crs.Conversion) {
		for _, swap := range []bool{false, true} {
			t := trial{*c, swap}
			if c.Projected() != inDegrees && t.fits(spots) && !slices.ContainsFunc(out, func(o trial) bool { return o.same(&t, spots) }) {
				out = append(out, t)
			}
		}
	}
	for _, name := range frameNames() {
		if c, err := name.Conversion(); err == nil {
			add(&c)
		}
	}
	if own != nil {
		add(own)
	}
	return out
}

// frameNames are those that are tried: of each meridian of Gauss-Krüger the plane with and without the zone in the
// easting, of UTM the zones of China.
func frameNames() []crs.Frame {
	names := []crs.Frame{crs.WGS84, crs.GCJ02, crs.BD09, "EPSG:3857"}
	for _, block := range [][2]int{{4534, 4554}, {4513, 4533}, {4491, 4501}, {32643, 32653}} {
		for code := block[0]; code <= block[1]; code++ {
			names = append(names, crs.Frame(fmt.Sprintf("EPSG:%d", code)))
		}
	}
	return names
}

// fits reports that most of a sample is near in the frame.
func (t *trial) fits(spots []spot) bool {
	near := 0
	for _, s := range spots {
		p := s.at
		if t.swap {
			p = turned(p)
		}
		if t.Near(p) {
			near++
		}
	}
	return 2*near > len(spots)
}

// same reports that two frames do the same with the start of a sample.
func (t *trial) same(o *trial, spots []spot) bool {
	for _, s := range spots[:min(16, len(spots))] {
		p, ok := t.point(s.at)
		q, ok2 := o.point(s.at)
		if ok != ok2 || max(p[0]-q[0], q[0]-p[0], p[1]-q[1], q[1]-p[1]) > 1e-9 {
			return false
		}
	}
	return true
}

// score tests each frame on all of a sample. The best comes first.
func (f *File) score(spots []spot, trials []trial) []FrameScore {
	scores := make([]FrameScore, len(trials))
	agrees := make([]int, len(trials))
	known := map[string]bool{} // names of all grids that any spot lies in
	for i := range trials {
		var inside int
		inside, agrees[i] = f.tally(spots, &trials[i], known)
		scores[i] = FrameScore{Frame: trials[i].Name(), Swapped: trials[i].swap, Sampled: len(spots), Inside: float64(inside) / float64(len(spots))}
	}
	declared := 0
	for _, s := range spots {
		if s.grid != "" && known[s.grid] {
			declared++
		}
	}
	for i := range scores {
		if scores[i].Declared = declared; declared > 0 {
			scores[i].Agree = float64(agrees[i]) / float64(declared)
		}
	}
	slices.SortStableFunc(scores, func(a, b FrameScore) int {
		return cmp.Or(cmp.Compare(b.Agree, a.Agree), cmp.Compare(b.Inside, a.Inside))
	})
	return scores
}

// tally counts the spots that lie in a grid, and those that lie in the one they declare. known gets the names of the grids.
func (f *File) tally(spots []spot, t *trial, known map[string]bool) (inside, agree int) {
	for _, s := range spots {
		p, ok := t.point(s.at)
		if !ok {
			continue
		}
		is := false
		names := f.src.o.Locate(p)
		for _, n := range names {
			n = fold(n)
			known[n] = true
			is = is || n == s.grid && n != ""
		}
		if len(names) > 0 {
			inside++
		}
		if is {
			agree++
		}
	}
	return inside, agree
}

// winner is the first of scores if it is clearly the one: by declared grids, or, where the file itself says the same, by
// lying inside. Inside alone cannot tell WGS 84 from GCJ-02, nor an older datum's plane from CGCS2000's.
func winner(scores []FrameScore, own *crs.Conversion) (best FrameScore, why string, err error) {
	if len(scores) == 0 {
		return best, "", &FrameError{Reason: "the coordinates fit no frame that is tried"}
	}
	best = scores[0]
	next := FrameScore{Frame: "any other"}
	if len(scores) > 1 {
		next = scores[1]
	}
	if best.Declared >= clearLeast {
		if best.Agree < clearAgree || best.Agree-next.Agree < clearLead || 1-next.Agree < clearErrors*(1-best.Agree) {
			return best, "", &FrameError{Reason: "no frame clearly agrees with the grids that the records declare", Scores: scores}
		}
		return best, fmt.Sprintf("--frame auto: %s; next %s", best, next), nil
	}
	slices.SortStableFunc(scores, func(a, b FrameScore) int { return cmp.Compare(b.Inside, a.Inside) })
	best = scores[0]
	others := 0.0
	for _, s := range scores[1:] {
		others = max(others, s.Inside)
	}
	if own != nil && own.Name() == best.Frame && own.Projected() && best.Sampled >= clearLeast && best.Inside >= clearInside && others <= clearOther {
		return best, fmt.Sprintf("--frame auto: the file says so, and %s", best), nil
	}
	reason := fmt.Sprintf("too few records declare a grid of the store (%d, want %d), and lying inside alone does not tell frames a few hundred metres apart", best.Declared, clearLeast)
	return best, "", &FrameError{Reason: reason, Scores: scores}
}
