package importers

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// ledgerBook writes the twin of testdata/ledger.xls as XLSX, with excelize, a writer of its own.
func ledgerBook(t testing.TB, is1904 bool) []byte {
	t.Helper()
	f := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", "说明"))
	must(f.SetCellStr("说明", "A1", "虚构数据"))
	_, err := f.NewSheet("台账")
	must(err)
	must(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &is1904}))
	row := func(n int, values ...any) { must(f.SetSheetRow("台账", fmt.Sprintf("A%d", n), &values)) }
	row(1, "虚构镇隐患排查台账")
	row(2, "序号", "单位", nil, "位置", nil, "隐患", nil, "发现", "整改期限", "备注")
	row(3, nil, "名称", "统一社会信用代码", "经度", "纬度", "描述", "等级", "时间", nil, nil)
	row(4, 1, "虚构甲鞋厂", "91330381MAALXE6197", 120.6533, 27.9302, "电线未套管", "一般", time.Date(2014, 11, 3, 9, 30, 0, 0, time.UTC), "15天", true)
	row(5, nil, nil, nil, nil, nil, "灭火器过期", "重大", 41946, time.Date(2014, 12, 1, 0, 0, 0, 0, time.UTC), 2.5)
	row(6, 2, "虚构乙铺", nil, 120.6611, 27.9315, "占用通道", "一般隐患", "2014.11.4", "2014/12/2", 330381000012345)
	row(7, 3, "虚构丙仓储")
	row(8, "合 计", nil, nil, nil, nil, "3条")
	for _, m := range [][2]string{
		{"A1", "J1"},
		{"B2", "C2"},
		{"D2", "E2"},
		{"F2", "G2"},
		{"A2", "A3"},
		{"I2", "I3"},
		{"J2", "J3"},
		{"A4", "A5"},
		{"B4", "B5"},
		{"C4", "C5"},
		{"D4", "D5"},
		{"E4", "E5"},
		{"A8", "B8"},
	} {
		must(f.MergeCell("台账", m[0], m[1]))
	}
	code := `yyyy"年"m"月"d"日"`
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
	must(err)
	must(f.SetCellStyle("台账", "I5", "I5", date))
	must(f.SetCellFormula("台账", "J7", "1/0"))
	b, err := f.WriteToBuffer()
	must(err)
	return b.Bytes()
}

func readFileIn(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWorkbooks reads the same ledger, two header rows under a title, in both formats.
func TestWorkbooks(t *testing.T) {
	for name, content := range map[string][]byte{"XLSX": ledgerBook(t, false), "XLS": readFileIn(t, "ledger.xls")} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, string(content), Options{Kind: safety.Hazards})
			if got.err != nil || got.file.Format != name || len(got.records) != 3 || len(got.rejects) != 1 {
				t.Fatal(got.err, got.records, got.rejects)
			}
			for i, want := range []map[string]any{
				{"enterprise": "91330381MAALXE6197", "description": "电线未套管", "severity": "general", "found_at": at(t, "2014-11-03T09:30"), "due_at": at(t, "2014-11-19") - 1},
				{"enterprise": "91330381MAALXE6197", "description": "灭火器过期", "severity": "major", "found_at": at(t, "2014-11-03"), "due_at": at(t, "2014-12-02") - 1},
				{"enterprise": "虚构乙铺", "description": "占用通道", "severity": "general", "found_at": at(t, "2014-11-04"), "due_at": at(t, "2014-12-03") - 1},
			} {
				for field, v := range want {
					if got := value(t, safety.Hazards, got.records[i], field); got != v {
						t.Errorf("record %d: %s = %v, want %v", i+1, field, got, v)
					}
				}
			}
			if g := got.records[1].Geometry; g != (orb.Point{120.6533, 27.9302}) {
				t.Errorf("the merged cells give %v", g)
			}
			if bad := got.rejects[0]; bad.Number != 4 || bad.Field != "found_at" || !strings.Contains(bad.Reason, "row 7 of the sheet") {
				t.Error(bad)
			}
			checkWarnings(t, got.file, map[string]int64{"derived_id": 3, "total_row": 1})
			firms := readText(t, string(content), Options{Kind: safety.Enterprises, Sheet: "台账"})
			if len(firms.records) != 4 || value(t, safety.Enterprises, firms.records[1], "id") != "91330381MAALXE6197" {
				t.Error(firms.records, firms.rejects, firms.err)
			}
		})
	}
}

// checkWarnings holds the counts of the warnings, but those of cells with errors: only one of the twins has any.
func checkWarnings(t *testing.T, f *File, want map[string]int64) {
	t.Helper()
	n := 0
	for _, w := range f.Warnings() {
		if w.Code == "cell_error" {
			continue
		}
		if n++; w.Count != want[w.Code] {
			t.Errorf("%s: %d times, want %d: %s", w.Code, w.Count, want[w.Code], w.Example)
		}
	}
	if n != len(want) {
		t.Errorf("warnings %v, want %v", f.Warnings(), want)
	}
}

