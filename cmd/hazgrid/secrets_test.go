package main

import (
	"context"
	"strings"
	"testing"
)

// An import that was interrupted before it began, from a database, names it without the password; so does the list of batches.
func TestInterruptKeepsSecrets(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs strings.Builder
	source := "postgres://reader:s3cret@localhost:1/city?table=firms"
	err := run(ctx, []string{"import", "enterprises", "--db", t.TempDir() + "/x.gpkg", source}, func(string) string { return "" }, stdio{strings.NewReader(""), &errs, &errs})
	if exitCode(err) != exitFailed || !strings.Contains(errs.String(), errBroken.Error()) || strings.Contains(errs.String(), "s3cret") {
		t.Errorf("exit status %d, said %q", exitCode(err), errs.String())
	}
	for name, want := range map[string]string{"/home/ann/2014 台账.csv": "2014 台账.csv", "postgres://localhost/city?table=firms": "postgres://localhost/city?table=firms"} {
		if got := shownFile(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
