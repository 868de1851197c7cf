package export

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

func table() *safety.Table {
	grid := &safety.Grid{Code: "330381-1", Name: "塘下", Parent: "330381"}
	t := safety.Tally{Enterprises: 7, Found: 3, Rectified: 1, Open: 2, Overdue: 1, UnitsFound: 2, UnitsRectified: 1, Inspections: 4, Officers: 9, UnitsInspected: 3, OrdersRectify: 1, AreaKm2: 2, HasArea: true}
	at, _ := safety.ParseTime("2014-12-31", time.FixedZone("", 8*3600), safety.Closes)
	from, _ := safety.ParseTime("2014-12-01", time.FixedZone("", 8*3600), safety.Opens)
	return &safety.Table{
		Level: 3, Version: 12, Query: safety.Query{At: at, From: from, Source: "campaign", FloorAreaMax: 50.5, HasFloorMax: true},
		Rows: []safety.Row{{Grid: grid, Name: grid.Name, Tally: t}, {Name: "outside"}, {Name: "unlocated"}}, Total: t,
	}
}

// The shape is contract section 5: these keys, in this order, null for what does not exist, nothing rounded.
func TestTallyJSON(t *testing.T) {
	var b bytes.Buffer
	if err := Tally(&b, table(), "json", time.FixedZone("", 8*3600)); err != nil {
		t.Fatal(err)
	}
	empty := `,"parent":null,"area_km2":null,"enterprises":0,"found":0,"rectified":0,"open":0,"overdue":0,"density":null,"rate":null,"units_found":0,"units_rectified":0,"unit_rate":null,"inspections":0,"officers":0,"units_inspected":0,"orders_rectify":0,"orders_suspend":0,"unassigned":0}`
	figures := `"area_km2":2,"enterprises":7,"found":3,"rectified":1,"open":2,"overdue":1,"density":1.5,"rate":0.3333333333333333,"units_found":2,"units_rectified":1,"unit_rate":0.5,"inspections":4,"officers":9,"units_inspected":3,"orders_rectify":1,"orders_suspend":0,"unassigned":0}`
	want := `{"level":3,"at":"2014-12-31T23:59:59.999+08:00","from":"2014-12-01T00:00:00+08:00","to":null,"filters":{"source":"campaign","floor_area_max":50.5},"definition":"rate_found","version":12,"rows":[` +
		`{"code":"330381-1","name":"塘下","parent":"330381",` + figures + `,{"code":"","name":"outside"` + empty + `,{"code":"","name":"unlocated"` + empty + `],` +
		`"total":{"code":"","name":"total","parent":null,` + figures + "}\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
	if !json.Valid(b.Bytes()) {
		t.Error("not JSON")
	}
}

func TestTallyCSV(t *testing.T) {
	var b bytes.Buffer
	if err := Tally(&b, table(), "csv", time.UTC); err != nil {
		t.Fatal(err)
	}
	want := "code,name,parent,area_km2,enterprises,found,rectified,open,overdue,density,rate,units_found,units_rectified,unit_rate,inspections,officers,units_inspected,orders_rectify,orders_suspend,unassigned\n" +
		"330381-1,塘下,330381,2,7,3,1,2,1,1.5,0.3333333333333333,2,1,0.5,4,9,3,1,0,0\n" +
		",outside,,,0,0,0,0,0,,,0,0,,0,0,0,0,0,0\n,unlocated,,,0,0,0,0,0,,,0,0,,0,0,0,0,0,0\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
}

// Excel calculates with 15 digits, and excelize writes no more of them.
func TestTallyXLSX(t *testing.T) {
	var b, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&b, &again} {
		if err := Tally(w, table(), "xlsx", time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same table gave different files")
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("tally", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 || len(rows[0]) != len(TallyColumns()) || rows[1][0] != "330381-1" || rows[1][10] != "0.3333333333333333" || rows[2][1] != "outside" || rows[2][9] != "" {
		t.Errorf("rows: %q", rows)
	}
	if kind, err := f.GetCellType("tally", "F2"); err != nil || kind == excelize.CellTypeInlineString || kind == excelize.CellTypeSharedString {
		t.Errorf("found is kept as %v, %v", kind, err)
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := Tally(&bytes.Buffer{}, table(), "pdf", time.UTC); err == nil || !strings.Contains(err.Error(), "format") {
		t.Errorf("got %v", err)
	}
}

func TestObject(t *testing.T) {
	var o Object
	b, err := json.Marshal(o.Set("z", 1).Set("a", "<").Set("n", nil))
	if err != nil || string(b) != `{"z":1,"a":"\u003c","n":null}` {
		t.Errorf("got %s, %v", b, err)
	}
	var bad Object
	if _, err := json.Marshal(bad.Set("c", make(chan int))); err == nil {
		t.Error("a channel became JSON")
	}
	if b, err := json.Marshal(&Object{}); err != nil || string(b) != "{}" {
		t.Errorf("empty: %s, %v", b, err)
	}
}
