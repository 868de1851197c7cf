package importers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hazgrid/safety"
)

// TestSequence holds GeoJSON text sequences (RFC 8142): a record that is cut off in the middle is rejected alone, one that is
// too long too, and the end of the text inside a record ends the file.
func TestSequence(t *testing.T) {
	point := func(id string) string {
		return fmt.Sprintf(`{"type":"Feature","id":%q,"geometry":{"type":"Point","coordinates":[120,27]},"properties":{"name":"塘下"}}`, id)
	}
	in := "\x1e" + point("a") + "\n\x1e" + point("b")[:40] + "\x1e\n\x1e" + point("c") + "\n\x1e" + point("long") + strings.Repeat(" ", 3<<20) + "\x1e" + collection(point("x")) + "\n\x1e" + point("d") + "x\n\x1e" + point("e") + "\n"
	got := readText(t, in, Options{Kind: safety.Enterprises, MaxBytes: 2 << 20})
	if got.err != nil || len(got.records) != 3 || len(got.rejects) != 4 {
		t.Fatalf("%v %v %v", got.err, got.records, got.rejects)
	}
	for i, want := range []string{"not JSON at byte", "longer than 2 MB", "want Feature, got FeatureCollection", "not JSON at byte"} {
		if bad := got.rejects[i]; bad.Number != int64([]int{2, 4, 5, 6}[i]) || !strings.Contains(bad.Reason, want) {
			t.Errorf("%v, want %s", bad, want)
		}
	}
	for text, err := range got.file.Originals(slices.Values([]int64{2})) {
		if err != nil || text != point("b")[:40] {
			t.Errorf("original %q %v", text, err)
		}
	}
	whole := "\x1e" + point("a") + "\n\x1e" + point("b")
	for n := len("\x1e" + point("a") + "\n\x1e{"); n < len(whole); n++ {
		if got := readText(t, whole[:n], Options{Kind: safety.Enterprises}); got.err == nil || !strings.Contains(got.err.Error(), "cut off") || len(got.records) != 1 {
			t.Errorf("cut at byte %d: %d records, %v", n, len(got.records), got.err)
		}
	}
}
