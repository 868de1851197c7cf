package importers

import (
	"fmt"
	"strings"

	"hazgrid/geo/crs"
)

// crs reads the member of GeoJSON 2008 that names the frame. null means nobody knows.
func (g *geoReader) crs(raw []byte, at int64) error {
	if string(raw) == "null" {
		return nil
	}
	name, err := crsName(raw)
	if err != nil {
		return placed(err, at)
	}
	if name = frameName(name); name == "" {
		name = string(raw)
	}
	if f, err := crs.Parse(name); g.count > 0 && !g.fixed && (err != nil || f != crs.WGS84) {
		return fmt.Errorf("%w: the file names its crs %q after its features; say --frame", ErrFrame, clip(name))
	}
	g.told(name)
	return nil
}

// crsName returns the name in a crs member, "" when it is not of the kind that has one.
func crsName(raw []byte) (name string, err error) {
	c := cursor{b: raw}
	if c.peek() == '"' {
		text, err := c.text()
		return string(text), err
	}
	err = c.members(func(key []byte) error {
		if string(key) != "properties" || c.peek() != '{' {
			_, err := c.skip(0)
			return err
		}
		return c.members(func(key []byte) error {
			if string(key) == "name" && c.peek() == '"' {
				text, err := c.text()
				name = string(text)
				return err
			}
			_, err := c.skip(0)
			return err
		})
	})
	return name, err
}

// frameName turns the names that GeoJSON files give their frame into ours: CRS84 and every
// form of EPSG:n (urn:ogc:def:crs:EPSG::n, http://www.opengis.net/def/crs/EPSG/0/n).
func frameName(name string) string {
	if strings.ContainsAny(name, "[(") { // a definition
		return name
	}
	up := strings.ToUpper(name)
	if strings.HasSuffix(up, "CRS84") {
		return string(crs.WGS84)
	}
	if i := strings.Index(up, "EPSG"); i >= 0 {
		n := strings.TrimRight(up[i:], "/ ")
		return "EPSG:" + n[strings.LastIndexAny(n, ":/")+1:]
	}
	return name
}
