package server

import (
	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// frameSlack is added around a box whose corners were brought into another frame, degrees: the
// shift of gcj02 and bd09 bends the sides between them by less.
const frameSlack = 0.001

// gridBounds returns the box of the largest grids of a scheme at a time, degrees; not ok when there are none.
func gridBounds(snapshot *safety.Snapshot, scheme string, at safety.Time) (orb.Bound, bool) {
	for level := 1; level <= snapshot.Depth(scheme); level++ {
		if l, err := snapshot.Layer(scheme, level, at); err == nil && len(l.Grids) > 0 {
			return l.Coverage.Bound(), true
		}
	}
	return orb.Bound{}, false
}

// extent returns the box of what the layers of a request show, in the request's frame.
func extent(snapshot *safety.Snapshot, layers []layer, t tileRequest) (box orb.Bound, ok bool) {
	for _, l := range layers {
		b, has := extentOf(snapshot, l, t)
		switch {
		case has && ok:
			box = box.Union(b)
		case has:
			box, ok = b, true
		}
	}
	if !ok || t.frame == crs.WGS84 {
		return box, ok
	}
	return shifted(box, t.frame), true
}

func extentOf(snapshot *safety.Snapshot, l layer, t tileRequest) (orb.Bound, bool) {
	switch l.kind {
	case enterpriseLayer:
		return snapshot.EnterpriseSymbols(t.query).Bound()
	case hazardLayer:
		return snapshot.HazardSymbols(t.query).Bound()
	case lineLayer:
		all := orb.Collection{}
		for _, line := range snapshot.Lines() {
			all = append(all, line.Path)
		}
		return all.Bound(), len(all) > 0
	}
	found, err := snapshot.Layer(t.query.Scheme, l.level, t.query.At)
	if err != nil || len(found.Grids) == 0 {
		return orb.Bound{}, false
	}
	return found.Coverage.Bound(), true
}

// shifted returns a box in frame f that holds the box b of WGS 84.
func shifted(b orb.Bound, f crs.Frame) orb.Bound {
	out, any := b, false
	for _, corner := range b.ToRing() {
		p, err := f.FromWGS84(corner)
		if err != nil {
			continue
		}
		if !any {
			out, any = p.Bound(), true
		}
		out = out.Extend(p)
	}
	return out.Pad(frameSlack)
}
