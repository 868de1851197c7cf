package crs

// byCode returns the projection of an EPSG code. The codes of CGCS2000 follow four rules, one a block: zones of six
// degrees and of three, with the number of the zone before the easting (one million metres for each) and without.
// In China's own texts x is the northing and y the easting; here x is the easting, as in files.
func byCode(code int) (projection, bool) {
	gauss := func(meridian, million int) (projection, bool) {
		return newTransverse(grs80Ellipsoid, float64(meridian), 0, 1, float64(million)*1e6+500000, 0), true
	}
	switch {
	case code == 3857:
		return newWebMercator(0, 0, 0), true
	case 4491 <= code && code <= 4501: // six degrees, zones 13 to 23
		zone := code - 4491 + 13
		return gauss(6*zone-3, zone)
	case 4502 <= code && code <= 4512: // six degrees, meridians 75 to 135
		return gauss(75+6*(code-4502), 0)
	case 4513 <= code && code <= 4533: // three degrees, zones 25 to 45
		zone := code - 4513 + 25
		return gauss(3*zone, zone)
	case 4534 <= code && code <= 4554: // three degrees, meridians 75 to 135
		return gauss(75+3*(code-4534), 0)
	case 32601 <= code && code <= 32660:
		return newTransverse(wgs84Ellipsoid, float64(6*(code-32600)-183), 0, 0.9996, 500000, 0), true
	case 32701 <= code && code <= 32760:
		return newTransverse(wgs84Ellipsoid, float64(6*(code-32700)-183), 0, 0.9996, 500000, 1e7), true
	}
	return projection{}, false
}

// codeOf returns the code whose projection is p, 0 for none.
func codeOf(p projection) int {
	for _, block := range [][2]int{{3857, 3857}, {4534, 4554}, {4513, 4533}, {4491, 4501}, {32601, 32660}, {32701, 32760}} {
		for code := block[0]; code <= block[1]; code++ {
			if q, _ := byCode(code); q.like(p) {
				return code
			}
		}
	}
	return 0
}

// like reports that two projections are the same to a thousandth of a millimetre. WGS 84's ellipsoid is GRS 80's
// but for a tenth of a millimetre, and definitions take one for the other.
func (p projection) like(q projection) bool {
	near := func(a, b, most float64) bool { return a-b < most && b-a < most }
	return p.method == q.method && p.on.a == q.on.a && near(1/p.on.n, 1/q.on.n, 1e-5) && near(p.unit, q.unit, 1e-12) &&
		near(p.lon0, q.lon0, 1e-11) && near(p.east, q.east, 1e-6) && near(p.north, q.north, 1e-6) &&
		near(p.radius, q.radius, 1e-3) && near(p.y0, q.y0, 1e-6)
}
