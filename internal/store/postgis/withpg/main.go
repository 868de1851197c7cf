// Command withpg runs a command with a PostGIS of its own: a throw-away cluster, ended with
// the command, whose URL the command finds in HAZGRID_DB.
//
//	withpg hazgrid demo
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"hazgrid/internal/store/postgis/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	if len(command) == 0 {
		return errors.New("want a command to run")
	}
	url, end, err := pgtest.Start(ctx, "")
	if err != nil {
		return err
	}
	defer end()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "HAZGRID_DB="+url)
	if err := cmd.Run(); ctx.Err() == nil {
		return err
	}
	return nil // ended because we were told to
}
