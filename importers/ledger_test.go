package importers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// TestHeaders finds the header of texts that begin with something else, and leaves alone what has none.
func TestHeaders(t *testing.T) {
	const firm = "虚构甲厂"
	for name, c := range map[string]struct{ in, name string }{
		"first row":          {"id,name\na," + firm + "\n", firm},
		"title":              {"台账（2014年11月）,,\n\n编号,单位名称,备注\na," + firm + ",\n", firm},
		"title, no commas":   {"台账\n填报单位：虚构镇\n编号,单位名称,备注\na," + firm + ",\n", firm},
		"title before tabs":  {"台账, 虚构\n编号\t单位名称\na\t" + firm + "\n", firm},
		"title with a quote": {"安全\"回头看\"台账,,\n编号,单位名称,备注\na," + firm + ",\n", firm},
		"groups":             {"台账,,\n编号,单位,,位置,\n,名称,地址,经度,纬度\na," + firm + ",虚构路1号,120.5,27.5\n", firm},
		"groups alone":       {"基本信息,,位置,\n编号,单位名称,经度,纬度\na," + firm + ",120.5,27.5\n", firm},
		"group says more":    {"编号,企业,位置\n,名称,经纬度\na," + firm + ",\"120.5,27.5\"\n", firm},
		"words in the data":  {"id,remark\na,名称\nb,网格\n", ""},
		"one column":         {"id\na\n", ""},
		"blank second row":   {"id,name\n,\na," + firm + "\n", firm},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, c.in, Options{Kind: safety.Enterprises})
			if got.err != nil || len(got.rejects) > 0 || len(got.records) == 0 || got.records[0].Number != 1 || value(t, safety.Enterprises, got.records[0], "id") != "a" {
				t.Fatal(got.err, got.rejects, got.records)
			}
			if v, _ := value(t, safety.Enterprises, got.records[0], "name").(string); v != c.name {
				t.Errorf("name %q", v)
			}
		})
	}
	late := strings.Repeat("一行文字\n", headerRows) + "编号,单位名称\na,b\n"
	if got := readText(t, late, Options{Kind: safety.Enterprises}); got.err == nil {
		t.Error("a header after 20 rows is taken")
	}
}

