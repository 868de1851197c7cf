// Package analytics computes statistics of plain slices of numbers. It knows
// neither geography nor business, and imports the standard library only.
package analytics
