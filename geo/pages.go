package geo

import "slices"

// Pages are a list that never changes its length. It can be copied without those parts in which nothing will change.
type pages[T any] [][]T

// pageSize is how many a page holds; the last may have fewer. A copy takes the list of pages and those that it changes.
const pageSize = 64

// pagesOf cuts a list into pages. It is kept, not copied.
func pagesOf[T any](all []T) pages[T] { return slices.Collect(slices.Chunk(all, pageSize)) }

// at is number i. It may be changed through the pointer only in pages that nobody else has.
func (p pages[T]) at(i int) *T { return &p[uint(i)/pageSize][uint(i)%pageSize] }

// len is how many there are in all pages.
func (p pages[T]) len() int {
	if len(p) == 0 {
		return 0
	}
	return (len(p)-1)*pageSize + len(p[len(p)-1])
}

// all are the contents of all pages, in memory of their own.
func (p pages[T]) all() []T { return slices.Concat(p...) }

// unshared is a copy whose pages with the given numbers, which rise, nobody else has.
func (p pages[T]) unshared(numbers []int) pages[T] {
	p = slices.Clone(p)
	for i, n := range numbers {
		if page := n / pageSize; i == 0 || page != numbers[i-1]/pageSize {
			p[page] = slices.Clone(p[page])
		}
	}
	return p
}
