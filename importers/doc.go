// Package importers turns a file into records: a file in, a stream of
// safety.Record and row errors out. It never writes and holds no more of the file
// than one record; of a workbook also the texts that its cells share (128 MB at
// most) and its merged ranges, of a TopoJSON its arcs (88 MB at most), and of grids that are
// mended as a coverage all of them (Options.Coverage).
//
// The work is in two steps that know nothing of each other. A format reader
// (GeoJSON, CSV, Shapefile, XLSX, KML, a database, …) yields raw rows: a number, names with their texts, a geometry.
// One common mapping finds the columns of a row by their canonical names or
// their English and Chinese synonyms, reads the texts as the types of
// safety.Fields, brings the geometry to WGS 84 and checks it. A new format is a
// new reader and a line in sniff.go.
//
// Tables come as people keep them. Where their first row names no columns of the kind,
// the header is looked for in the first twenty, in one row or two (groups over
// names); a merged range fills its column, a blank cell never takes the value above
// it; rows of sums (合计, 小计, 总计) are left out and counted. Records are numbered from
// 1 under the header; of a workbook a reason also says which row of the sheet it is.
// Where no column gives the ids of a ledger they are made of what its rows say (see
// derive.go). What means two things is not guessed but named in a warning.
//
// A row that is wrong is a *safety.FieldError and the stream goes on; a file
// that is wrong (cut off, not the format it began as, a frame that cannot be
// read) ends it.
package importers
