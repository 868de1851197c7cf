package server

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
)

// RFC 9110, 14: pieces of an answer. GDAL and map clients on slow lines ask for them.
func TestRanges(t *testing.T) {
	s := start(t)
	whole, body := s.get(t, someTile)
	n := len(body)
	tag := whole.Header.Get("ETag")
	for _, tt := range []struct {
		header    header
		status    int
		from, end int
	}{
		{header{"Range": "bytes=0-9"}, 206, 0, 10},
		{header{"Range": "bytes=5-5"}, 206, 5, 6},
		{header{"Range": "bytes=10-"}, 206, 10, n},
		{header{"Range": "bytes=-10"}, 206, n - 10, n},
		{header{"Range": "bytes=-99999999"}, 206, 0, n},
		{header{"Range": "bytes=10-99999999"}, 206, 10, n},
		{header{"Range": "bytes=0-9", "If-Range": tag}, 206, 0, 10},
		{header{"Range": "bytes=0-9", "If-Range": `"other"`}, 200, 0, n},
		{header{"Range": "bytes=0-9", "If-Range": "W/" + tag}, 200, 0, n},
		{header{"Range": "bytes=0-9,20-29"}, 200, 0, n},
		{header{"Range": "bytes=9-0"}, 200, 0, n},
		{header{"Range": "bytes=x-9"}, 200, 0, n},
		{header{"Range": "bytes=-x"}, 200, 0, n},
		{header{"Range": "bytes="}, 200, 0, n},
		{header{"Range": "tiles=0-9"}, 200, 0, n},
		{header{"Range": "bytes=99999999-"}, 416, 0, 0},
		{header{"Range": "bytes=-0"}, 416, 0, 0},
		{header{"Range": "bytes=0-9", "If-None-Match": tag}, 304, 0, 0},
	} {
		resp, b := s.do(t, http.MethodGet, someTile, tt.header)
		if resp.StatusCode != tt.status {
			t.Errorf("%v: %s, want %d", tt.header, resp.Status, tt.status)
			continue
		}
		if tt.status == 416 {
			checkProblem(t, "416", resp, b, "Range")
			continue
		}
		if !bytes.Equal(b, body[tt.from:tt.end]) || tt.status != 304 && resp.ContentLength != int64(tt.end-tt.from) {
			t.Errorf("%v: %d bytes of %d", tt.header, len(b), tt.end-tt.from)
		}
		want := ""
		if tt.status == 206 {
			want = "bytes " + strconv.Itoa(tt.from) + "-" + strconv.Itoa(tt.end-1) + "/" + strconv.Itoa(n)
		}
		if resp.Header.Get("Content-Range") != want || resp.Header.Get("ETag") != tag {
			t.Errorf("%v: Content-Range %q, want %q", tt.header, resp.Header.Get("Content-Range"), want)
		}
	}
	head, _ := s.do(t, http.MethodHead, someTile, header{"Range": "bytes=0-9"})
	if head.StatusCode != http.StatusOK || head.ContentLength != int64(n) || head.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %s of %d bytes", head.Status, head.ContentLength)
	}
}
