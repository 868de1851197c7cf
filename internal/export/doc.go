// Package export writes answers in the formats people take them away in: JSON, CSV and XLSX, and whole
// layers of records in GeoJSON, GeoPackage, CSV, XLSX and Shapefile, which importers read back.
// What a column is called and holds is said once; every format follows it.
package export
