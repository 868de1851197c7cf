package merge

import (
	"slices"
	"testing"
)

// The shapes are those of domain.md 2.4: DB11 (15), CJ/T 213 (14), CJ/T 349 (20); statistical codes have 12 and 9.
func TestPrefixes(t *testing.T) {
	for code, want := range map[string][]string{
		"330381001002003":      {"330381001002", "330381001", "330381"},
		"33038100100203":       {"330381001002", "330381001", "330381"},
		"01020333038100100203": {"010203330381001002", "330381001002", "010203330381001", "330381001", "010203330381", "330381"},
		"330381001002":         {"330381001", "330381"},
		"330381001":            {"330381"},
		"330381":               nil,
		"SQ-3-2":               nil,
		"33038100100200A":      nil,
		"３３０３８１００１":            nil, // full-width digits are folded before
		"3303810010020031":     nil,
		"":                     nil,
	} {
		if got := prefixes(code); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
}

// A prefix counts only where a grid of that code has a level above, in every version.
func TestParentByPrefix(t *testing.T) {
	levels := map[codeKey][]int{
		{"s", "330381001002"}: {3},
		{"s", "330381001"}:    {1, 2},
		{"other", "330381"}:   {1},
	}
	for level, want := range map[int]string{4: "330381001002", 3: "330381001", 2: "", 1: ""} {
		if got := parentByPrefix(codeKey{"s", "330381001002003"}, level, levels); got != want {
			t.Errorf("level %d: %q, want %q", level, got, want)
		}
	}
}
