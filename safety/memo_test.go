package safety

import "testing"

// Heavy values push each other out before there are too many of them, and each is still computed once while it is known.
func TestMemoForgetsWhatIsHeavy(t *testing.T) {
	var m memo[int, int]
	computed := map[int]int{}
	ask := func(key int) {
		m.weighed(key, func() int { computed[key]++; return memoWeight/2 - 1 }, func(weight int) int { return weight })
	}
	for _, key := range []int{1, 2, 1, 2} {
		ask(key)
	}
	if computed[1] != 1 || computed[2] != 1 {
		t.Errorf("two that fit were computed so often: %v", computed)
	}
	ask(3)
	ask(3)
	ask(1)
	if computed[3] != 1 || computed[1] != 2 || m.used > memoWeight {
		t.Errorf("after a third: %v, %d remembered", computed, m.used)
	}
}
