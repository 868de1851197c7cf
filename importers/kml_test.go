package importers

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// kmlText is two folders with what programs write into placemarks.
const kmlText = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE kml [<!ENTITY boom "boom">]>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2" xmlns:u="urn:u">
<Document><name>全部</name><Style id="s"><LineStyle/></Style>
<Folder><name>网格</name><description>x</description>
<Placemark id="g1"><name>塘下 &amp; &lt;一&gt;</name><visibility>1</visibility>
 <description><![CDATA[<p>a < b</p>]]></description>
 <ExtendedData><Data name="level"><displayName>x</displayName><value> 1 </value></Data><Data name="leader"><value>王五</value></Data></ExtendedData>
 <Polygon><innerBoundaryIs><LinearRing><coordinates>120.2,27.2,0 120.2,27.4,0 120.4,27.4,0 120.2,27.2,0</coordinates></LinearRing></innerBoundaryIs>
  <outerBoundaryIs><LinearRing><coordinates>
   120,27,5
   121,27
   121,28 120,28 120, 27, 5 </coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="code">g2</SimpleData><SimpleData name="level">2</SimpleData></SchemaData></ExtendedData>
 <MultiGeometry><MultiGeometry><Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry>
  <Polygon><outerBoundaryIs><LinearRing><coordinates>5,1 6,1 6,2 5,1</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark>
