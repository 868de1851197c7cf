// Package coverages makes and reads coverages for tests and benchmarks of which-grid, and judges
// them: shapes drawn from a seed ([Voronoi] cells with jagged shared sides, holes, islands, faces
// in several parts, slivers, overlaps), a reader of the polygons in testdata ([Read]), hard points
// ([Corpus]), and an [Oracle] that says in exact fractions who owns a point. It uses nothing of
// hazgrid, so that what it judges cannot lead it astray.
package coverages
