package export

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/paulmach/orb"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"hazgrid/geo/crs"
	"hazgrid/internal/limits"
	"hazgrid/safety"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// district is two towns and their villages, with codes that CSV and JSON have to quote, and one village that
// no town is declared for.
func district(t testing.TB) *safety.Snapshot {
	t.Helper()
	grid := func(code, name, parent string, level int, w, s, e, n float64) safety.Grid {
		return safety.Grid{
			Scheme: "safety", Code: code, Name: name, Level: level, Parent: parent,
			Boundary: orb.MultiPolygon{{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}},
		}
	}
	s, err := safety.NewSnapshot(safety.Records{Whole: true, Version: 1, Grids: []safety.Grid{
		grid("A", "塘下", "", 1, 0, 0, 2, 2), grid("B,b", `"B" & <c>`, "", 1, 2, 0, 4, 2),
		grid("A1", "甲", "A", 2, 0, 0, 1, 2), grid(" A2", "乙", "A", 2, 1, 0, 2, 2), grid(`B"1`, "丙", "B,b", 2, 2, 0, 3, 1), grid("B2", "", "", 2, 3, 0, 4, 2),
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainly is WhichCSV as encoding/csv alone has it: what it is held against.
func plainly(l Locator, w io.Writer, r io.Reader) error {
	in, out := csv.NewReader(r), csv.NewWriter(w)
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil {
		return err
	}
	lon, lat, err := pointColumns(header)
	if err != nil {
		return err
	}
	depth := l.Snapshot.Depth(l.Options.Scheme)
	names := append([]string{strings.TrimPrefix(header[0], "\ufeff")}, header[1:]...)
	names = append(names, "grid")
	for level := range depth {
		names = append(names, fmt.Sprint("grid_", level+1))
	}
	_ = out.Write(append(names, "grid_distance_m", "error")) // into memory
	for {
		cells, err := in.Read()
		if err != nil {
			out.Flush()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n := len(cells)
		cells = append(cells, slices.Repeat([]string{""}, max(0, len(header)-n))...)[:len(header)]
		var found safety.Where
		p, err := parsePoint(cells[lon], cells[lat])
		if n > len(header) {
			err = fmt.Errorf("want %d columns, got %d", len(header), n)
		}
		if err == nil {
			found, err = l.Locate(p)
		}
		_ = out.Write(append(cells, plainEnd(found, err, depth)...))
	}
}

func plainEnd(w safety.Where, err error, depth int) []string {
	codes, distance, problem := make([]string, depth+1), "", ""
	for _, g := range w.Grids {
		codes[0], codes[g.Level], distance = g.Code, g.Code, cell(w.DistanceM)
	}
	if err != nil {
		problem = err.Error()
	}
	return append(codes, distance, problem)
}

// pieces of CSV, common and odd; joined at random they make every kind of file.
func pieces() []string {
	return []string{
		",", ",", ",", "\n", "\n", "\r\n", "\r", `"`, `""`, `"a,b"`, "\"x\ny\"", "1", "0.5", "1.5", "2.5", "-3", "3.25", "181", "1e0", "0x1", " 1", "1 ", "+.5", "5.",
		"1.23456789012345678", "x", "é", "\u00a0", "\u2003s", `\.`, `\`, "", "\t", "\ufeff", "nan", "Inf", "1_0", "-0", "00.5", "\x00", "\xff",
	}
}

// heldToPlain compares WhichCSV in blocks of a few bytes with plainly.
func heldToPlain(t interface {
	Helper()
	Errorf(string, ...any)
}, l Locator, text string,
) {
	t.Helper()
	var want, got bytes.Buffer
	wantErr := plainly(l, &want, strings.NewReader(text))
	gotErr := l.WhichCSV(&got, iotest.HalfReader(strings.NewReader(text)))
	if (wantErr == nil) != (gotErr == nil) {
		t.Errorf("%q in blocks of %d: error %v, want %v", text, l.least, gotErr, wantErr)
	}
	if wantErr == nil && got.String() != want.String() {
		t.Errorf("%q in blocks of %d\ngot  %q\nwant %q", text, l.least, got.String(), want.String())
	}
	var wrong *csv.ParseError
	if errors.As(wantErr, &wrong) && !strings.Contains(gotErr.Error(), wrong.Error()) {
		t.Errorf("%q in blocks of %d: error %v, want %v", text, l.least, gotErr, wantErr)
	}
	if wantErr != nil && !strings.HasPrefix(want.String(), got.String()) {
		t.Errorf("%q in blocks of %d: before its error %q, want the beginning of %q", text, l.least, got.String(), want.String())
	}
}

func TestWhichCSVEqualsEncodingCSV(t *testing.T) {
	s := district(t)
	rapid.Check(t, func(t *rapid.T) {
		l := Locator{Snapshot: s, Frame: crs.WGS84, least: rapid.SampledFrom([]int{1, 7, 40, 0}).Draw(t, "block")}
		l.Options.SnapM = rapid.SampledFrom([]float64{0, 90_000}).Draw(t, "snap")
		l.Options.Scheme = rapid.SampledFrom([]string{"", "", "safety", "nobody's"}).Draw(t, "scheme")
		header := rapid.SampledFrom([]string{"lon,lat\n", "\n\r\n lat ,n,LON\r\n", "\ufefflon,\"a\"\"\n,b\",lat\n", "name,lon,lat,\n"}).Draw(t, "header")
		heldToPlain(t, l, header+strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces())).Draw(t, "pieces"), ""))
	})
}

func FuzzWhichCSV(f *testing.F) {
	s := district(f)
	f.Add("lon,lat\n1,1\n", 1)
	f.Add("n,lon,lat\r\n\"a\nb\",0.5,0.5\r\nx\"y,1,1\n", 9)
	f.Add("lon,lat\n"+strings.Join(pieces(), ","), 20)
	f.Fuzz(func(t *testing.T, text string, least int) {
		limits.Hold(t, func() { heldToPlain(t, Locator{Snapshot: s, Frame: crs.WGS84, least: 1 + least&1023}, text) })
	})
}

// A number that plainDecimal reads is the one that strconv reads, and short is what encoding/json writes.
func FuzzPlainDecimal(f *testing.F) {
	for _, s := range []string{"120.123456", "-0", "0.000001", "0.0000001", "9007199254740993", "1.10", "00.5", "+1", ".5", "5.", "123456789012345.6", "1e5", "0.1234567890123456789012"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := plainDecimal([]byte(s))
		if d.n == 0 {
			return
		}
		want, err := ParseNumber(s[:d.n])
		if err != nil || math.Float64bits(want) != math.Float64bits(d.value) {
			t.Fatalf("%q: %v, want %v, %v", s[:d.n], d.value, want, err)
		}
		if d.strict != json.Valid([]byte(s[:d.n])) {
			t.Errorf("%q: strict is %v", s[:d.n], d.strict)
		}
		if text, err := json.Marshal(d.value); err != nil || d.short && string(text) != s[:d.n] {
			t.Errorf("%q: encoding/json writes %s, %v", s[:d.n], text, err)
		}
	})
}

func TestPlainDecimalOfCoordinates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fmt.Sprintf("%.*f", rapid.IntRange(0, 16).Draw(t, "places"), rapid.Float64Range(-180, 180).Draw(t, "degrees"))
		d := plainDecimal([]byte(s))
		if want, _ := ParseNumber(s); d.n != 0 && (want != d.value || d.n != len(s)) {
			t.Fatalf("%s: %+v", s, d)
		}
	})
}

// jsonPlainly is WhichJSON as encoding/json alone has it.
func jsonPlainly(l Locator, text []byte) (out []byte, err error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, space), []byte("[")) {
		return nil, errors.New("no array")
	}
	out = append(out, '[')
	for i, e := range elements {
		b, err := json.Marshal(l.element(e))
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ",\n"...)
		}
		out = append(out, b...)
	}
	return append(out, "]\n"...), nil
}

func jsonHeldToPlain(t interface{ Errorf(string, ...any) }, l Locator, text string) {
	want, wantErr := jsonPlainly(l, []byte(text))
	var got bytes.Buffer
	gotErr := l.WhichJSON(&got, iotest.HalfReader(strings.NewReader(text)))
	if (wantErr == nil) != (gotErr == nil) || gotErr != nil && !errors.Is(gotErr, safety.ErrInvalid) {
		t.Errorf("%q in blocks of %d: error %v, want %v", text, l.least, gotErr, wantErr)
	}
	if wantErr == nil && got.String() != string(want) {
		t.Errorf("%q in blocks of %d\ngot  %s\nwant %s", text, l.least, got.String(), want)
	}
}

func TestWhichJSONEqualsEncodingJSON(t *testing.T) {
	s := district(t)
	element := rapid.OneOf(rapid.SampledFrom([]string{
		"[1,1]", "[0.5,1.5]", "[ 2.5 , 0.5 ]", "[3.5,1]", "[2.50,1]", "[1e0,2E-1]", "[4.1,1]", "[-0,0.0000001]", "[181,0]", "[1,-91.5]", "[1]", "[1,2,3]", "[]", "{}", "null", `"x"`,
		`"[1,2],\"]"`, `{"a":[1,{"b":"<"}]}`, "[[1,2],[3]]", "true", "1", "[1.12345678901234567,1]", "[1e400,1]", "[\"1\",1]", "[12345678901234567890123,1]",
	}), rapid.SampledFrom([]string{"", "[", "]", "[1,2", "[01,2]", "[1.,2]", "[+1,2]", "x", "1]", "[1,2}", "[1 2]", ",", `"`}))
	rapid.Check(t, func(t *rapid.T) {
		l := Locator{Snapshot: s, Frame: crs.WGS84, least: rapid.SampledFrom([]int{1, 7, 40, 0}).Draw(t, "block")}
		l.Asked = rapid.SampledFrom([]string{"", "EPSG:4326", "<wgs84>"}).Draw(t, "asked")
		l.Options.SnapM = rapid.SampledFrom([]float64{0, 90_000}).Draw(t, "snap")
		parts := []string{rapid.SampledFrom([]string{"", " ", "\n"}).Draw(t, "before"), "["}
		for i, e := range rapid.SliceOfN(element, 0, 12).Draw(t, "elements") {
			if i > 0 {
				parts = append(parts, rapid.SampledFrom([]string{",", ", ", "\n,\n", ",", ",", " "}).Draw(t, "between"))
			}
			parts = append(parts, e)
		}
		parts = append(parts, "]", rapid.SampledFrom([]string{"", "\n", "", " ", "]", "[", "  ,"}).Draw(t, "after"))
		jsonHeldToPlain(t, l, strings.Join(parts, ""))
	})
}

func FuzzWhichJSON(f *testing.F) {
	s := district(f)
	f.Add("[[1,2],[0.5,3]]", 1)
	f.Add(`[[1,2],"],[",{"a":[[1,2]]}, 7]`, 9)
	f.Fuzz(func(t *testing.T, text string, least int) {
		limits.Hold(t, func() { jsonHeldToPlain(t, Locator{Snapshot: s, Frame: crs.WGS84, least: 1 + least&1023}, text) })
	})
}

// decode reads an answer of the binary form with nothing but its description.
func decode(t testing.TB, b []byte) (codes [][]string, rows [][]int32) {
	t.Helper()
	le := binary.LittleEndian
	if len(b) < 24 || string(b[:8]) != "hazgrids" || le.Uint32(b[8:]) != 1 || le.Uint64(b[16:])%8 != 0 {
		t.Fatalf("header %q", b[:min(24, len(b))])
	}
	levels, answers := int(le.Uint32(b[12:])), b[le.Uint64(b[16:]):]
	for at := 24; len(codes) < levels; {
		n := le.Uint32(b[at:])
		at += 4
		level := []string{}
		for range n {
			size := int(le.Uint32(b[at:]))
			level = append(level, string(b[at+4:at+4+size]))
			at += 4 + size
		}
		codes = append(codes, level)
	}
	for row := range slices.Chunk(answers, max(1, 4*levels)) {
		var numbers []int32
		for level := range levels {
			numbers = append(numbers, int32(le.Uint32(row[4*level:])))
		}
		rows = append(rows, numbers)
	}
	return codes, rows
}

func binaryPoints(points ...orb.Point) []byte {
	var b []byte
	for _, p := range points {
		for _, v := range p {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

func TestWhichBinary(t *testing.T) {
	body := binaryPoints(orb.Point{0.5, 0.5}, orb.Point{2.5, 0.5}, orb.Point{2.5, 1.5}, orb.Point{9, 9}, orb.Point{math.NaN(), 1}, orb.Point{1, 91}, orb.Point{3.5, 1})
	for _, least := range []int{1, 16, 50, 0} {
		var out bytes.Buffer
		l := Locator{Snapshot: district(t), Frame: crs.WGS84, least: least}
		if err := l.WhichBinary(&out, iotest.OneByteReader(bytes.NewReader(body))); err != nil {
			t.Fatal(err)
		}
		codes, rows := decode(t, out.Bytes())
		if want := "[[A B,b] [ A2 A1 B\"1 B2]]"; fmt.Sprint(codes) != want {
			t.Errorf("codes %v, want %v", codes, want)
		}
		if want := "[[0 1] [1 2] [1 -1] [-1 -1] [-2 -2] [-2 -2] [1 3]]"; fmt.Sprint(rows) != want {
			t.Errorf("in blocks of %d: %v, want %v", least, rows, want)
		}
	}
}

func TestWhichBinaryRefuses(t *testing.T) {
	l := Locator{Snapshot: district(t), Frame: crs.WGS84}
	if err := l.WhichBinary(io.Discard, bytes.NewReader(make([]byte, 33))); !errors.Is(err, safety.ErrInvalid) || !strings.Contains(err.Error(), "point 3") {
		t.Errorf("a torn body: %v", err)
	}
	l.Options.Scheme = "order"
	if err := l.WhichBinary(io.Discard, bytes.NewReader(nil)); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("unknown scheme: %v", err)
	}
}

// All forms say the same of the same points, in another frame too, and snapped.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Locator{Snapshot: district(&testing.T{}), Frame: rapid.SampledFrom([]crs.Frame{crs.WGS84, crs.GCJ02, crs.BD09, "EPSG:3857"}).Draw(t, "frame"), least: 30}
		l.Options.SnapM = rapid.SampledFrom([]float64{0, 90_000}).Draw(t, "snap")
		degree := rapid.OneOf(rapid.Float64Range(-1, 5), rapid.Map(rapid.IntRange(0, 8), func(n int) float64 { return float64(n) / 2 }))
		p := orb.Point{degree.Draw(t, "lon"), degree.Draw(t, "lat")}
		if l.Frame.Projected() {
			p = orb.Point{p[0] * 111_000, p[1] * 111_000}
		}
		want, err := l.Locate(p)
		if err != nil {
			t.Fatal(err)
		}
		var b, c bytes.Buffer
		err = l.WhichBinary(&b, bytes.NewReader(binaryPoints(p, p)))
		err = cmp.Or(err, l.WhichCSV(&c, strings.NewReader(fmt.Sprintf("lon,lat\n%v,%v\n", p[0], p[1]))))
		if err != nil {
			t.Fatal(err)
		}
		codes, rows := decode(&testing.T{}, b.Bytes())
		var got []string
		for level, n := range rows[1] {
			if n >= 0 {
				got = append(got, codes[level][n])
			}
		}
		var wanted []string
		for _, g := range want.Grids {
			wanted = append(wanted, g.Code)
		}
		if !slices.Equal(got, wanted) {
			t.Fatalf("binary: %v, want %v", got, wanted)
		}
		rest := csvOf(plainEnd(want, nil, 2))
		if !strings.HasSuffix(c.String(), rest) {
			t.Fatalf("CSV: %q, want %q at the end", c.String(), rest)
		}
	})
}

func csvOf(cells []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(cells) // into memory
	w.Flush()
	return b.String()
}

// Quotes now and then: encoding/csv is taken up and left again, and lines are still counted right.
func TestWhichCSVQuotesNowAndThen(t *testing.T) {
	l := Locator{Snapshot: district(t), Frame: crs.WGS84}
	var b strings.Builder
	b.WriteString("name,lon,lat\n\n")
	for i := range 30_000 {
		if i%97 < 2 {
			fmt.Fprintf(&b, "\"n\r\n%d \"\"x\"\"\",\"%v\",1\r\n", i, float64(i%50)/10)
		}
		fmt.Fprintf(&b, "n%d,%v,%v\n", i, float64(i%40)/10, float64(i%20)/10)
	}
	heldToPlain(t, l, b.String())
	heldToPlain(t, l, b.String()+"n,1,\"1\"1\nn,1,1\n")
	heldToPlain(t, l, b.String()+"n,1,\"1\nn,1,1\n")
}

// A record without an end is refused before it fills the memory; so is an element.
func TestWhichRefusesEndlessRecords(t *testing.T) {
	l := Locator{Snapshot: district(t), Frame: crs.WGS84}
	for text, ask := range map[string]func(io.Writer, io.Reader) error{"lon,lat\n\"": l.WhichCSV, "[\"": l.WhichJSON} {
		endless := &counted{r: io.MultiReader(strings.NewReader(text), rapidlyNothing{})}
		if err := ask(io.Discard, endless); !errors.Is(err, safety.ErrInvalid) || endless.n > 4*recordMost {
			t.Errorf("%q: %v after %d bytes", text, err, endless.n)
		}
	}
}

// rapidlyNothing reads as spaces without end.
type rapidlyNothing struct{}

func (rapidlyNothing) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}
