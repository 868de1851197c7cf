package district

import (
	"math/rand/v2"

	"github.com/paulmach/orb"
)

// A line is a pipeline.
type line struct {
	id, kind, name, operator string
	protectionM              float64
	path                     orb.MultiLineString
}

// value returns the value of a field of safety.Lines.
func (l *line) value(field string) any {
	switch field {
	case "id":
		return l.id
	case "kind":
		return l.kind
	case "name":
		return l.name
	case "operator":
		return l.operator
	case "protection_m":
		return l.protectionM
	}
	return common(field)
}

// gasLine runs from town to town through the plain, with branches into two more.
func gasLine(r *rand.Rand) line {
	routes := [][][2]float64{
		{
			{120.700, 27.893},
			{120.712, 27.870},
			{120.706, 27.846},
			{120.694, 27.824},
			{120.676, 27.806},
			{120.656, 27.792},
			{120.640, 27.778},
			{120.636, 27.752},
			{120.642, 27.728},
			{120.618, 27.722},
			{120.578, 27.732},
		},
		{{120.656, 27.792}, {120.634, 27.802}, {120.612, 27.800}},
		{{120.676, 27.806}, {120.694, 27.790}, {120.708, 27.780}},
	}
	l := line{id: "GAS-1", kind: "gas", name: "虚构中压燃气干线", operator: Mark + "栎榭燃气经营部", protectionM: 5}
	for _, route := range routes {
		l.path = append(l.path, winding(r, board(route), 4))
	}
	return l
}

// winding bends each leg of a route times over: its middle moves aside by up to a tenth of its length.
func winding(r *rand.Rand, route []point, times int) orb.LineString {
	for range times {
		bent := route[:1:1]
		for i := 1; i < len(route); i++ {
			leg := route[i].minus(route[i-1])
			aside := point{-leg.y, leg.x}.times(0.2 * (r.Float64() - 0.5))
			bent = append(bent, route[i-1].plus(leg.times(0.5)).plus(aside), route[i])
		}
		route = bent
	}
	path := make(orb.LineString, len(route))
	for i, p := range route {
		path[i] = p.rounded()
	}
	return path
}
