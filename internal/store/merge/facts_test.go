package merge

import (
	"fmt"
	"hash/maphash"
	"testing"

	"pgregory.net/rapid"
)

func TestAKeySetNeverMissesADouble(t *testing.T) {
	seed := maphash.MakeSeed()
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.SliceOf(rapid.StringN(0, 3, -1)).Draw(r, "keys")
		var set keySet
		seen, double := map[string]bool{}, false
		for _, k := range keys {
			double = double || seen[k]
			seen[k] = true
			set.add(hashKey(seed, k))
		}
		if double && !set.same {
			r.Fatalf("%q: got no double, want one", keys)
		}
	})
}

func TestAKeySetKnowsThatAMillionKeysDifferAndGivesUpInTime(t *testing.T) {
	seed := maphash.MakeSeed()
	var set keySet
	for i := range maxKeys + 1 {
		if i == 1_000_000 && set.same {
			t.Fatal("a million keys that differ: got a double")
		}
		set.add(hashKey(seed, fmt.Sprint("e", i)))
	}
	if !set.same || set.slots != nil {
		t.Errorf("after %d keys: got same %v and %d slots, want it to have given up", maxKeys+1, set.same, len(set.slots))
	}
}
