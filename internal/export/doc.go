// Package export writes answers in the formats people take them away in: JSON, CSV and XLSX.
// What a column is called and holds is said once; every format follows it.
package export
