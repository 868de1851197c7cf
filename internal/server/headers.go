package server

// fixedHeaders are values of headers that many answers have. They are made once, because a value set by name is one
// more thing to allocate for every tile. They must not be changed.
type fixedHeaders struct {
	vary, noCache, anyone, exposed, noSniff, ranges []string
	tile, json                                      []string
	encodings                                       [4][]string // in the order of codings
}

func newFixedHeaders() *fixedHeaders {
	f := &fixedHeaders{
		vary: []string{"Accept-Encoding"}, noCache: []string{"no-cache"}, anyone: []string{"*"},
		exposed: []string{"ETag, Content-Range, " + versionHeader}, noSniff: []string{"nosniff"}, ranges: []string{"bytes"},
		tile: []string{tileMedia}, json: []string{"application/json"},
	}
	for i, as := range codings() {
		f.encodings[i] = []string{string(as)}
	}
	return f
}

// media returns the value of Content-Type.
func (f *fixedHeaders) media(m string) []string {
	switch m {
	case tileMedia:
		return f.tile
	case "application/json":
		return f.json
	}
	return []string{m}
}

// encoding returns the value of Content-Encoding.
func (f *fixedHeaders) encoding(as coding) []string {
	for i, known := range codings() {
		if known == as {
			return f.encodings[i]
		}
	}
	return []string{string(as)}
}
