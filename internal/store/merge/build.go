package merge

import (
	"fmt"
	"hash/maphash"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// A Staged is a record as it is staged.
type Staged struct {
	safety.Record                // its Geometry is a point, of located kinds
	Digest        [16]byte       // safety.Digest of the record
	Place         safety.PlaceID // of its Geometry, where it has one and its kind is located
}

// A builder makes the staged form of records and gathers facts about them. It is one goroutine's own.
type builder struct {
	facts
	kind      safety.Kind
	fields    int // number of the kind's fields
	grid      int // index of the field that declares a grid, −1 for none
	reference int // index of the field that names an enterprise, −1 for none
	placer    *safety.Placer
	seed      maphash.Seed
}

func (s *staging) newBuilder() *builder {
	k := s.batch.Kind
	b := &builder{
		kind: k, fields: len(safety.Fields(k)), placer: s.placer.Placer, seed: s.seed,
		grid: fieldIndex(k, "grid"), reference: fieldIndex(k, reference(k)),
	}
	b.sites = map[safety.PlaceID][]safety.Site{}
	return b
}

// build returns the staged form of r, and the hash of its key.
func (b *builder) build(r safety.Record) (s Staged, hash uint64, err error) {
	if len(r.Values) != b.fields {
		return s, 0, fmt.Errorf("record %d: want %d values, got %d: %w", r.Number, b.fields, len(r.Values), safety.ErrInvalid)
	}
	b.read++
	b.refers = b.refers || b.reference >= 0 && r.Values[b.reference] != nil
	b.declares = b.declares || b.grid >= 0 && r.Values[b.grid] != nil
	s = Staged{Record: r, Digest: safety.Digest(b.kind, r)}
	key, _ := r.Values[0].(string) // the id; without one the table refuses the record
	if Located(b.kind) {
		s.Place, err = b.place(r)
	}
	return s, hashKey(b.seed, key), err
}

// place returns the place of r and keeps its sites, to be stored with the batch.
func (b *builder) place(r safety.Record) (safety.PlaceID, error) {
	if r.Geometry == nil {
		b.unlocated++
		return 0, nil
	}
	p, ok := r.Geometry.(orb.Point)
	if !ok {
		return 0, fmt.Errorf("record %d: geometry: want a point, got a %s: %w", r.Number, r.Geometry.GeoJSONType(), safety.ErrInvalid)
	}
	id, sites := b.placer.Place(p)
	if id == safety.Outside {
		b.outside++
	}
	if _, known := b.sites[id]; !known {
		b.sites[id] = sites
	}
	return id, nil
}
