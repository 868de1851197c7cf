package importers

import (
	"fmt"
	"strings"

	"hazgrid/safety"
)

// wantLayer refuses a --layer that a file with one layer does not have.
func wantLayer(want, name string) error {
	_, err := pickLayer(want, []string{name})
	return err
}

// pickLayer returns the index of the layer with a name, or of the only one when no name is asked for. Of a layer in a
// folder its path is the name, and the last part of it when no other layer ends so.
func pickLayer(want string, names []string) (int, error) {
	if want == "" {
		if len(names) == 1 {
			return 0, nil
		}
		return 0, fmt.Errorf("%w: there are %d layers, say --layer (one of %s)", safety.ErrInvalid, len(names), clipList(names))
	}
	found, exact := []int{}, -1
	for i, n := range names {
		switch last := n[strings.LastIndexByte(n, '/')+1:]; {
		case n == want:
			exact = i
		case strings.EqualFold(n, want), strings.EqualFold(last, want):
			found = append(found, i)
		}
	}
	switch {
	case exact >= 0:
		return exact, nil
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, fmt.Errorf("%w: several layers are named %q, say --layer with the folder (there are: %s)", safety.ErrInvalid, want, clipList(names))
	}
	return 0, fmt.Errorf("%w: there is no layer %q (there are: %s)", safety.ErrInvalid, want, clipList(names))
}