// TestWorkbookFixtures: what the domain report expects of the ledgers that were made for it.
func TestWorkbookFixtures(t *testing.T) {
	for name, want := range map[string]struct{ hazards, firms, units int }{
		"fixtures/ledger_merged.xlsx": {4, 5, 4}, // one firm has two rows: the store takes the last
		"fixtures/ledger_97.xls":      {3, 4, 4}, // the second row is blank, not merged
	} {
		got := readPath(t, shared(t, name), Options{Kind: safety.Hazards})
		if got.err != nil || len(got.records) != want.hazards {
			t.Fatal(name, got.err, got.records, got.rejects)
		}
		last := got.records[want.hazards-1]
		if due := value(t, safety.Hazards, last, "due_at"); due != at(t, "2014-11-21")-1 || last.Geometry != (orb.Point{120.6402, 27.7921}) {
			t.Errorf("%s: due %v at %v", name, due, last.Geometry)
		}
		firms := readPath(t, shared(t, name), Options{Kind: safety.Enterprises})
		ids, unlocated := map[any]bool{}, 0
		for _, r := range firms.records {
			ids[value(t, safety.Enterprises, r, "id")] = true
			if r.Geometry == nil {
				unlocated++
			}
		}
		if firms.err != nil || len(firms.records) != want.firms || len(ids) != want.units || unlocated != 1 {
			t.Error(name, firms.err, firms.records, firms.rejects)
		}
	}
}

// Test1904: day numbers of a workbook that counts from 1904, with a style and without, are 1462 days later.
func Test1904(t *testing.T) {
	got := readText(t, string(ledgerBook(t, true)), Options{Kind: safety.Hazards})
	if got.err != nil || len(got.records) != 3 {
		t.Fatal(got.err, got.rejects)
	}
	for i, want := range []string{"2014-11-03T09:30", "2018-11-04"} { // excelize counts times from 1904 itself, 41946 is as it is
		if v := value(t, safety.Hazards, got.records[i], "found_at"); v != at(t, want) {
			t.Errorf("record %d: found_at %v, want %s", i+1, v, want)
		}
	}
}

func TestSheets(t *testing.T) {
	for sheet, want := range map[string]string{"没有": `no sheet "没有" (there are: 说明, 台账)`, "说明": "no column of the XLSX is a field of hazards"} {
		got := readText(t, string(ledgerBook(t, false)), Options{Kind: safety.Hazards, Sheet: sheet})
		if got.err == nil || !strings.Contains(got.err.Error(), want) || !errors.Is(got.err, safety.ErrInvalid) {
			t.Errorf("%s: %v", sheet, got.err)
		}
	}
	other := smallBook(t, `<worksheet><sheetData><row><c t="str"><v>hello</v></c></row></sheetData></worksheet>`)
	got := readText(t, string(other), Options{Kind: safety.Hazards})
	if got.err == nil || !strings.Contains(got.err.Error(), "no sheet has columns of hazards in its first 20 rows (sheets: a)") {
		t.Error(got.err)
	}
}

// zipOf makes a ZIP of names and contents, one after the other.
func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	workbookPart = `<workbook xmlns:r="r"><sheets><sheet name="a" sheetId="9" r:id="rId1"/></sheets></workbook>`
	relationPart = `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`
	stylesPart = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-804]yyyy&quot;d&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`
	textsPart  = `<sst><si><t>id</t></si><si><r><t>na</t></r><r><t xml:space="preserve">me</t></r><rPh><t>kana</t></rPh></si><si><t>a_x0041_&amp;&#23665;</t></si></sst>`
	headerRow  = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>`
)

func smallBook(t testing.TB, sheet string) []byte {
	t.Helper()
	return zipOf(t, "[Content_Types].xml", "<Types/>", "xl/workbook.xml", workbookPart, "xl/_rels/workbook.xml.rels", relationPart,
		"xl/sharedStrings.xml", textsPart, "xl/styles.xml", stylesPart, "xl/worksheets/sheet1.xml", sheet)
}

// TestCells reads the ways in which a cell can hold its value.
func TestCells(t *testing.T) {
	for cell, want := range map[string]string{
		`<c r="B2" t="s"><v>2</v></c>`:                                          "aA&山",
		`<c r="B2" t="inlineStr"><is><t>x</t><rPh><t>k</t></rPh></is></c>`:      "x",
		`<c t="inlineStr" r="$B$2"><is><r><t>x</t></r><r><t>y</t></r></is></c>`: "xy",
		`<c r="B2" t="str"><f>"&lt;"&amp;A1</f><v> &lt;1</v></c>`:               "<1",
		`<c r="B2"><v>330381000012345</v></c>`:                                  "330381000012345",
		`<c r="B2"><v>3.30381000012345E14</v></c>`:                              "330381000012345",
		`<c r="B2"><v>27.792100000000001</v></c>`:                               "27.7921",
		`<c r="B2" s="1"><v>41997.25</v></c>`:                                   "2014-12-24 06:00:00",
		`<c r="B2" s="2"><v>59</v></c>`:                                         "1900-02-28",
		`<c r="B2" t="inlineStr"><is><t>a_x0041_&amp;_b</t></is></c>`:           "aA&_b",
		`<c r="B2" t="inlineStr"><is><t>x</t></is><f>y</f></c>`:                 "x",
		`<c r="B2" t="str"><v>x</v><f>y</f></c>`:                                "x",
		`<c r="B2" t="inlineStr"><is><t>x<!-- y --></t></is></c>`:               "x",
		`<c r="B2" t="b"><v>1</v></c>`:                                          "1",
		`<c r="B2" t="d"><v>2014-12-24</v></c>`:                                 "2014-12-24",
		`<c r="B2" t="str"><v><![CDATA[a<&b]]></v></c>`:                         "a<&b",
		`<x:c r="B2" t="str"><!-- > --><x:v>p<?pi?>q</x:v></x:c>`:               "pq",
		`<c r="B2" t='str' cm=">"><v>z</v></c>`:                                 "z",
	} {
		book := smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="2"><c r="A2" t="str"><v>k</v></c>`+cell+`</row></sheetData></worksheet>`)
		got := readText(t, string(book), Options{Kind: safety.Enterprises})
		if got.err != nil || len(got.records) != 1 || value(t, safety.Enterprises, got.records[0], "name") != want {
			t.Errorf("%s: %v %v %v, want %s", cell, got.err, got.rejects, got.records, want)
		}
	}
	book := smallBook(t, `<worksheet><sheetData>`+headerRow+`<row><c t="str"><v>k</v></c><c t="e"><v>#REF!</v></c></row></sheetData></worksheet>`)
	got := readText(t, string(book), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 1 || value(t, safety.Enterprises, got.records[0], "name") != nil || got.file.Warnings()[0].Code != "cell_error" {
		t.Error(got.err, got.rejects, got.records)
	}
}

