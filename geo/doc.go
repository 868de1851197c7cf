// Package geo holds shapes on the earth: the [Coverage] that answers which
// grid a point lies in, geodesic areas and distances, validity and repair of
// polygons, and the well-known-binary forms two databases speak.
//
// Coordinates are orb points of longitude and latitude in degrees on WGS 84.
// Edges are straight in longitude and latitude, as PostGIS' geometry has
// them, wherever the question is "inside or not"; lengths and areas are
// geodesic, in metres and square metres, as PostGIS' geography has them.
//
// The package knows shapes only: nothing of grids' codes, levels or hazards.
//
// # Who owns a point
//
// A face is the set of points that an odd number of its sides passes on the
// left (even–odd rule). It holds p when p + (ε, ε²) is inside for every small
// enough ε > 0: a hair to the right and a hair of that hair upwards, which is never
// on a side. [Coverage.Locate] gives the face that holds p, the lowest where
// several overlap; where none does, the lowest that has p on its boundary.
//
// At most one face of a clean coverage owns p: interiors do not meet, and
// p + (ε, ε²) is in at most one. There is one whenever p is inside or on the boundary of
// any face. So between two faces the right and the upper own the border, around
// a vertex one of all faces does, and the choice does not depend on the order, winding or
// starting point of the rings.
//
// Counting sides with p gives the same as counting them with p + (ε, ε²): a side
// with ends lo and hi, lower first, has p + (ε, ε²) at its height just when
// lo.y ≤ p.y < hi.y (ε² lifts p off every vertex below, and is too small to reach one above),
// so a level side never counts; and it passes it on the left just when p is right
// of the side's line or on it (a step of ε to the right outweighs one of ε² along any line).
// Whether p is right of a line is decided exactly: in floating point where the
// error bound allows, else by expansions that lose nothing (Shewchuk 1997); products are
// rounded explicitly, so that every build gives the same answer. A side has its
// lower end first whichever ring it comes from, so both faces beside it count alike.
//
// The raster behind Locate walks to p from a corner whose faces are known; the sides
// crossed on the way, by the same half-open rule, change them. Any way gives the same
// parity, so it gives what the definition gives: see raster.go.
package geo
