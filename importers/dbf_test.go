package importers

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"hazgrid/safety"
)

// TestDBFEncodings holds who is believed: the user, the .cpg, the language byte, the bytes.
func TestDBFEncodings(t *testing.T) {
	gbk, big5 := simplifiedchinese.GBK, traditionalchinese.Big5
	for name, c := range map[string]struct {
		enc    encoding.Encoding // in which the file is written
		driver byte
		cpg    string
		asked  string
		want   string // the encoding, or a part of the error or of the reason of the first reject
	}{
		"bytes, GBK":                 {gbk, 0, "", "", "gb18030"},
		"bytes, UTF-8":               {nil, 0, "", "auto", "utf-8"},
		".cpg":                       {big5, 0, "BIG5\r\n", "", "big5"},
		".cpg before the byte":       {big5, 0x4d, "950", "", "big5"},
		".cpg by number":             {gbk, 0, "936", "", "gbk"},
		".cpg of GDAL":               {gbk, 0, "CP936", "", "gbk"},
		".cpg of ArcGIS":             {gbk, 0, "OEM 936", "", "gbk"},
		".cpg by driver":             {gbk, 0, "LDID/77", "", "gbk"},
		".cpg with a mark":           {nil, 0x4d, "\ufeffUTF8", "", "utf-8"},
		"language byte":              {gbk, 0x4d, "", "", "gbk"},
		"language byte of Big5":      {big5, 0x4f, "", "", "big5"},
		"language byte of nothing":   {gbk, 0x57, "", "", "gb18030"},
		"asked against .cpg":         {gbk, 0, "UTF-8", "gb18030", "gb18030"},
		".cpg that nobody knows":     {gbk, 0, "<html>", "", "gb18030"},
		".cpg that is wrong":         {gbk, 0, "UTF-8", "", "the name of column 1 is not utf-8 from byte 1 on, though the .cpg says so"},
		"language byte over UTF-8":   {nil, 0x4d, "", "", "gbk"},
		"asked for what is not true": {gbk, 0, "", "utf-8", "though --encoding says so"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			write := c.enc
			files["dbf"] = makeDBF(c.driver, []dbfColumn{{encoded(t, write, "企業名稱"), 'C', 20}, {"id", 'C', 4}, {encoded(t, write, "地址"), 'C', 20}},
				[]string{encoded(t, write, "東山行號"), "e1", encoded(t, write, "一路")})
			if write == gbk || write == nil {
				files["dbf"] = makeDBF(c.driver, []dbfColumn{{encoded(t, write, "企业名称"), 'C', 20}, {"id", 'C', 4}}, []string{encoded(t, write, "东山行号"), "e1"})
			}
			if c.cpg != "" {
				files["cpg"] = []byte(c.cpg)
			}
			got := readMemory(t, files, Options{Kind: safety.Enterprises, Encoding: c.asked})
			if got.err != nil {
				if !strings.Contains(got.err.Error(), c.want) {
					t.Error(got.err)
				}
				return
			}
			if len(got.records) != 1 || got.file.table.encoding != c.want {
				t.Fatalf("%v in %s, want %s", got.rejects, got.file.table.encoding, c.want)
			}
			doubtful := name == "language byte over UTF-8"
			if v := got.records[0].Values; (slices.Contains(v, any("东山行号")) || slices.Contains(v, any("東山行號"))) == doubtful {
				t.Errorf("read %v", v)
			}
			if w := got.file.Warnings(); (len(w) > 0) != (doubtful || c.cpg == "<html>") || len(w) > 0 && w[0].Code != "encoding" {
				t.Error(w)
			}
		})
	}
}

