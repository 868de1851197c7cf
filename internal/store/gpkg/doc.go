// Package gpkg keeps divisions in one GeoPackage 1.3 file, which QGIS, GDAL and every SQLite
// program can read, and edit, while hazgrid has it open.
//
// Each kind of record is a layer with a spatial index, and grid_tally a view of the tallies as of
// now. The file is in WAL mode and fully synchronous: what Apply returned from is on disk. It
// belongs on a local disk; SQLite's locks do not work on network shares.
//
// The first large batch of a layer is not inserted but laid (ground.go): its rows, the keys of the layer's indexes and
// the list of its R-tree become finished pages (btree.go), which SQLite writes as part of the transaction (pages.go).
//
// # Edits by other programs
//
// Triggers note in table change_log what others do to the layers. They know our own writes by the
// version: a write of ours gives its rows a version above the division's. Before anything is read, and
// within a tenth of a second while somebody watches, the noted rows are settled: checked like an
// import, placed in their grids, and given a version. A row that cannot be used (no id, an invalid
// polygon, an unknown enterprise) stays in the layer, set aside with the deleted_at of the year 9999
// and so out of Load and every figure; change_log says why, and it is tried again with each later edit.
package gpkg
