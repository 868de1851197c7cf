// Command hazgrid is the map and the numbers behind grid-based safety supervision: it imports
// grids, enterprises, hazards and inspections into a GeoPackage or PostGIS, says which grid a
// point lies in, counts by grid, and serves tiles and a dashboard. `hazgrid --help` lists the verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // dates are read in --tz on machines without zone files too
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(exitCode(err))
}

// stdio is where a run reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program, with its surroundings as arguments so that a test can start it.
// It has said what went wrong on io.err; exitCode turns its error into a status.
func run(ctx context.Context, args []string, getenv func(string) string, io stdio) error {
	a := &app{getenv: getenv, stdin: io.in, stdout: io.out, stderr: io.err}
	root := newRootCmd(a)
	root.SetArgs(guardNumbers(args))
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	err := root.ExecuteContext(ctx)
	var quiet *exitError
	if err != nil && (!errors.As(err, &quiet) || quiet.err != nil) {
		fmt.Fprintln(io.err, "hazgrid:", unguarded(err.Error()))
	}
	return err
}

// Exit statuses of contract section 1.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitRejected = 3
)

// An exitError carries an exit status other than 1. A nil err has nothing left to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage makes err a matter of wrong usage.
func usage(err error) error { return &exitError{exitUsage, err} }

func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.code
	}
	return exitFailed
}
