package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"

	"hazgrid/safety"
)

// A spill keeps rejects in a temporary file, so that memory does not grow with their number.
type spill struct {
	file *os.File // nil before the first
	buf  *bufio.Writer
	enc  *json.Encoder
}

func (s *spill) add(r safety.Reject) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "hazgrid-rejects-"); err != nil {
			return err
		}
		_ = os.Remove(s.file.Name()) // nothing stays behind if the program is killed; where this cannot be, close removes it
		s.buf = bufio.NewWriter(s.file)
		s.enc = json.NewEncoder(s.buf)
	}
	return s.enc.Encode(r)
}

// all yields the rejects in the order in which they were added.
func (s *spill) all() iter.Seq2[safety.Reject, error] {
	return func(yield func(safety.Reject, error) bool) {
		if s.file == nil {
			return
		}
		if err := s.buf.Flush(); err != nil {
			yield(safety.Reject{}, err)
			return
		}
		d := json.NewDecoder(bufio.NewReader(io.NewSectionReader(s.file, 0, 1<<62)))
		for {
			var r safety.Reject
			err := d.Decode(&r)
			if errors.Is(err, io.EOF) || !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	return err
}

// merged yields the rejects of two spills by rising number.
func merged(a, b *spill) iter.Seq2[safety.Reject, error] {
	return func(yield func(safety.Reject, error) bool) {
		next, stop := iter.Pull2(b.all())
		defer stop()
		r, err, ok := next()
		for left, leftErr := range a.all() {
			for ; ok && r.Number < left.Number; r, err, ok = next() {
				if !yield(r, err) {
					return
				}
			}
			if !yield(left, leftErr) {
				return
			}
		}
		for ; ok; r, err, ok = next() {
			if !yield(r, err) {
				return
			}
		}
	}
}

// A rejectsFile is the CSV of --rejects; without the flag it takes nothing. It appears whole, at close.
type rejectsFile struct {
	csv   *csv.Writer
	done  func(error) error
	files bool // several files: a last column says which
	err   error
}

func (a *app) newRejectsFile(path string, several bool) (*rejectsFile, error) {
	if path == "" {
		return nil, nil
	}
	w, done, err := a.output(path)
	if err != nil {
		return nil, err
	}
	f := &rejectsFile{csv: csv.NewWriter(w), done: done, files: several}
	header := []string{"record", "id", "field", "reason", "original"}
	if several {
		header = append(header, "file")
	}
	f.err = f.csv.Write(header)
	return f, nil
}

// add writes the rejects of a file, with the records as they stand there: a second pass over it.
func (f *rejectsFile) add(p *pass) error {
	if f == nil {
		return nil
	}
	next, stop := iter.Pull2(merged(&p.fromFile, &p.fromStore))
	defer stop()
	for text, err := range p.file.Originals(numbers(merged(&p.fromFile, &p.fromStore))) {
		r, spillErr, ok := next()
		if err := errors.Join(err, spillErr); err != nil || !ok {
			return err
		}
		row := []string{strconv.FormatInt(r.Number, 10), r.Key, r.Field, r.Reason, text}
		if f.files {
			row = append(row, p.report.File)
		}
		if err := f.csv.Write(row); err != nil {
			return err
		}
	}
	if r, err, ok := next(); ok {
		return errors.Join(err, fmt.Errorf("record %d is not in %s any more: it has changed since it was read", r.Number, p.report.File))
	}
	return nil
}

func numbers(rejects iter.Seq2[safety.Reject, error]) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for r, err := range rejects {
			if err != nil || !yield(r.Number) {
				return
			}
		}
	}
}

func (f *rejectsFile) close() error {
	if f == nil {
		return nil
	}
	f.csv.Flush()
	return f.done(errors.Join(f.err, f.csv.Error()))
}
