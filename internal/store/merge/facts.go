package merge

import (
	"hash/maphash"
	"slices"

	"hazgrid/safety"
)

// maxKeys bounds what keySet holds: 3 million keys in 32 MB.
const maxKeys = 3 << 20

// facts are what is learnt of a batch while it is staged, so that the database is not asked what
// can be known without it.
type facts struct {
	read      int64                            // records the batch yielded
	outside   int64                            // records in no grid
	unlocated int64                            // records without a location of their own
	refers    bool                             // a record names an enterprise, or a parent
	declares  bool                             // a record declares a grid
	sites     map[safety.PlaceID][]safety.Site // of all places met
}

// add counts what was learnt of another part of the batch.
func (f *facts) add(o facts) {
	f.read += o.read
	f.outside += o.outside
	f.unlocated += o.unlocated
	f.refers = f.refers || o.refers
	f.declares = f.declares || o.declares
	for id, sites := range o.sites {
		f.sites[id] = sites
	}
}

// A keySet tells whether all keys of a batch differ. It holds hashes of 64 bits, so it may say no
// where they do, and never yes where they do not. It gives up, and says no, at maxKeys.
type keySet struct {
	slots []uint64 // open addressing, 0 is free
	n     int
	same  bool // two keys may be the same
}

// hashKey is the hash of a key under seed, never 0.
func hashKey(seed maphash.Seed, key string) uint64 { return max(1, maphash.String(seed, key)) }

// add puts the hash of one more key into the set.
func (k *keySet) add(hash uint64) {
	switch {
	case k.same:
		return
	case k.n == maxKeys:
		*k = keySet{same: true}
		return
	case 4*k.n >= 3*len(k.slots):
		k.grow()
	}
	k.same = !k.put(hash)
	k.n++
}

// put returns false when the hash was there.
func (k *keySet) put(hash uint64) bool {
	mask := uint64(len(k.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch k.slots[i] {
		case 0:
			k.slots[i] = hash
			return true
		case hash:
			return false
		}
	}
}

func (k *keySet) grow() {
	old := k.slots
	k.slots = make([]uint64, max(1024, 2*len(old)))
	for _, hash := range old {
		if hash != 0 {
			k.put(hash)
		}
	}
}

// fieldIndex is the index of the named field of k, −1 when there is none.
func fieldIndex(k safety.Kind, name string) int {
	return slices.IndexFunc(safety.Fields(k), func(f safety.Field) bool { return f.Name == name })
}
