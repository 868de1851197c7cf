package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program when a script starts it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hazgrid": main, "measured": measured})
}

// TestScripts runs testdata/script: what a user types and what the program answers.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HAZGRID_LOG_LEVEL", "warn")
			return nil
		},
		// cr FILE turns each @ of a file into a carriage return and takes its line ends away.
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"cr": func(ts *testscript.TestScript, _ bool, args []string) {
			text := strings.NewReplacer("@", "\r", "\n", "").Replace(ts.ReadFile(args[0]))
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
		}},
	})
}
