package export

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
)

// The forms without HTTP and with hardly any geometry: what reading, spelling and writing cost.
func BenchmarkWhich(b *testing.B) {
	const n = 100_000
	l := Locator{Snapshot: district(b), Frame: crs.WGS84}
	rng := rand.New(rand.NewPCG(1, 2))
	plain, quoted, long := []byte("lon,lat\n"), []byte("name,lon,lat\n"), []byte("lon,lat\n")
	list, machine := []byte("["), []byte(nil)
	for i := range n {
		p := orb.Point{4 * rng.Float64(), 2 * rng.Float64()}
		plain = fmt.Appendf(plain, "%.6f,%.6f\n", p[0], p[1])
		quoted = fmt.Appendf(quoted, "\"a, %d\",%.6f,%.6f\n", i, p[0], p[1])
		long = fmt.Appendf(long, "%v,%v\n", p[0], p[1])
		list = fmt.Appendf(list, "[%.6f,%.6f],", p[0], p[1])
		machine = append(machine, binaryPoints(p)...)
	}
	list[len(list)-1] = ']'
	for _, form := range []struct {
		name string
		body []byte
		ask  func(io.Writer, io.Reader) error
	}{
		{"csv", plain, l.WhichCSV},
		{"csv quoted", quoted, l.WhichCSV},
		{"csv all digits", long, l.WhichCSV},
		{"json", list, l.WhichJSON},
		{"binary", machine, l.WhichBinary},
	} {
		b.Run(form.name, func(b *testing.B) {
			for b.Loop() {
				if err := form.ask(io.Discard, bytes.NewReader(form.body)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/point")
			b.ReportMetric(0, "ns/op")
		})
	}
}
