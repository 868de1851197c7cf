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
package geo
