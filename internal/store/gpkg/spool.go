package gpkg

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// spoolBytes is how much of a spool stays in memory.
const spoolBytes = 1 << 20

// spoolHead is in front of a record: its length, four bytes, and its number.
const spoolHead = 12

// A spool keeps numbered records in the order in which they come, most of them in a temporary file.
type spool struct {
	buffer []byte // what is not in the file
	file   *os.File
}

// add keeps a record.
func (s *spool) add(number int64, r *recorder) error {
	at := len(s.buffer)
	s.buffer = r.appendTo(append(s.buffer, make([]byte, spoolHead)...))
	binary.LittleEndian.PutUint32(s.buffer[at:], uint32(len(s.buffer)-at-spoolHead))
	binary.LittleEndian.PutUint64(s.buffer[at+4:], uint64(number))
	if len(s.buffer) < spoolBytes {
		return nil
	}
	return s.unload()
}

func (s *spool) unload() (err error) {
	if s.file == nil {
		if s.file, err = temporary(); err != nil {
			return err
		}
	}
	_, err = s.file.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}

// each calls f with all records in their order; they are valid until it returns, and f may change them.
func (s *spool) each(f func(number int64, record []byte) error) error {
	var from io.Reader = bytes.NewReader(s.buffer)
	if s.file != nil {
		from = io.MultiReader(io.NewSectionReader(s.file, 0, 1<<62), from)
	}
	r := bufio.NewReaderSize(from, 1<<18)
	var head [spoolHead]byte
	var record []byte
	for {
		if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		n := int(binary.LittleEndian.Uint32(head[:]))
		if cap(record) < n {
			record = make([]byte, n, 2*n)
		}
		record = record[:n]
		if _, err := io.ReadFull(r, record); err != nil {
			return err
		}
		if err := f(int64(binary.LittleEndian.Uint64(head[4:])), record); err != nil {
			return err
		}
	}
}

func (s *spool) close() { discard(s.file) }
