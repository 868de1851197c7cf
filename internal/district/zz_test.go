package district

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

func TestScratch(t *testing.T) {
	t0 := time.Now()
	l := newLand(Seed)
	fmt.Println("land", time.Since(t0), len(l.dry), len(l.islands), l.cellArea())
	m := 0.0
	for _, c := range l.dry {
		m += l.crowd[c] * l.cellArea()
	}
	fmt.Println("mass", m)
	d := divide(l, rand.New(rand.NewPCG(Seed, 1)))
	fmt.Println("divide", time.Since(t0))
	w := draw(d)
	fmt.Println("draw", time.Since(t0))
	f3, f2, f1 := w.faces(3), w.faces(2), w.faces(1)
	fmt.Println("faces", time.Since(t0))
	var as []float64
	var vs []int
	sum := 0.0
	multi, holes := 0, 0
	for _, f := range f3[1:] {
		a := planar.Area(f) * kmPerLat * kmPerLon
		as = append(as, a)
		sum += a
		n := 0
		if len(f) > 1 {
			multi++
		}
		for _, p := range f {
			if len(p) > 1 {
				holes++
			}
			for _, r := range p {
				n += len(r) - 1
			}
		}
		vs = append(vs, n)
	}
	sort.Float64s(as)
	sort.Ints(vs)
	n := len(as)
	fmt.Println("n", n, len(f2)-1, len(f1)-1, "sum", sum, "min", as[:5], "p10", as[n/10], "med", as[n/2], "p90", as[n*9/10], "max", as[n-5:], "multi", multi, "holes", holes)
	fmt.Println("verts", vs[0], vs[n/10], vs[n/2], vs[n*9/10], vs[n-1])
	for i, f := range f1[1:] {
		fmt.Printf("L1 %d area %.1f\n", i+1, planar.Area(f)*kmPerLat*kmPerLon)
	}
	svg(t, "/tmp/district/map.svg", 1, f3, f2, f1, l)
}

func svg(t *testing.T, name string, _ int, f3, f2, f1 []orb.MultiPolygon, l *land) {
	f, _ := os.Create(name)
	defer f.Close()
	fmt.Fprintf(f, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"><rect width="100%%" height="100%%" fill="#cfe3ee"/>`, 3000, 1600, 3000, 1600)
	put := func(fs []orb.MultiPolygon, fill func(i int) string, stroke string, w float64) {
		for i, mp := range fs {
			if i == 0 {
				continue
			}
			fmt.Fprint(f, `<path fill-rule="evenodd" d="`)
			for _, p := range mp {
				for _, r := range p {
					for k, q := range r {
						b := onBoard(q[0], q[1])
						fmt.Fprintf(f, "%s%.2f %.2f", map[bool]string{true: "M", false: "L"}[k == 0], b.x*28, 1600-b.y*28)
					}
					fmt.Fprint(f, "Z")
				}
			}
			fmt.Fprintf(f, `" fill="%s" stroke="%s" stroke-width="%.2f" stroke-linejoin="round"/>`, fill(i), stroke, w)
		}
	}
	put(f3, func(i int) string {
		return fmt.Sprintf("hsl(%d,35%%,%d%%)", int(math.Mod(float64(i)*47, 60))+60, 70+(i*31)%15)
	}, "#777", .6)
	put(f2, func(int) string { return "none" }, "#335", 1.6)
	put(f1, func(int) string { return "none" }, "#a02", 3)
	fmt.Fprint(f, "</svg>")
}
