// Package server answers HTTP: it turns requests into questions to a safety.Snapshot. A
// request loads the snapshot once and uses it to its end, so that a tile and a number in one
// answer agree. It writes nothing but the passing of time (a deadline makes a version, like a write).
package server
