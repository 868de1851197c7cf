package main

import (
	"fmt"
	"iter"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hazgrid/safety"
)

// sync says what the store may end, nil without --sync.
func (p *pass) sync() *safety.Sync {
	if !p.job.flags.sync {
		return nil
	}
	return &safety.Sync{MaxPercent: p.job.flags.syncMax, Keep: p.kept(), Level: int(p.job.o.Level)}
}

// kept yields the keys of the records that could not be read: the file has them. Of one whose key
// cannot be read either, nobody can say which record the store should keep.
func (p *pass) kept() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if p.nameless > 0 {
			yield("", fmt.Errorf("--sync: %d records of the file have no %s that can be read: which records it no longer has cannot be told: %w",
				p.nameless, safety.KeyField(p.job.o.Kind), safety.ErrConflict))
			return
		}
		for r, err := range p.fromFile.all() {
			if !yield(r.Key, err) || err != nil {
				return
			}
		}
	}
}

// origin is what the list of batches keeps of the import.
func (p *pass) origin() safety.Origin {
	return safety.Origin{
		File: shownFile(p.report.File), Frame: string(p.file.Frame), Encoding: p.file.Encoding,
		By: author(p.job.flags.by), At: safety.TimeOf(time.Now()), LeftOut: p.report.Rejected,
	}
}

// shownFile is the name of a source as it is kept: that of a file without its folder.
func shownFile(name string) string {
	if strings.Contains(name, "://") { // what importers.Name makes of a URL has no password
		return name
	}
	return filepath.Base(name)
}

func addBy(fl *pflag.FlagSet, by *string) {
	fl.StringVar(by, "by", "", "`name` to list the batch under (default that of the user of this machine)")
}

// author is who writes: as given, else the user of the machine.
func author(by string) string {
	if by != "" {
		return by
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
