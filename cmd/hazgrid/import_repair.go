package main

import (
	"fmt"

	"hazgrid/importers"
)

// The kinds of --repair. The plain flag means polygons; true and false are for HAZGRID_REPAIR.
const (
	repairPolygons = "polygons"
	repairCoverage = "coverage"
)

// mostTolerance is the widest ground in metres that mending may give away.
const mostTolerance = 1000

// repairs turns --repair and --tolerance into options.
func (f *importFlags) repairs(o *importers.Options) error {
	switch f.repair {
	case "", "false":
	case repairPolygons, "true":
		o.Repair = true
	case repairCoverage:
		o.Repair, o.Coverage = true, true
	default:
		return fmt.Errorf("--repair: want %s or %s, got %q", repairPolygons, repairCoverage, f.repair)
	}
	if !(f.tolerance > 0 && f.tolerance <= mostTolerance) {
		return fmt.Errorf("--tolerance: want metres above 0, at most %d, got %v", mostTolerance, f.tolerance)
	}
	o.ToleranceM = f.tolerance
	return nil
}
