// Package importers turns a file into records: a file in, a stream of
// safety.Record and row errors out. It never writes and never holds more of the
// file than one record.
//
// The work is in two steps that know nothing of each other. A format reader
// (GeoJSON, CSV, Shapefile) yields raw rows: a number, names with their texts, a geometry.
// One common mapping finds the columns of a row by their canonical names or
// their English and Chinese synonyms, reads the texts as the types of
// safety.Fields, brings the geometry to WGS 84 and checks it. A new format is a
// new reader and a line in sniff.go.
//
// A row that is wrong is a *safety.FieldError and the stream goes on; a file
// that is wrong (cut off, not the format it began as, a frame that cannot be
// read) ends it.
package importers
