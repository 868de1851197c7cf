package merge

import "hazgrid/safety"

// Tables names the tables every store has. One fact table per kind of record, named like the kind:
//
//	division text not null
//	one column for each of safety.Fields(kind), named like the field (keys not null; grids.valid_from is not null, and Always when unset)
//	lon, lat  own coordinates, degrees, null when there are none (enterprises, hazards, inspections)
//	geom      effective location or shape, null when unlocated
//	place     bigint, null when unlocated, 0 outside (enterprises, hazards, inspections)
//	id        bigint, the integer id (grids), shared by all versions of a code
//	area_km2  double (grids)
//	digest    16 bytes, safety.Digest of the record as it was given
//	version   bigint, of the write that changed the row last
//	batch     bigint, the batch whose row this is: what only follows from other rows (place, the geom of one
//	          that has none of its own) leaves it as it is; 0 for a tombstone in place of a row taken back
//	deleted_at null, or when it was deleted
//	unique (division, id); for grids unique (division, scheme, code, valid_from)
//
// one history table for each of them, KIND_history, of rows as they were before a batch changed them:
//
//	division; the fields; lon, lat; id and area_km2 (grids); shape (geom of the fact table), digest, batch, deleted_at
//	replaced  bigint, the batch that changed the row
//	became    bigint, column batch of the row after that
//	unique (division, replaced, key)
//
// and three tables of the engine's own:
//
//	division (division text primary key, version bigint not null, boundaries bigint not null, clock time null)
//	places   (division text, place bigint, scheme text, epoch time, until time null, level bigint,
//	          code text, valid_from time, version bigint, primary key (division, place, scheme, epoch, level))
//	batches  (division text, batch bigint, op text, kind text, reverts bigint, file, author text, at time,
//	          frame, encoding text, read, inserted, updated, unchanged, superseded, rejected, ended bigint,
//	          primary key (division, batch))
//
// In places, epoch and valid_from are not null and Always when unset; [epoch, until) is the time
// in which the boundaries of the scheme did not change, until is null for the last one. So the
// grid of a record at t is the row with its place and scheme and epoch <= t < until.
func Tables() []string {
	tables := []string{"division", "places", "batches"}
	for _, k := range safety.Kinds() {
		tables = append(tables, string(k), historyOf(k))
	}
	return tables
}

// Always is the text of the unset time where a time column may not be null; PostGIS stores
// the same instant as timestamptz.
const Always = "0001-01-01T00:00:00.000Z"

// Located tells whether records of k are points that have a place.
func Located(k safety.Kind) bool {
	return k == safety.Enterprises || k == safety.Hazards || k == safety.Inspections
}

// follows tells whether records of k take the location of their enterprise when they have none.
func follows(k safety.Kind) bool { return k == safety.Hazards || k == safety.Inspections }
