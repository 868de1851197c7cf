package district

import "math"

// A spot is a vertex in units of 1e-7 degree: whole numbers, so that the tests below are exact.
type spot struct{ x, y int64 }

// A piece is a straight part of an arc.
type piece struct {
	a, b spot
	arc  int
}

// conflicts returns the arcs that touch another, or themselves, elsewhere than at shared ends; rising.
func (w *drawing) conflicts() []int {
	bins := map[[2]int64][]int32{}
	pieces := w.pieces()
	bad := map[int]bool{}
	for i, p := range pieces {
		p.bins(func(bin [2]int64) {
			for _, j := range bins[bin] {
				if q := pieces[j]; p.hits(q) {
					bad[p.arc], bad[q.arc] = true, true
				}
			}
			bins[bin] = append(bins[bin], int32(i))
		})
	}
	arcs := []int{}
	for i := range w.arcs {
		if bad[i] {
			arcs = append(arcs, i)
		}
	}
	return arcs
}

// pieces returns the straight parts of all arcs.
func (w *drawing) pieces() []piece {
	var all []piece
	for i, a := range w.arcs {
		var last spot
		for k, c := range a.corners {
			if !w.kept[c] {
				continue
			}
			here := spot{int64(math.Round(w.at[c][0] * 1e7)), int64(math.Round(w.at[c][1] * 1e7))}
			if k > 0 {
				all = append(all, piece{last, here, i})
			}
			last = here
		}
	}
	return all
}

// bins calls visit for each square of 0.004° that the box of p meets.
func (p piece) bins(visit func(bin [2]int64)) {
	const width = 40_000
	for x := min(p.a.x, p.b.x) / width; x <= max(p.a.x, p.b.x)/width; x++ {
		for y := min(p.a.y, p.b.y) / width; y <= max(p.a.y, p.b.y)/width; y++ {
			visit([2]int64{x, y})
		}
	}
}

// turn is positive where a, b, c turn left, zero where they are in line.
func turn(a, b, c spot) int64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// hits reports whether two pieces have more in common than one end each.
func (p piece) hits(q piece) bool {
	if p.a == p.b || q.a == q.b {
		return true
	}
	if p.b == q.b || p.b == q.a {
		p.a, p.b = p.b, p.a
	}
	if p.a == q.b {
		q.a, q.b = q.b, q.a
	}
	if p.a == q.a {
		forward := (p.b.x-p.a.x)*(q.b.x-q.a.x) + (p.b.y-p.a.y)*(q.b.y-q.a.y)
		return turn(p.a, p.b, q.b) == 0 && forward > 0
	}
	return p.apart(q) <= 0 && q.apart(p) <= 0 && p.boxMeets(q)
}

// apart is positive when both ends of q lie on one side of the line through p.
func (p piece) apart(q piece) int { return sign(turn(p.a, p.b, q.a)) * sign(turn(p.a, p.b, q.b)) }

func sign(v int64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// boxMeets reports whether the boxes of two pieces touch.
func (p piece) boxMeets(q piece) bool {
	return max(min(p.a.x, p.b.x), min(q.a.x, q.b.x)) <= min(max(p.a.x, p.b.x), max(q.a.x, q.b.x)) &&
		max(min(p.a.y, p.b.y), min(q.a.y, q.b.y)) <= min(max(p.a.y, p.b.y), max(q.a.y, q.b.y))
}
