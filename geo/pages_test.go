package geo

import (
	"slices"
	"testing"
)

func TestPagesChangeInTheCopyAlone(t *testing.T) {
	for _, n := range []int{0, 1, pageSize - 1, pageSize, pageSize + 1, 3 * pageSize} {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		p := pagesOf(all)
		var numbers []int
		for i := 0; i < n; i += 5 {
			numbers = append(numbers, i)
		}
		changed := p.unshared(numbers)
		for _, i := range numbers {
			*changed.at(i) = -1
		}
		if p.len() != n || changed.len() != n || !slices.Equal(p.all(), all) {
			t.Errorf("%d: %d and %d long, the first %v", n, p.len(), changed.len(), p.all())
		}
		for i, v := range changed.all() {
			if want := all[i]; i%5 == 0 && v != -1 || i%5 != 0 && v != want {
				t.Errorf("%d: number %d is %d", n, i, v)
			}
		}
	}
}

func TestPagesShareWhatDoesNotChange(t *testing.T) {
	p := pagesOf(make([]int, 4*pageSize))
	changed := p.unshared([]int{pageSize, pageSize + 1, 3*pageSize - 1})
	for i := range p {
		if same := &p[i][0] == &changed[i][0]; same != (i == 0 || i == 3) {
			t.Errorf("page %d is the same: %v", i, same)
		}
	}
}
