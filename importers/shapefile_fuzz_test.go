package importers

import (
	"testing"

	"hazgrid/internal/limits"
	"hazgrid/safety"
)

// readRows reads the rows of a layer to their end and checks what holds for all: numbers rise from 1, there are as many values
// as names, the row as GeoJSON is a feature with the same values, and the mapper takes it or says why not.
func readRows(t *testing.T, l layer, k safety.Kind, alone bool) {
	t.Helper()
	limits.Hold(t, func() { readAllRows(t, l, k, alone) })
}

func readAllRows(t *testing.T, l layer, k safety.Kind, alone bool) {
	t.Helper()
	o := Options{Kind: k, MaxBytes: 1 << 16, Repair: k == safety.Grids}
	m := newMapper(o)
	src := source{o: o, warn: m.warn, claim: func(string) {}, told: func(int) {}}
	table, err := l.read(&src, alone)
	if err != nil {
		return
	}
	m.columns.cut = table.cut
	n := int64(0)
	for r, err := range table.rows {
		if err != nil {
			break
		}
		if n++; r.number != n || len(r.values) != len(r.names) {
			t.Fatalf("row %d is numbered %d, %d values for %d names", n, r.number, len(r.values), len(r.names))
		}
		p := featureParser{}
		again, err := p.parse(r.original())
		if err != nil || again.fault != nil || len(again.values) != len(r.values) {
			t.Fatalf("%s: %v %v", r.original(), err, again.fault)
		}
		if rec, bad := m.record(r); bad == nil {
			checkRecord(t, k, rec)
		}
	}
	if err := table.close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzShapefile(f *testing.F) {
	files := makeGrids(f, nil, 2)
	f.Add(files["shp"], files["shx"], files["dbf"])
	edited := editedInPlace(makeGrids(f, nil, 3))
	f.Add(edited["shp"], edited["shx"], edited["dbf"])
	column := []dbfColumn{{"id", 'C', 3}}
	shp, shx := makeSHP(shpPoint([2]float64{120, 27}), shpInts(0), shpMulti([2]float64{1, 2}, [2]float64{3, 4}), shpParts(13, box(0, 0, 1), box(1, 1, 1)),
		shpPolygon(box(0, 0, 9), reversed(box(1, 1, 7)), reversed(box(2, 2, 5)), box(20, 0, 1)))
	f.Add(shp, shx, makeDBF(0x4d, column, []string{"a"}, []string{"*", "b"}, []string{"c"}, []string{"d"}, []string{"e"}))
	f.Fuzz(func(t *testing.T, shp, shx, dbf []byte) {
		files := map[string][]byte{"shp": shp, "dbf": dbf}
		if len(shx) > 0 {
			files["shx"] = shx
		}
		for _, k := range []safety.Kind{safety.Grids, safety.Enterprises, safety.Lines} {
			readRows(t, memoryLayer(files), k, false)
		}
		// The same from an archive, which is read forward only.
		forward := memoryLayer(files)
		open := forward.open
		forward.open = func(ending string) (member, bool, error) {
			m, ok, err := open(ending)
			m.at = nil
			return m, ok, err
		}
		readRows(t, forward, safety.Grids, false)
	})
}

func FuzzDBF(f *testing.F) {
	f.Add(makeDBF(0, []dbfColumn{{"id", 'C', 3}, {"lon", 'N', 9}, {"lat", 'F', 9}, {"opened_at", 'D', 8}, {"synthetic", 'L', 1}},
		[]string{"a", "120.50", "27.5", "20141103", "T"}, []string{"*", "b", "", "", "", ""}), "")
	f.Add(makeDBF(0x4d, []dbfColumn{{"\xcd\xb3\xd2\xbb\xc9\xe7\xbb\xe1\xd0\xc5", 'C', 18}, {"id", 'I', 4}, {"at", 'T', 8}, {"memo", 'M', 10}}, []string{"91330381", "\x01\x00\x00\x00", "\x85\x7d\x25\x00\x00\x00\x00\x00", "1"}), "CP936")
	f.Add(makeDBF(0, []dbfColumn{{"统一社会", 'C', 4}}, []string{"瑞安"}), "UTF-8")
	f.Fuzz(func(t *testing.T, dbf []byte, cpg string) {
		files := map[string][]byte{"dbf": dbf}
		if cpg != "" {
			files["cpg"] = []byte(cpg)
		}
		readRows(t, memoryLayer(files), safety.Enterprises, true)
		_ = drain(t, dbf, safety.Hazards)
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(makeZIP(f, zipLayerFiles(makeGrids(f, nil, 1), "../网格")...))
	f.Add(makeZIP(f, zipped{"a.csv", []byte("id\na\n")}, zipped{"a.xml", nil}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = drain(t, b, safety.Grids)
	})
}
