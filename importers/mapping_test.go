package importers

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"hazgrid/safety"
)

// shared returns a file of the project's shared data, or skips.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data are not beside this checkout:", err)
	}
	return path
}

func TestParseMap(t *testing.T) {
	got, err := ParseMap(safety.Grids, []string{"code=a,b=c", " name = 名称 ", "geometry=shape"})
	if err != nil || len(got) != 3 || got[0] != (Column{"code", "a,b=c"}) || got[1] != (Column{"name", "名称"}) {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"code", "=x", "code=", "colour=x", "lon=x"} {
		if _, err := ParseMap(safety.Grids, []string{bad}); !errors.Is(err, safety.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := ParseMap(safety.Grids, []string{"code=a", "code=b"}); err == nil {
		t.Error("a field mapped twice is taken")
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		name   string
		header string
		m      []Column
		want   string // fields of enterprises and the column each is taken from
		warn   string
	}{
		{"canonical", "id,name,lon", nil, "id=id name=name lon=lon", ""},
		{"folded", "ＩＤ, * Name（必填）,经度(WGS84)", nil, "id=ＩＤ name= * Name（必填） lon=经度(WGS84)", ""},
		{"traditional", "企業編號,企業名稱,經度,緯度", nil, "id=企業編號 name=企業名稱 lon=經度 lat=緯度", ""},
		{"canonical wins", "企业名称,name,id", nil, "id=id name=name", `name: column "name" is used, "企业名称" is not`},
		{"first wins", "单位名称,企业名称,id", nil, "id=id name=单位名称", `name: column "单位名称" is used, "企业名称" is not`},
		{"weak loses", "名称,企业名称,id", nil, "id=id name=企业名称", ""},
		{"mapped wins", "a,name,id", []Column{{"name", "a"}}, "id=id name=a", ""},
		{"mapped is no synonym", "企业名称,id", []Column{{"address", "企业名称"}}, "id=id address=企业名称", ""},
		{"mapped and canonical", "id", []Column{{"name", "id"}}, "id=id name=id", ""},
		{"grid code before name", "所属网格,网格编号,id", nil, "id=id grid=网格编号", ""},
		{"not inside", "经度方向,id", nil, "id=id", ""},
		{"cut to 10 bytes", "id,credit_cod,floor_area,source_fra,grid_1,area_km2", nil, "id=id credit_code=credit_cod floor_area_m2=floor_area source_frame=source_fra", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			warn := ""
			cols := newColumns(safety.Enterprises, c.m, func(_, example string) { warn = example })
			names := strings.Split(c.header, ",")
			var got []string
			for i, col := range cols.find(names) {
				if col >= 0 {
					got = append(got, cols.targets[i]+"="+names[col])
				}
			}
			if s := strings.Join(got, " "); s != c.want || warn != c.warn {
				t.Errorf("%s; %s", s, warn)
			}
		})
	}
}

// TestSharedSynonyms holds that every header seen in public data for the names, codes, coordinates,
// grades and times of hazards and enterprises is recognised.
func TestSharedSynonyms(t *testing.T) {
	raw, err := os.ReadFile(shared(t, "header_synonyms.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Fields map[string]struct{ Seen, Guess []string }
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]struct {
		kind   safety.Kind
		target string
	}{
		"ent_name": {safety.Enterprises, "name"}, "uscc": {safety.Enterprises, "credit_code"},
		"lon": {safety.Enterprises, "lon"}, "lat": {safety.Enterprises, "lat"}, "address": {safety.Enterprises, ""},
		"risk_level": {safety.Enterprises, "risk"}, "hazard_level": {safety.Hazards, "severity"},
		"source": {safety.Hazards, "source"}, "deadline": {safety.Hazards, "due_at"},
	} {
		if want.target == "" {
			continue
		}
		cols := newColumns(want.kind, nil, func(string, string) {})
		for _, name := range table.Fields[field].Seen {
			ok := false
			for _, cl := range cols.claims(name) {
				ok = ok || cols.targets[cl.target] == want.target
			}
			if !ok {
				t.Errorf("%s is not taken for %s", name, want.target)
			}
		}
	}
}

func TestTrap(t *testing.T) {
	got := readText(t, "id,found_at,整改时间\na,2014-11-03,2014-12-01\n", Options{Kind: safety.Hazards})
	if got.err != nil || len(got.records) != 1 || value(t, safety.Hazards, got.records[0], "rectified_at") != nil {
		t.Fatal(got)
	}
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "ambiguous_column" {
		t.Errorf("%v", w)
	}
}

func TestMapMissing(t *testing.T) {
	m := []Column{{"name", "nom"}}
	for _, in := range []string{"id,x\na,b\n", collection(`{"type":"Feature","id":"a","properties":{"x":"b"}}`)} {
		got := readText(t, in, Options{Kind: safety.Enterprises, Map: m})
		if !errors.Is(got.err, safety.ErrInvalid) || !strings.Contains(got.err.Error(), `no column "nom"`) {
			t.Errorf("%v", got.err)
		}
	}
}

// TestLedgers reads the same dirty ledger in the three encodings in which spreadsheets save text.
// The numbers of the rows and their values were read off the file by eye.
func TestLedgers(t *testing.T) {
	for name, encoding := range map[string]string{
		"fixtures/ledger_gbk.csv": "gb18030", "fixtures/ledger_utf8_bom.csv": "utf-8", "fixtures/ledger_utf16le_tab.txt": "utf-16le",
	} {
		t.Run(encoding, func(t *testing.T) {
			got := readPath(t, shared(t, name), Options{Kind: safety.Hazards, Map: []Column{{"id", "序号"}}})
			if got.err != nil || got.file.Encoding != encoding || len(got.records)+len(got.rejects) != 5 {
				t.Fatal(got.err, got.records, got.rejects)
			}
			for i, want := range []struct {
				number int64
				field  string
			}{{2, "id"}, {5, "found_at"}} { // a merged cell, a unit without hazard
				if bad := got.rejects[i]; bad.Number != want.number || bad.Field != want.field {
					t.Errorf("%v, want %v", bad, want)
				}
			}
			checkLedger(t, got.records)
		})
	}
}

func checkLedger(t *testing.T, r []safety.Record) {
	t.Helper()
	for name, want := range map[string]any{
		"id": "1", "description": "电线未套管", "severity": "general", "found_at": at(t, "2014-11-03"),
		"due_at": at(t, "2014-11-19") - 1, "grid": "五方村第一网格",
	} {
		if v := value(t, safety.Hazards, r[0], name); v != want {
			t.Errorf("record 1: %s = %v, want %v", name, v, want)
		}
	}
	if v := value(t, safety.Hazards, r[1], "due_at"); v != at(t, "2014-12-25")-1 { // 41997 is 2014-12-24
		t.Errorf("record 3: due_at = %v", v)
	}
	if v := value(t, safety.Hazards, r[1], "severity"); v != "major" {
		t.Errorf("record 3: severity = %v", v)
	}
}

func TestLedgerEnterprises(t *testing.T) {
	got := readPath(t, shared(t, "fixtures/ledger_gbk.csv"), Options{Kind: safety.Enterprises, Map: []Column{{"id", "序号"}}})
	if got.err != nil || len(got.records) != 4 || len(got.rejects) != 1 {
		t.Fatal(got.err, got.records, got.rejects)
	}
	if v := value(t, safety.Enterprises, got.records[1], "credit_code"); v != "91330381MACX3W9425" {
		t.Errorf("credit_code = %v", v)
	}
	if got.records[2].Geometry != (orb.Point{120.6402, 27.7921}) {
		t.Error("the swapped pair is at", got.records[2].Geometry)
	}
	if got.records[3].Geometry != nil {
		t.Error("0/0 is located")
	}
}

func TestVillages(t *testing.T) {
	o := Options{Kind: safety.Grids, Level: 3, Map: []Column{{"code", "VILLAGEID"}, {"name", "VILLAGENAM"}}}
	got := readPath(t, shared(t, "kaohsiung_villages_wgs84.geojson"), o)
	if got.err != nil || len(got.records) != 202 || len(got.rejects) > 0 || got.file.Repaired() != 0 {
		t.Fatal(len(got.records), got.rejects, got.err)
	}
	r := got.records[0]
	if value(t, safety.Grids, r, "code") != "1001205005" || value(t, safety.Grids, r, "name") != "三奶里" || value(t, safety.Grids, r, "level") != int64(3) {
		t.Error(r.Values)
	}
}

func TestPipelines(t *testing.T) {
	got := readPath(t, shared(t, "kaohsiung_ng_pipelines_wgs84.geojson"), Options{Kind: safety.Lines, Map: []Column{{"id", "ID"}, {"operator", "NAME"}}})
	if got.err != nil || len(got.records) != 609 || len(got.rejects) > 0 {
		t.Fatal(len(got.records), got.rejects, got.err)
	}
}

// TestMadeLineIDs reads the real lines, which all have one ID: without that column each is known by where it runs.
func TestMadeLineIDs(t *testing.T) {
	path := shared(t, "kaohsiung_ng_pipelines_wgs84.geojson")
	m, err := ParseMap(safety.Lines, []string{"id=-", "operator=NAME"})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[any]bool{}
	for range 2 {
		got := readPath(t, path, Options{Kind: safety.Lines, Map: m})
		for _, r := range got.records {
			ids[value(t, safety.Lines, r, "id")] = true
		}
		if w := warned(got.file, "derived_id"); got.err != nil || w == "" {
			t.Fatal(got.err, w)
		}
	}
	if len(ids) != 609 {
		t.Errorf("%d ids of 609 lines read twice", len(ids))
	}
}

func TestEncodings(t *testing.T) {
	const text = "id,名称\na,塘下镇\n"
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	big, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, asked, want string }{
		{text, "", "utf-8"},
		{text, "auto", "utf-8"},
		{"\ufeff" + text, "gbk", "utf-8"},
		{gbk, "", "gb18030"},
		{gbk, "GBK", "gbk"},
		{gbk, "cp936", "gbk"},
		{big, "", "utf-16be"},
	} {
		got := readText(t, c.in, Options{Kind: safety.Enterprises, Encoding: c.asked})
		if got.err != nil || got.file.Encoding != c.want || value(t, safety.Enterprises, got.records[0], "name") != "塘下镇" {
			t.Errorf("%q as %q: %v", c.in, c.asked, got.err)
		}
	}
	got := readText(t, gbk, Options{Kind: safety.Enterprises, Encoding: "utf-8"})
	if got.err == nil || !strings.Contains(got.err.Error(), "not UTF-8") {
		t.Errorf("GBK as UTF-8: %v", got.err)
	}
	for name, ok := range map[string]bool{"auto": true, "": true, "UTF-8": true, "big5": true, "utf-16le": true, "latin": false, "replacement": false} {
		if err := CheckEncoding(name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLateBytes holds that text that stops being UTF-8 after the head is rejected row by row.
func TestLateBytes(t *testing.T) {
	pad := strings.Repeat("a,"+strings.Repeat("x", 1000)+"\n", headBytes/1000)
	got := readText(t, "id,name\n"+pad+"b,\xcc\xc1\nc,d\n", Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.rejects) != 1 || got.rejects[0].Number != headBytes/1000+1 || !strings.Contains(got.rejects[0].Reason, "not UTF-8 from byte 3") {
		t.Error(got.rejects, got.err)
	}
}

func TestSeparators(t *testing.T) {
	for _, in := range []string{"id,name\na,b\n", "id;name\na;b\n", "id\tname\r\na\tb\r\n", "id|name\na|b", "\n\n\"id\",\"na;;me\",name\na,,b\n"} {
		got := readText(t, in, Options{Kind: safety.Enterprises})
		if got.err != nil || len(got.records) != 1 || value(t, safety.Enterprises, got.records[0], "name") != "b" {
			t.Errorf("%q: %v", in, got.err)
		}
	}
}