// TestDBFLateBytes: the text is not UTF-8 only in the last record.
func TestDBFLateBytes(t *testing.T) {
	rows := [][]string{}
	for range 5000 {
		rows = append(rows, []string{"e", "plain"})
	}
	rows = append(rows, []string{"f", encoded(t, simplifiedchinese.GBK, "瑞安")})
	files := map[string][]byte{"dbf": makeDBF(0, []dbfColumn{{"id", 'C', 3}, {"name", 'C', 300 - 100}}, rows...)}
	got := readMemory(t, files, Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 5001 || value(t, safety.Enterprises, got.records[5000], "name") != "瑞安" {
		t.Errorf("%v %v", got.rejects, got.err)
	}
	files["cpg"] = []byte("UTF-8")
	got = readMemory(t, files, Options{Kind: safety.Enterprises})
	if len(got.rejects) != 1 || got.rejects[0].Field != "name" || !strings.Contains(got.rejects[0].Reason, "not utf-8 from byte 1 on, though the .cpg says so") {
		t.Errorf("with a .cpg that is wrong: %v %v", got.rejects, got.err)
	}
}

// TestDBFCutText: characters that the end of a field has cut are left out, with a warning; in the middle they are wrong.
func TestDBFCutText(t *testing.T) {
	for name, c := range map[string]struct {
		enc  encoding.Encoding
		text string
	}{"UTF-8": {nil, "utf-8"}, "GBK": {simplifiedchinese.GBK, "gb18030"}} {
		whole := encoded(t, c.enc, "瑞安市塘")
		width := len(whole) - 1
		b := makeDBF(0, []dbfColumn{{"id", 'C', 2}, {"name", 'C', width}}, []string{"a", whole}, []string{"b", whole[:width-1] + " "}, []string{"c", "ok"})
		got := readMemory(t, map[string][]byte{"dbf": b, "cpg": []byte(c.text)}, Options{Kind: safety.Enterprises})
		if got.err != nil || value(t, safety.Enterprises, got.records[0], "name") != "瑞安市" {
			t.Errorf("%s: %v %v", name, got.records, got.err)
		}
		if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "cut_text" || w[0].Count != 1 {
			t.Errorf("%s: %v", name, w)
		}
		if len(got.rejects) != map[string]int{"UTF-8": 1, "GBK": 0}[name] { // two bytes of three, but whole ones of two
			t.Errorf("%s: %v", name, got.rejects)
		}
	}
}

// TestCutNames: names that ten bytes have cut off mean what the whole ones do.
func TestCutNames(t *testing.T) {
	for _, c := range []struct {
		kind  safety.Kind
		enc   encoding.Encoding
		name  string // whole
		field string // "" for none
		warn  string
	}{
		{safety.Enterprises, simplifiedchinese.GBK, "统一社会信用代码", "credit_code", ""},
		{safety.Enterprises, nil, "统一社会信用代码", "credit_code", ""},
		{safety.Enterprises, nil, "生产经营单位名称", "", "may be any of 生产经营单位, 生产经营单位名称, 生产经营场所地址"},
		{safety.Enterprises, nil, "被检查单位", "name", ""},
		{safety.Enterprises, nil, "floor_area_m2", "floor_area_m2", ""},
		{safety.Lines, nil, "protection_m", "protection_m", ""},
		{safety.Grids, nil, "上级网格编码", "parent", ""},
		{safety.Hazards, nil, "rectified_at", "rectified_at", ""},
		{safety.Hazards, nil, "description", "description", ""},
		{safety.Hazards, nil, "整改时间", "", "整改时间 cut off"},
		{safety.Hazards, simplifiedchinese.GBK, "整改时间", "", "it is the date of rectification in some systems"},
		{safety.Hazards, nil, "整改完成日期", "rectified_at", ""},
	} {
		files := map[string][]byte{"dbf": makeDBF(0, []dbfColumn{{encoded(t, c.enc, c.name), 'C', 20}, {"x", 'C', 1}})}
		src := source{o: Options{Kind: c.kind}, warn: func(string, string) {}, claim: func(string) {}}
		out, err := memoryLayer(files).read(&src, true)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		columns := newColumns(c.kind, nil, func(_, example string) { said = append(said, example) })
		columns.cut = out.cut
		found := ""
		for i, col := range columns.find(out.header) {
			if col == 0 {
				found += columns.targets[i]
			}
		}
		if found != c.field || !strings.Contains(strings.Join(said, ";"), c.warn) || c.warn == "" && len(said) > 0 {
			t.Errorf("%s as %q: %q, want %q; said %v", c.name, out.header[0], found, c.field, said)
		}
		mapping := newColumns(c.kind, []Column{{"id", c.name}}, func(string, string) {})
		if mapping.cut = out.cut; c.kind != safety.Grids && mapping.find(out.header)[0] != 0 {
			t.Errorf("--map id=%s does not find %q", c.name, out.header[0])
		}
	}
}

// TestCutNameOfSeveral is not guessed.
func TestCutNameOfSeveral(t *testing.T) {
	var said []string
	c := newColumns(safety.Hazards, nil, func(_, example string) { said = append(said, example) })
	c.cut = map[string]bool{"隐患": true, "re": true}
	if cls := c.claims("隐患"); len(cls) > 0 || len(said) != 1 || !strings.Contains(said[0], "may be any of 隐患id") {
		t.Errorf("%v %v", cls, said)
	}
}

// TestDBFTypes reads what FoxPro adds, and leaves out, with a warning, what is kept elsewhere.
func TestDBFTypes(t *testing.T) {
	moment := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 2456965), 34200000) // 2014-11-03 09:30, by the Julian day of the US Naval Observatory
	b := makeDBF(0, []dbfColumn{{"id", 'I', 4}, {"found_at", 'T', 8}, {"synthetic", 'L', 1}, {"descriptio", 'M', 10}, {"_NullFlags", '0', 1}, {"round", 'N', 5}},
		[]string{"\xf9\xff\xff\xff", string(moment), "Y", "         7", "\x00", " 2.00"})
	b[0] = 0x30
	got := readMemory(t, map[string][]byte{"dbf": b}, Options{Kind: safety.Hazards})
	if got.err != nil || len(got.records) != 1 {
		t.Fatal(got.rejects, got.err)
	}
	for name, want := range map[string]any{"id": "-7", "found_at": at(t, "2014-11-03T09:30:00+08:00"), "description": nil, "round": int64(2), "synthetic": true} {
		if v := value(t, safety.Hazards, got.records[0], name); v != want {
			t.Errorf("%s = %v, want %v", name, v, want)
		}
	}
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "unread_column" || !strings.Contains(w[0].Example, "descriptio") {
		t.Errorf("%v", w)
	}
}

func TestPlainNumbers(t *testing.T) {
	for in, want := range map[string]string{" 12.500": "12.5", "330381.000": "330381", "100": "100", "****": "", "-0.0": "-0", "1.20e+05": "1.20e+05", ".5": ".5", "   ": "", "\x00\x00": ""} {
		if got := string(plainNumber([]byte(in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestNotDBF: texts that begin like a table.
func TestNotDBF(t *testing.T) {
	for _, in := range []string{"1\r\n\r\n2,3,4,5,6,7,8,9,0,1,2,3,4,5,6\n", "c\t\n\n" + strings.Repeat("x,", 40)} {
		if looksLikeDBF([]byte(in)) {
			t.Errorf("%q is taken for a table", in)
		}
	}
}
