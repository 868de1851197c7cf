package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// A spool lies between one writer, who never waits long, and one reader, who may be slow: what the reader has
// not taken is kept in memory up to a limit and beyond it in a temporary file.
type spool struct {
	mu     sync.Mutex
	news   *sync.Cond
	room   chan struct{} // holds one when the reader has taken the memory, or is gone
	memory []byte
	taken  []byte // what the reader had before: the memory after next
	file   *os.File
	read   int64 // offsets in file; what lies between them comes after memory
	write  int64
	done   bool
	err    error // why the writer stopped
	gone   bool  // nobody reads any more
}

const (
	spoolMemory = 4 << 20  // bytes kept in memory, and as many with the reader
	spoolChunk  = 1 << 20  // bytes read from the file at once
	spoolStart  = 64 << 10 // bytes that wait for the end before anything is sent: a bad question can still get a clean refusal
)

func newSpool() *spool {
	s := &spool{room: make(chan struct{}, 1)}
	s.news = sync.NewCond(&s.mu)
	return s
}

// spoolPatience is how long the writer waits for a reader who is reading, before it takes to the file.
const spoolPatience = 20 * time.Millisecond

// errGone tells the writer that nobody reads.
var errGone = errors.New("the reader is gone")

// Write keeps p for the reader.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.news.Signal()
	if !s.gone && s.read == s.write && len(s.memory) > 0 && len(s.memory)+len(p) > spoolMemory {
		s.wait()
	}
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

// wait lets go of the spool until the reader has taken the memory, but not for long.
func (s *spool) wait() {
	select {
	case <-s.room: // of an earlier time
	default:
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-s.room:
	case <-time.After(spoolPatience):
	}
}

// roomy tells a writer who waits that there is room, or that there is nobody to wait for.
func (s *spool) roomy() {
	select {
	case s.room <- struct{}{}:
	default: // it has been told
	}
}

// finish says that nothing more is written; err is why, when it is not the end.
func (s *spool) finish(err error) {
	s.mu.Lock()
	s.done, s.err = true, err
	s.mu.Unlock()
	s.news.Signal()
}

// next returns the oldest bytes that were not taken, waiting for them; none when there will be none.
// They are the reader's until it asks again.
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
		s.memory, s.taken = s.taken[:0], b
		s.roomy()
		return b, nil
	}
	b := s.chunk(min(s.write-s.read, spoolChunk))
	n, err := s.readFile(b)
	s.read += int64(n)
	if s.read == s.write {
		s.read, s.write = 0, 0
	}
	return b[:n], err
}

// chunk is memory for n bytes that the reader does not use any more.
func (s *spool) chunk(n int64) []byte {
	if int64(cap(s.taken)) < n {
		s.taken = make([]byte, n, spoolChunk)
	}
	return s.taken[:n]
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
	s.roomy()
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}

var _ io.Writer = (*spool)(nil)
