package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
)

// A spool lies between one writer, who never waits, and one reader, who may be slow: what the reader has
// not taken is kept in memory up to a limit and beyond it in a temporary file.
type spool struct {
	mu     sync.Mutex
	news   *sync.Cond
	memory []byte
	file   *os.File
	read   int64 // offsets in file; what lies between them comes after memory
	write  int64
	done   bool
	err    error // why the writer stopped
	gone   bool  // nobody reads any more
}

const (
	spoolMemory = 4 << 20  // bytes kept in memory
	spoolStart  = 64 << 10 // bytes that wait for the end before anything is sent: a bad question can still get a clean refusal
)

func newSpool() *spool {
	s := &spool{}
	s.news = sync.NewCond(&s.mu)
	return s
}

// errGone tells the writer that nobody reads.
var errGone = errors.New("the reader is gone")

// Write keeps p for the reader.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.news.Signal()
	if s.gone {
		return 0, errGone
	}
	if s.read == s.write && len(s.memory)+len(p) <= spoolMemory {
		s.memory = append(s.memory, p...)
		return len(p), nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "hazgrid-answer-*")
		if err != nil {
			return 0, err
		}
		s.file = f
		_ = os.Remove(f.Name()) // it lives as long as it is open; where that cannot be, sendTo removes it
	}
	n, err := s.file.WriteAt(p, s.write)
	s.write += int64(n)
	return n, err
}

// finish says that nothing more is written; err is why, when it is not the end.
func (s *spool) finish(err error) {
	s.mu.Lock()
	s.done, s.err = true, err
	s.mu.Unlock()
	s.news.Signal()
}

// next returns the oldest bytes that were not taken, waiting for them; none when there will be none.
func (s *spool) next(least int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.done && len(s.memory) < least && s.read == s.write {
		s.news.Wait()
	}
	if s.err != nil {
		return nil, s.err
	}
	if len(s.memory) > 0 {
		b := s.memory
		s.memory = nil
		return b, nil
	}
	b := make([]byte, min(s.write-s.read, 256<<10))
	n, err := s.readFile(b)
	s.read += int64(n)
	if s.read == s.write {
		s.read, s.write = 0, 0
	}
	return b[:n], err
}

func (s *spool) readFile(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return s.file.ReadAt(b, s.read)
}

// sendTo sends everything to w as it comes, after begin. If the writer fails before the first
// byte was sent, nothing is sent at all.
func (s *spool) sendTo(w http.ResponseWriter, begin func()) (err error) {
	defer s.leave()
	control := http.NewResponseController(w)
	least := spoolStart
	for {
		b, err := s.next(least)
		if err != nil {
			return err
		}
		if begin != nil {
			begin()
			begin, least = nil, 1
		}
		if len(b) == 0 {
			return nil
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
}

// leave ends the reading and gives the file back.
func (s *spool) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}

var _ io.Writer = (*spool)(nil)