// TestBadWorkbooks: each is one clear line.
func TestBadWorkbooks(t *testing.T) {
	deep := strings.Repeat(`<row><c t="str"><v>k</v></c></row>`, 2_500_000)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"row of 1e9":     {smallBook(t, `<worksheet><dimension ref="A1:B1000000000"/><sheetData>`+headerRow+`<row r="1000000000"><c><v>1</v></c></row></sheetData></worksheet>`), "row 1000000000 after row 1"},
		"rows go back":   {smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="1"/></sheetData></worksheet>`), "row 1 after row 1"},
		"column":         {smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="2"><c r="XFE2"/></row></sheetData></worksheet>`), "beyond column XFD"},
		"text missing":   {smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="2"><c t="s"><v>3</v></c></row></sheetData></worksheet>`), `refers to text "3"`},
		"cut":            {smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="2"><c t="s"><v>2`), "cut off"},
		"long tag":       {smallBook(t, `<worksheet><sheetData>`+headerRow+`<row x="`+strings.Repeat("x", maxToken+1<<17)), "a tag or text of more than 4 MB"},
		"bomb":           {smallBook(t, `<worksheet><sheetData>`+headerRow+deep), "a zip bomb?"},
		"no sheet part":  {zipOf(t, "xl/workbook.xml", workbookPart, "xl/_rels/workbook.xml.rels", relationPart[:strings.Index(relationPart, "/>")+2]+"</Relationships>"), "no part xl/worksheets/sheet1.xml"},
		"no sheets":      {zipOf(t, "xl/workbook.xml", "<workbook/>"), "has no sheets"},
		"no workbook":    {zipOf(t, "[Content_Types].xml", "<Types/>", "word/document.xml", "<w/>"), "no workbook"},
		"not an archive": {[]byte("PK\x03\x04....[Content_Types].xml"), "broken or cut off"},
		"cut off":        {zipOf(t, "[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<workbook/>")[:90], "a broken Excel workbook"},
		"OpenDocument":   {zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", ""), "OpenDocument"},
		"magic only":     {[]byte(compoundMagic), "a broken old Office file"},
		"encrypted":      {encrypted(t), "the workbook is encrypted"},
		"no Workbook":    {bytes.ReplaceAll(readFileIn(t, "ledger.xls"), wide("Workbook"), wide("Workbush")), "without a workbook"},
		"Excel 95":       {bytes.ReplaceAll(readFileIn(t, "ledger.xls"), []byte{9, 8, 16, 0, 0, 6}, []byte{9, 8, 16, 0, 0, 5}), "Excel 97 or later"},
		"XLS password":   {bytes.Replace(readFileIn(t, "ledger.xls"), []byte{0x22, 0, 2, 0}, []byte{0x2f, 0, 2, 0}, 1), "the workbook is encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, string(c.in), Options{Kind: safety.Enterprises})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !errors.Is(got.err, safety.ErrInvalid) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

// encrypted is a workbook with a password.
func encrypted(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	path := filepath.Join(t.TempDir(), "x.xlsx")
	if err := f.SaveAs(path, excelize.Options{Password: "x"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wide is a text in UTF-16LE.
func wide(s string) []byte {
	var b []byte
	for _, c := range s {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}
