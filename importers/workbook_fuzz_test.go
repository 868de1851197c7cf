package importers

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"hazgrid/safety"
)

// FuzzXLSX reads a workbook of these parts; the archive around them is sound, so that what is tried is ours.
func FuzzXLSX(f *testing.F) {
	f.Add(`<worksheet><sheetData>`+headerRow+`<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>41997.5</v></c></row></sheetData><mergeCells><mergeCell ref="A2:B3"/></mergeCells></worksheet>`, textsPart, stylesPart, workbookPart)
	f.Add(`<x:worksheet><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>id</x:t></x:is></x:c></x:row><x:row/><x:row r="9"><x:c t='b'><x:v>1</x:v></x:c></x:row></x:sheetData>`, "<sst/>", "<styleSheet/>", strings.Replace(workbookPart, "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1))
	f.Add(`<worksheet><!-- <row> --><sheetData><row r="1"><c r="XFD1" t="str"><v><![CDATA[id]]>&#x41;&amp;</v></c></row></sheetData><mergeCell ref="A1:XFD1048576"/><mergeCell ref="B2:$A$1"/>`, `<sst><si><r><t>_x000D_</t></r></si>`, stylesPart, workbookPart)
	f.Fuzz(func(t *testing.T, sheet, texts, styles, book string) {
		if len(sheet) > 1<<14 || len(texts) > 1<<12 {
			return
		}
		content := zipOf(t, "xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", relationPart, "xl/sharedStrings.xml", texts, "xl/styles.xml", styles, "xl/worksheets/sheet1.xml", sheet)
		_ = drain(t, content, safety.Enterprises)
		_ = drain(t, content, safety.Hazards)
	})
}

// FuzzXLS reads any bytes as a compound file, and a workbook in it.
func FuzzXLS(f *testing.F) {
	f.Add(readFileIn(f, "ledger.xls"))
	f.Add([]byte(compoundMagic))
	f.Add(smallXLS())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<17 || !bytes.HasPrefix(b, []byte(compoundMagic)) {
			return
		}
		_ = drain(t, b, safety.Enterprises)
		_ = drain(t, b, safety.Hazards)
	})
}

// smallXLS is a compound file of 512-byte sectors with a workbook of one sheet, each part in one sector, as small as they come.
func smallXLS() []byte {
	u16 := func(v ...int) (b []byte) {
		for _, n := range v {
			b = append(b, byte(n), byte(n>>8))
		}
		return b
	}
	record := func(kind int, body ...[]byte) []byte {
		all := bytes.Join(body, nil)
		return append(u16(kind, len(all)), all...)
	}
	bof := record(biffBOF, u16(biffVersion8, biffWorksheet, 0, 0, 0, 0, 0, 0))
	globals := func(at int) []byte {
		return bytes.Join([][]byte{
			bof, record(biffSheet, u16(at, 0, 0), []byte{1, 0, 'a'}),
			record(biffSST, u16(2, 0, 2, 0), u16(2), []byte{0}, []byte("id"), u16(4), []byte{0}, []byte("na")), record(biffContinue, []byte{1}, wide("me")),
			record(biffEOF),
		}, nil)
	}
	rows := bytes.Join([][]byte{
		bof, record(biffLabelSST, u16(0, 0, 0, 0, 0)), record(biffLabelSST, u16(0, 1, 0, 1, 0)),
		record(biffMulRK, u16(1, 0, 0, 6, 0, 0, 10, 0, 1)), record(biffMerges, u16(1, 1, 2, 0, 0)), record(biffEOF),
	}, nil)
	stream := append(globals(len(globals(0))), rows...)
	stream = append(stream, make([]byte, 512-len(stream))...)
	head := make([]byte, 512)
	copy(head, compoundMagic)
	copy(head[24:], u16(0x3e, 3, 0xfffe, 9, 6))
	copy(head[44:], u16(1, 0, 1, 0)) // one sector of the table; the directory begins in sector 1
	copy(head[56:], u16(64, 0, 0xfffe, 0xffff, 0, 0, 0xfffe, 0xffff))
	table := u16(0xfffd, 0xffff, 0xfffe, 0xffff)
	table = append(table, u16(0xfffe, 0xffff)...)
	fill := func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 512-len(b))...) }
	entry := make([]byte, 128)
	copy(entry, wide("Workbook"))
	copy(entry[64:], u16(18))
	entry[66] = 2
	copy(entry[116:], u16(2, 0, len(stream), 0))
	copy(head[76:], bytes.Repeat([]byte{0xff}, 512-76))
	copy(head[76:], u16(0, 0))
	return bytes.Join([][]byte{head, fill(table), append(entry, make([]byte, 384)...), stream}, nil)
}

func TestSmallXLS(t *testing.T) {
	got := readText(t, string(smallXLS()), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 1 || value(t, safety.Enterprises, got.records[0], "id") != "1" || value(t, safety.Enterprises, got.records[0], "name") != "2" {
		t.Error(got.err, got.rejects, got.records)
	}
}

// TestCutWorkbooks cuts a small file of each format at every byte: each is one clear error, whatever is missing.
func TestCutWorkbooks(t *testing.T) {
	book := smallBook(t, `<worksheet><sheetData>`+headerRow+`<row r="2"><c r="A2" t="str"><v>k</v></c></row></sheetData></worksheet>`)
	for name, whole := range map[string][]byte{"XLSX": book, "XLS": smallXLS()} {
		if err := drain(t, whole, safety.Enterprises); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range whole {
			err := drain(t, whole[:n], safety.Enterprises)
			if err == nil && name == "XLS" && n >= len(bytes.TrimRight(whole, "\x00")) {
				continue // what is missing is nothing but the padding of the last sector
			}
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%s cut at byte %d of %d: %v", name, n, len(whole), err)
			}
		}
	}
	ledger := readFileIn(t, "ledger.xls")
	for n := 0; n < len(ledger); n += 97 {
		_ = drain(t, ledger[:n], safety.Hazards)
	}
}

// FuzzPlaces reads texts as coordinates: no panic, no number that is none.
func FuzzPlaces(f *testing.F) {
	for _, s := range []string{"120.5", "120°39′12″", "１２０度３９分", "N27.9 E120.6", "东经120°30′北纬27°45′", "[120.5, 27.75]", "564,578.68", "E", "°", "120.5,27.75,1", "-", "NaN,1e400"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, lon, lat string) {
		for _, found := range [][]int{{0, 1, -1}, {-1, -1, 0}, {0, -1, 1}} {
			p, ok, bad := position(row{values: []string{lon, lat}}, found)
			if bad == nil && ok && (math.IsNaN(p[0]+p[1]) || math.IsInf(p[0], 0) || math.IsInf(p[1], 0)) {
				t.Fatalf("%q %q are %v", lon, lat, p)
			}
		}
	})
}
