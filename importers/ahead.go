package importers

import "io"

// What is read ahead: enough that neither side waits for the other at every block.
const (
	aheadBytes  = 256 << 10 // of a block, at most
	aheadLeast  = 4 << 10
	aheadBlocks = 4
)

// An ahead reads a text in a goroutine of its own, a few blocks before they are asked for: unpacking takes a third of the time that
// understanding what is unpacked does. stop ends it, and must be called.
type ahead struct {
	room   int    // bytes of a block
	tell   func() // told of every block where Read is called, not where it is read
	blocks chan block
	free   chan []byte
	end    chan struct{} // closed by stop
	at     block
	left   []byte // of at.text
}

// A block is a piece of text, and the error that stands behind it.
type block struct {
	text []byte
	err  error
}

// readAhead begins to read. size is how long the text is said to be: most parts of a workbook are small, and so is their block.
func readAhead(src io.Reader, size uint64, tell func()) *ahead {
	room := min(max(size, aheadLeast), aheadBytes-1) + 1 // one more, in which the end is met
	a := &ahead{room: int(room), tell: tell, blocks: make(chan block, aheadBlocks), free: make(chan []byte, aheadBlocks), end: make(chan struct{})}
	for range aheadBlocks {
		a.free <- nil // made when it is wanted
	}
	go a.run(src)
	return a
}

// run reads up to an error, the end among them, or stop. It never waits for room in a.blocks: there are no more blocks than that.
func (a *ahead) run(src io.Reader) {
	defer close(a.blocks)
	for {
		select {
		case <-a.end:
			return
		case room := <-a.free:
			if room == nil {
				room = make([]byte, a.room)
			}
			b := readBlock(src, room)
			if a.blocks <- b; b.err != nil {
				return
			}
		}
	}
}

// readBlock reads until the room is full.
func readBlock(src io.Reader, room []byte) (b block) {
	total := 0
	for total < len(room) && b.err == nil {
		n, err := src.Read(room[total:])
		if n == 0 && err == nil {
			err = io.ErrNoProgress
		}
		total, b.err = total+n, err
	}
	b.text = room[:total]
	return b
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.left) == 0 {
		if a.at.err != nil {
			return 0, a.at.err
		}
		if a.at.text != nil {
			a.free <- a.at.text[:a.room]
		}
		a.at = <-a.blocks
		a.left = a.at.text
		a.tell()
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

// stop ends the reading and waits until nothing is read any more.
func (a *ahead) stop() {
	close(a.end)
	for range a.blocks {
	}
	a.tell()
}
