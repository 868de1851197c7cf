package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// pieceOf returns what of a body is sent, and with which status; the header of the answer has its tag.
func pieceOf(header http.Header, r *http.Request, body []byte) (status int, piece []byte, err error) {
	p, ok, err := partOf(r, header.Get("ETag"), len(body))
	if err != nil || !ok {
		return http.StatusOK, body, err
	}
	header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", p.from, p.end-1, len(body)))
	return http.StatusPartialContent, body[p.from:p.end], nil
}

// part is the piece of a body that a request wants.
type part struct{ from, end int }

// partOf reads a Range header (RFC 9110, 14.2) for a body of n bytes with a tag. Not ok: the whole is to be sent, as to who asks
// for several pieces, in another unit, or for pieces of another content (If-Range). A piece that is not there is refused.
func partOf(r *http.Request, tag string, n int) (p part, ok bool, err error) {
	text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ok || r.Method != http.MethodGet || strings.Contains(text, ",") {
		return part{}, false, nil
	}
	if condition := r.Header.Get("If-Range"); condition != "" && condition != tag {
		return part{}, false, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(text), "-")
	if !ok {
		return part{}, false, nil
	}
	p = part{0, n}
	if first == "" { // so many at the end
		count, err := strconv.ParseUint(last, 10, 31)
		if err != nil {
			return part{}, false, nil
		}
		p.from = max(n-int(count), 0)
		return p, true, p.check(n)
	}
	from, err := strconv.ParseUint(first, 10, 31)
	if err != nil {
		return part{}, false, nil
	}
	p.from = int(from)
	if last != "" {
		to, err := strconv.ParseUint(last, 10, 31)
		if err != nil || to < from {
			return part{}, false, nil
		}
		p.end = min(int(to)+1, n)
	}
	return p, true, p.check(n)
}

// check refuses a piece with nothing in it.
func (p part) check(n int) error {
	if p.from >= n {
		return &refusal{status: http.StatusRequestedRangeNotSatisfiable, detail: fmt.Sprintf("there are %d bytes", n), field: "Range"}
	}
	return nil
}
