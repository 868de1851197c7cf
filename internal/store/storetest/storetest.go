// Package storetest says what every store.Store must do, as tests that each implementation runs.
package storetest

import (
	"database/sql"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

// An Opener is one empty store under test.
type Opener struct {
	// Open returns a new handle on a division of the store, as another process would have it.
	// The Opener closes it when t ends.
	Open func(t *testing.T, division string) store.Store

	// DB is a way to the store's tables behind its back: the view grid_tally is asked through it.
	DB *sql.DB

	// Window tells that grid_tally is also a function of at, from and to.
	Window bool

	// Delete deletes a record of any kind but grids the way a foreign hand would, and returns once the store knows.
	Delete func(t *testing.T, division string, k safety.Kind, id string)
}

// Run runs the whole suite. open makes an empty store that ends with t.
func Run(t *testing.T, open func(t *testing.T) Opener) {
	for _, group := range []map[string]func(*testing.T, Opener){
		upserts(), references(), locations(), boundaries(), refusals(), versions(), watches(), tallies(), reads(), syncs(), reverts(),
	} {
		for sentence, test := range group {
			t.Run(sentence, func(t *testing.T) { test(t, open(t)) })
		}
	}
}