func TestTotals(t *testing.T) {
	got := readText(t, "编号,单位名称,面积\na,甲,1\n,小 计：,1\n合计工厂,乙,2\n总计,,3\nb,合计路商店,4\n", Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 3 || got.records[2].Number != 3 || len(got.rejects) > 0 {
		t.Fatal(got.err, got.records, got.rejects)
	}
	checkWarnings(t, got.file, map[string]int64{"total_row": 2})
	var texts []string
	for text, err := range got.file.Originals(slices.Values([]int64{2, 3})) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if !slices.Equal(texts, []string{"合计工厂,乙,2", "b,合计路商店,4"}) {
		t.Errorf("originals %q", texts)
	}
}

// TestOriginalsOfSheets: a row of a sheet is shown as CSV, with the value of a merged range where the record has it.
func TestOriginalsOfSheets(t *testing.T) {
	got := readText(t, string(ledgerBook(t, false)), Options{Kind: safety.Hazards})
	for text, err := range got.file.Originals(slices.Values([]int64{2})) {
		if err != nil || text != "1,虚构甲鞋厂,91330381MAALXE6197,120.6533,27.9302,灭火器过期,重大,41946,2014-12-01,2.5" {
			t.Errorf("%q %v", text, err)
		}
	}
}

// TestPlaces reads coordinates as ledgers write them; all are the same place but those that say otherwise.
func TestPlaces(t *testing.T) {
	here := orb.Point{120.5, 27.75}
	for in, want := range map[string]orb.Geometry{
		"经度,纬度\n120.5,27.75": here, "经度,纬度\n27.75,120.5": here, "经度,纬度\n120°30′,27°45′": here, "经度,纬度\n120度30分0秒,27度45分": here,
		"经度,纬度\n120°30,27°45": here, "经度,纬度\nE120.5,N27.75": here, "经度,纬度\n北纬27.75度,东经120.5度": here, "经度,纬度\nN27.75,120.5": here,
		"经度,纬度\n１２０．５,２７．７５": here, "经度,纬度\n120º30'00\"E,27˚45’N": here, "经度,纬度\n无,/": nil, "经度,纬度\n0,0": nil, "经度,纬度\n,": nil,
		"经纬度\n\"120.5,27.75\"": here, "经纬度\n\"27.75,120.5\"": here, "坐标\n120.5，27.75": here, "坐标\n120.5 27.75": here, "坐标\n120°30′E 27°45′N": here,
		"坐标\n27°45′N120°30′E": here, "坐标\nN27°45′E120°30′": here, "坐标\n东经120°30′北纬27°45′": here, "坐标\n北纬27.75°；东经120.5°": here,
		"坐标\n\"经度:120.5,纬度:27.75\"": here, "坐标\n\"[120.5, 27.75]\"": here, "center\n\"(120.5;27.75)\"": here, "坐标\n无": nil, "坐标\n": nil,
		"经度\n\"120.5,27.75\"": here, "经度,纬度\n\"120.5,27.75\",": here, "坐标\n\"0,0\"": nil,
		"经度,纬度\n-70.5,-33.5": orb.Point{-70.5, -33.5}, "经度,纬度\n西经70.5,南纬33.5": orb.Point{-70.5, -33.5}, "坐标\n33.5S 70.5W": orb.Point{-70.5, -33.5},
	} {
		header, row, _ := strings.Cut(in, "\n")
		got := readText(t, "id,"+header+"\na,"+row+"\n", Options{Kind: safety.Enterprises})
		if got.err != nil || len(got.records) != 1 || got.records[0].Geometry != want {
			t.Errorf("%q: %v %v %v, want %v", in, got.err, got.rejects, got.records, want)
		}
	}
	for in, field := range map[string]string{
		"坐标\n120.5": "lonlat", "坐标\n\"120.5,27.75,5\"": "lonlat", "坐标\n塘下镇": "lonlat", "经度,纬度\nE120.5,E27.75": "lonlat", "坐标\n\"120.5,\"": "lonlat",
		"经度,纬度\n120.39.12,27": "lon", "经度,纬度\n120,27°60′": "lat", "经度,纬度\n\"564,578.68\",27": geometryTarget, "经度,纬度\n120°5.5′30″,27": "lon",
	} {
		header, row, _ := strings.Cut(in, "\n")
		got := readText(t, "id,"+header+"\na,"+row+"\n", Options{Kind: safety.Enterprises})
		if got.err != nil || len(got.rejects) != 1 || got.rejects[0].Field != field {
			t.Errorf("%q: %v %v %v, want a reject of %s", in, got.err, got.rejects, got.records, field)
		}
	}
}

// TestSwapped: the file decides whether pairs may be swapped, not the row.
func TestSwapped(t *testing.T) {
	read := func(rows ...string) result {
		return readText(t, "id,lon,lat\n"+strings.Join(rows, "\n")+"\n", Options{Kind: safety.Enterprises})
	}
	got := read("a,120.5,27.5", "b,27.5,120.5", "c,,", "d,39.5,76") // Kashgar, or the ice north of Novaya Zemlya
	if len(got.records) != 4 || got.records[1].Geometry != (orb.Point{120.5, 27.5}) || got.records[3].Geometry != (orb.Point{76, 39.5}) {
		t.Error(got.records, got.rejects, got.err)
	}
	checkWarnings(t, got.file, map[string]int64{"swapped": 2})
	got = read("a,120.5,27.5", "b,27.5,120.5", "c,10.4,63.4", "d,39.5,76") // Trondheim is in no China, turned or not
	if len(got.records) != 3 || len(got.rejects) != 1 || !strings.Contains(got.rejects[0].Reason, "swapped") || got.records[2].Geometry != (orb.Point{39.5, 76}) {
		t.Error(got.records, got.rejects, got.err)
	}
	checkWarnings(t, got.file, nil)
	all := make([]string, 2*sampleRows)
	for i := range all {
		all[i] = "x,27.5,120.5"
	}
	if got = read(all...); len(got.records) != len(all) || got.records[0].Geometry != (orb.Point{120.5, 27.5}) {
		t.Error(len(got.records), got.rejects[:1], got.err)
	}
	checkWarnings(t, got.file, map[string]int64{"swapped": 2 * sampleRows})
}

// TestDerivedIDs: the ledger read as enterprises and as hazards agrees on who is who, and the hazards' ids do
// not depend on the order, the spaces or the width of what the rows say.
func TestDerivedIDs(t *testing.T) {
	const header = "单位名称,信用代码,隐患描述,发现时间,隐患等级\n"
	rows := []string{"虚构甲厂,91330381MAALXE6197,通道 堵塞,2014-11-03,一般", "虚构甲厂,９１３３０３８１ｍａａｌｘｅ６１９７,通道堵塞,2014/11/3 09:00,较大", "虚构 乙铺,无,通道堵塞,2014-11-03,重大"}
	ids := func(k safety.Kind, field string, rows ...string) (out []any) {
		got := readText(t, header+strings.Join(rows, "\n"), Options{Kind: k})
		if got.err != nil || len(got.rejects) > 0 {
			t.Fatal(got.err, got.rejects)
		}
		for _, r := range got.records {
			out = append(out, value(t, k, r, field))
		}
		return out
	}
	want := []any{"91330381MAALXE6197", "91330381MAALXE6197", "虚构乙铺"}
	if got := ids(safety.Enterprises, "id", rows...); !slices.Equal(got, want) {
		t.Error(got)
	}
	if got := ids(safety.Hazards, "enterprise", rows...); !slices.Equal(got, want) {
		t.Error(got)
	}
	got := ids(safety.Hazards, "id", rows...)
	if got[0] != got[1] || got[0] == got[2] || got[0] != "h-"+sha256Of("91330381MAALXE6197\x002014-11-03\x00通道堵塞") {
		t.Error(got)
	}
	if again := ids(safety.Hazards, "id", rows[2], rows[0]); again[0] != got[2] || again[1] != got[0] {
		t.Error(got, again)
	}
	file := readText(t, header+strings.Join(rows, "\n"), Options{Kind: safety.Hazards}).file
	checkWarnings(t, file, map[string]int64{"derived_id": 3, "local_grade": 1})
}

// TestNoDerivedID: a row that says too little is rejected, and a column that is there is not replaced.
func TestNoDerivedID(t *testing.T) {
	for in, want := range map[string]string{
		"单位名称,隐患描述,发现时间\n,x,2014-11-03\n":      "without enterprise it cannot be made",
		"单位名称,隐患描述,发现时间\n甲,,2014-11-03\n":      "without description it cannot be made",
		"单位名称,隐患描述,发现时间,id\n甲,x,2014-11-03,\n": "required, and it is blank",
		"隐患描述,发现时间\nx,2014-11-03\n":            "without enterprise",
	} {
		got := readText(t, in, Options{Kind: safety.Hazards})
		if got.err != nil || len(got.rejects) != 1 || got.rejects[0].Field != "id" || !strings.Contains(got.rejects[0].Reason, want) {
			t.Errorf("%q: %v %v", in, got.rejects, got.err)
		}
	}
	got := readText(t, "id,enterprise,单位名称,found_at\na,,甲,2014-11-03\nb,e1,甲,2014-11-03\n", Options{Kind: safety.Hazards})
	if len(got.records) != 2 || value(t, safety.Hazards, got.records[0], "enterprise") != nil || value(t, safety.Hazards, got.records[1], "enterprise") != "e1" {
		t.Error(got.records, got.rejects, got.err)
	}
	checkWarnings(t, got.file, nil)
}

// TestStatus: a status is held against the dates, which alone count.
func TestStatus(t *testing.T) {
	got := readText(t, "id,found_at,rectified_at,整改状态\na,2014-11-03,,已整改\nb,2014-11-03,2014-11-04,已销号\nc,2014-11-03,2014-11-04,未整改\n"+
		"d,2014-11-03,,整改中\ne,2014-11-03,,逾期\nf,2014-11-03,,7\ng,2014-11-03,,\n", Options{Kind: safety.Hazards})
	if got.err != nil || len(got.records) != 7 {
		t.Fatal(got.err, got.rejects)
	}
	checkWarnings(t, got.file, map[string]int64{"status": 3}) // a, c, f
}

// TestSeenHeaders: every header that was seen in public data is taken for a field that we have, or named as ambiguous. Towns, villages
// and dormitories are not fields.
func TestSeenHeaders(t *testing.T) {
	raw, err := os.ReadFile(shared(t, "header_synonyms.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Fields map[string]struct{ Seen []string }
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]struct {
		kind    safety.Kind
		targets string
	}{
		"ent_name": {safety.Enterprises, "name"}, "uscc": {safety.Enterprises, "credit_code"}, "lon": {safety.Enterprises, "lon"}, "lat": {safety.Enterprises, "lat"},
		"lonlat": {safety.Enterprises, "lonlat"}, "address": {safety.Enterprises, "address"}, "grid_name": {safety.Enterprises, "grid"}, "grid_code": {safety.Grids, "code"},
		"grid_leader": {safety.Grids, "leader inspectors"}, "industry": {safety.Enterprises, "industry"}, "scale": {safety.Enterprises, "size"},
		"risk_level": {safety.Enterprises, "risk"}, "hazard_desc": {safety.Hazards, "description"}, "hazard_level": {safety.Hazards, "severity"},
		"hazard_type": {safety.Hazards, "aspect"}, "source": {safety.Hazards, "source"}, "found_at": {safety.Hazards, "found_at"}, "deadline": {safety.Hazards, "due_at"},
		"fixed_at": {safety.Hazards, "rectified_at"}, "reviewed_at": {safety.Hazards, "reviewed_at closed_at"}, "status": {safety.Hazards, "status"},
		"inspector": {safety.Inspections, "inspector"},
	} {
		cols := newColumns(want.kind, nil, func(string, string) {})
		if len(table.Fields[field].Seen) == 0 {
			t.Errorf("the table has no field %s", field)
		}
		for _, name := range table.Fields[field].Seen {
			ok := cols.traps[foldName(name)] != ""
			for _, cl := range cols.claims(name) {
				ok = ok || slices.Contains(strings.Fields(want.targets), cols.targets[cl.target])
			}
			if !ok {
				t.Errorf("%s is not taken for %s", name, field)
			}
		}
	}
}

// sha256Of is the first 20 hexadecimal digits of the SHA-256 of a text.
func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:20]
}
