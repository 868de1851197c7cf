package safety_test

import (
	"testing"

	"hazgrid/safety"
)

// All findings are counted, and of each kind the first 20,000 kept, also when two lists are joined.
func TestFindingsAreBounded(t *testing.T) {
	var all, more safety.Findings
	for range 20_005 {
		all.Add(safety.Finding{Kind: safety.FoundGap})
	}
	more.Add(safety.Finding{Kind: safety.FoundOverlap}, safety.Finding{Kind: safety.FoundGap})
	more.Join(all)
	if more.Total != 20_007 || len(more.List) != 20_001 || more.Kept[safety.FoundGap] != 20_000 {
		t.Errorf("%d in all, %d kept, %v", more.Total, len(more.List), more.Kept)
	}
	var none safety.Findings
	if none.Join(safety.Findings{}); none.Total != 0 || none.Kept != nil {
		t.Errorf("%+v", none)
	}
}
