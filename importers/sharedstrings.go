package importers

import (
	"fmt"
	"strings"

	"hazgrid/safety"
)

// Bounds of the table of texts that the cells of a workbook share.
const (
	maxShared      = 128 << 20 // bytes of all
	maxSharedCount = 8 << 20
)

// A stringTable holds the texts that cells share, back to back.
type stringTable struct {
	all  strings.Builder
	ends []uint32
}

// add appends one text; the error is a safety.ErrInvalid when there are too many.
func (t *stringTable) add(s []byte) error {
	if t.all.Len()+len(s) > maxShared || len(t.ends) >= maxSharedCount {
		return fmt.Errorf("%w: the texts of the workbook take more than %d MB; split it, or save it as CSV", safety.ErrInvalid, maxShared>>20)
	}
	t.all.Write(s)
	t.ends = append(t.ends, uint32(t.all.Len()))
	return nil
}

// at returns text i.
func (t *stringTable) at(i int) (string, bool) {
	if i < 0 || i >= len(t.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.all.String()[from:t.ends[i]], true
}
