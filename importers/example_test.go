package importers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hazgrid/importers"
	"hazgrid/safety"
)

// A ledger with Chinese headers and one row that cannot be a hazard.
func Example() {
	dir, err := os.MkdirTemp("", "importers")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "ledger.csv")
	text := "隐患编号,隐患等级,发现时间,经度,纬度\nh1,重大隐患,2014年11月3日,120.66,27.93\nh2,一般,2014/11/4,181,27.93\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	f, err := importers.Open(path, importers.Options{Kind: safety.Hazards})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = f.Close() }()
	for r, err := range f.Records() {
		var bad *safety.FieldError
		switch {
		case errors.As(err, &bad):
			fmt.Println("rejected:", bad)
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println("record", r.Number, r.Values[0], "at", r.Geometry)
		}
	}
	// Output:
	// record 1 h1 at [120.66 27.93]
	// rejected: record 2: h2: lon: want -180 to 180, got 181
}
