package importers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// bigLedger writes a ledger of n rows and 12 columns, most of them texts, with shared texts or, as
// excelize streams them, with texts in their cells.
func bigLedger(t testing.TB, n int) string {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	header := []any{"隐患编号", "企业编号", "单位名称", "所属网格", "经度", "纬度", "隐患描述", "隐患等级", "发现时间", "整改期限", "整改状态", "备注"}
	if err := w.SetRow("A1", header); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		cell := fmt.Sprintf("A%d", i+2)
		row := []any{
			fmt.Sprintf("h%07d", i), fmt.Sprintf("e%05d", i%20000), fmt.Sprintf("虚构第%d号鞋厂", i%20000), "五方村第一网格",
			120.5 + float64(i%1000)/2000, 27.6 + float64(i%777)/2000, "电线未套管，灭火器过期", "一般隐患", 41946 + i%50, "15天", "未整改", "",
		}
		if err := w.SetRow(cell, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "big.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// BenchmarkXLSX reads 200,000 rows to records, the workbook's opening included.
func BenchmarkXLSX(b *testing.B) {
	const n = 200_000
	path := bigLedger(b, n)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		f, err := Open(path, Options{Kind: safety.Hazards})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range f.Records() {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if err := f.Close(); err != nil || got != n {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
