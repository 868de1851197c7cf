// Package safety holds the nouns of grid-based safety supervision — Grid,
// Enterprise, Hazard, Inspection, Line, Tally — and the immutable Snapshot that
// answers questions about them: which grid, tallies by level, what changed.
//
// Everything is in WGS 84 longitude and latitude, degrees. Time is always an
// argument: nothing in this package reads a clock.
package safety