<Placemark id="track"><gx:Track><when/><gx:coord>1 2 3</gx:coord></gx:Track><ExtendedData><Data name="level"><value>1</value></Data></ExtendedData></Placemark>
<Placemark id="words"><Point><coordinates>here</coordinates></Point></Placemark>
</Folder>
<Folder><name>点</name><Placemark id="p"><name>甲&nbsp;厂</name><ExtendedData><u:id>e1</u:id></ExtendedData><TimeSpan><begin>2014-11-03</begin></TimeSpan><Point><coordinates>120.5,27.5,3</coordinates></Point></Placemark>
<Placemark id="mixed"><MultiGeometry><Point><coordinates>1,1</coordinates></Point><LineString><coordinates>1,1 2,2</coordinates></LineString></MultiGeometry></Placemark>
<Placemark id="empty"/></Folder>
</Document></kml>`

func TestKML(t *testing.T) {
	got := readText(t, kmlText, Options{Kind: safety.Grids, Layer: "网格"})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 2 || got.file.Format != "KML" {
		t.Fatalf("%+v %v", got, got.rejects)
	}
	first := got.records[0]
	for name, want := range map[string]any{"code": "g1", "name": "塘下 & <一>", "level": int64(1), "leader": "王五"} {
		if v := value(t, safety.Grids, first, name); v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	hole := orb.Ring{{120.2, 27.2}, {120.2, 27.4}, {120.4, 27.4}, {120.2, 27.2}}
	if !orb.Equal(first.Geometry, orb.MultiPolygon{{squareRing, hole}}) {
		t.Errorf("%v", first.Geometry)
	}
	if mp, ok := got.records[1].Geometry.(orb.MultiPolygon); !ok || len(mp) != 2 || value(t, safety.Grids, got.records[1], "code") != "g2" {
		t.Errorf("%v", got.records[1])
	}
	for i, want := range []string{`geometry type "Track" is not read`, `got "here" at position 1`} {
		if !strings.Contains(got.rejects[i].Reason, want) {
			t.Errorf("%v, want %s", got.rejects[i], want)
		}
	}
	points := readText(t, kmlText, Options{Kind: safety.Enterprises, Layer: "点", Map: []Column{{"opened_at", "begin"}}})
	if points.err != nil || len(points.records) != 2 || len(points.rejects) != 1 || points.records[0].Geometry != (orb.Point{120.5, 27.5}) ||
		value(t, safety.Enterprises, points.records[0], "opened_at") != at(t, "2014-11-03") || value(t, safety.Enterprises, points.records[0], "id") != "e1" {
		t.Errorf("%+v %v", points, points.rejects)
	}
	all := readText(t, kmlText, Options{Kind: safety.Grids})
	if all.err != nil || len(all.records)+len(all.rejects) != 7 {
		t.Errorf("without --layer: %d records, %d rejects, %v", len(all.records), len(all.rejects), all.err)
	}
	for text, err := range got.file.Originals(slices.Values([]int64{4})) {
		if err != nil || text != `{"type":"Feature","id":"words","properties":{},"geometry":null}` {
			t.Errorf("original %s %v", text, err)
		}
	}
}

func TestKMLEncodings(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Replace(kmlText, "UTF-8", "GBK", 1))
	if err != nil {
		t.Fatal(err)
	}
	want := readText(t, kmlText, Options{Kind: safety.Grids, Layer: "网格"})
	unmarked := strings.Replace(gb, ` encoding="GBK"`, "", 1)
	for in, encoding := range map[string]string{gb: "gbk", unmarked: "gb18030", strings.Replace(gb, "GBK", "utf-8", 1): "gb18030", "\xef\xbb\xbf" + kmlText: "utf-8", utf16le(kmlText): "utf-16le"} {
		got := readText(t, in, Options{Kind: safety.Grids, Layer: "网格"})
		sameRecords(t, got, want)
		if got.file.Encoding != encoding {
			t.Errorf("encoding %s, want %s", got.file.Encoding, encoding)
		}
	}
	bad := strings.Replace(gb, "\xcd\xf5\xce\xe5", "\xff\xff", 1)
	if got := readText(t, bad, Options{Kind: safety.Grids, Layer: "网格"}); len(got.rejects) != 3 && got.err == nil {
		t.Errorf("text that is no GBK: %v %v", got.rejects, got.err)
	}
}

// utf16le is text in UTF-16 with a byte order mark, of characters of the first plane.
func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func TestKMLFaults(t *testing.T) {
	place := `<kml><Placemark id="a">%s</Placemark></kml>`
	for name, c := range map[string]struct{ in, layer, want string }{
		"unknown folder": {kmlText, "x", `there is no folder "x" in the KML (there are: 全部, 网格, 点)`},
		"not closed":     {"<kml><Document><Placemark></Document></kml>", "", "not XML in line 1"},
		"cut off":        {kmlText[:700], "", "the XML is cut off in line"},
		"GPX":            {"<?xml version='1.0'?><!-- <kml --><gpx/>", "", "not KML but XML that begins with <gpx>"},
		"own entity":     {strings.Replace(kmlText, "王五", "&boom;", 1), "", "invalid character entity &boom;"},
		"deep":           {"<kml>" + strings.Repeat("<Folder>", 200), "", "nested more than 100 deep"},
		"deep skipped":   {"<kml>" + strings.Repeat("<a>", 200), "", "nested more than 100 deep"},
		"long tag":       {"<kml><Folder a=\"" + strings.Repeat("x", 1<<20+10), "", "a tag of more than 1 MB"},
		"long text":      {"<kml><Folder><name>" + strings.Repeat("x", maxXMLText+10), "", "a text of more than 32 MB"},
		"bad encoding":   {strings.Replace(kmlText, "UTF-8", "klingon", 1), "", `encoding "klingon" is not known`},
		"two roots":      {"<kml></kml><kml></kml>", "", "<kml> after the end"},
		"bad UTF-8":      {fmt.Sprintf(place, strings.Repeat("<name>é</name>", headBytes/10)+"<name>\xff</name>"), "", "invalid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, c.in, Options{Kind: safety.Grids, Layer: c.layer})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
	long := "<kml>" + fmt.Sprintf(place[5:len(place)-6], strings.Repeat("<name>xxxxxxxx</name>", 1000)) + `<Placemark id="b"><Point><coordinates>1,2</coordinates></Point></Placemark></kml>`
	got := readText(t, long, Options{Kind: safety.Enterprises, MaxBytes: 4096})
	if got.err != nil || len(got.records) != 1 || len(got.rejects) != 1 || !strings.Contains(got.rejects[0].Reason, "longer than") {
		t.Errorf("a long placemark: %v %v %v", got.err, got.records, got.rejects)
	}
}

// TestKMLLongLine reads a million positions in one text: time is not their square.
func TestKMLLongLine(t *testing.T) {
	in := `<kml><Placemark id="l"><LineString><coordinates>` + strings.Repeat("120.5,27.5,3 121,27 ", 500_000) + `</coordinates></LineString></Placemark></kml>`
	start := time.Now()
	got := readText(t, in, Options{Kind: safety.Lines})
	if got.err != nil || len(got.records) != 1 || len(got.records[0].Geometry.(orb.MultiLineString)[0]) != 1_000_000 || time.Since(start) > 30*time.Second {
		t.Errorf("%v %v in %v", got.err, got.rejects, time.Since(start))
	}
}

func TestKMLCut(t *testing.T) {
	cutEverywhere(t, []byte(kmlText), Options{Kind: safety.Grids, Layer: "网格"})
}

func TestKMZ(t *testing.T) {
	const one = `<kml><Placemark id="%s"><Point><coordinates>%d,2</coordinates></Point></Placemark></kml>`
	in := zipOf(t, "layers/a.kml", fmt.Sprintf(one, "a", 1), "DOC.KML", "<kml><NetworkLink/>"+fmt.Sprintf(one, "doc", 2)[5:], "../../b.kml", fmt.Sprintf(one, "b", 3), "x.png", "\x00")
	got := readText(t, string(in), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 3 || got.file.Format != "KMZ" || len(got.file.Warnings()) != 0 {
		t.Fatalf("%+v %v", got, got.rejects)
	}
	for i, want := range []string{"doc", "a", "b"} {
		if id := value(t, safety.Enterprises, got.records[i], "id"); id != want {
			t.Errorf("record %d is %v, want %s", i+1, id, want)
		}
	}
	got = readText(t, string(zipOf(t, "doc.kml", "<kml><NetworkLink/></kml>")), Options{Kind: safety.Enterprises})
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "network_link" {
		t.Errorf("warnings %v", w)
	}
}

func TestKMZFaults(t *testing.T) {
	whole := zipOf(t, "doc.kml", kmlText)
	encrypted := bytes.Clone(whole)
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	many := bytes.Clone(whole)
	copy(many[len(many)-10:], "\xff\xff\xff\xff")
	other := zipOf(t, "a.kml", "")
	copy(other[bytes.LastIndex(other, []byte("a.kml")):], "a.txt")
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"encrypted":    {encrypted, "doc.kml in the archive is encrypted"},
		"many entries": {many, "broken or cut off"}, // it says that its list has as many bytes as can be
		"no KML":       {other, "holds no KML"},     // in its list, only where the file stands
		"cut text":     {zipOf(t, "doc.kml", kmlText[:700]), "doc.kml in the archive: invalid: the XML is cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, string(c.in), Options{Kind: safety.Grids})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
	cutEverywhere(t, whole, Options{Kind: safety.Grids})
}

// TestKMZBomb unpacks an archive that is a thousand times larger inside: it is refused once it is too large.
func TestKMZBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("it packs and unpacks 3 MB")
	}
	left := int64(1 << 20)
	u := &unpacked{src: strings.NewReader(strings.Repeat("<a/>", 1<<20)), left: &left}
	n, err := io.Copy(io.Discard, u)
	if err == nil || !strings.Contains(err.Error(), "unpacks to more than") || n > 2<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func FuzzKML(f *testing.F) {
	f.Add([]byte(kmlText))
	f.Add(zipOf(f, "doc.kml", kmlText))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.HasPrefix(b, []byte("PK")) && !bytes.HasPrefix(b, []byte("<kml")) {
			b = append([]byte("<kml>"), b...)
		}
		_ = drain(t, b, safety.Grids)
		_ = drain(t, b, safety.Lines)
	})
}
