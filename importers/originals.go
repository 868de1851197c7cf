package importers

import "iter"

// Originals reads the file once more, after Records, and yields the text of the records with these numbers,
// which must rise, as it stands in the file, in UTF-8: the line of a CSV, the feature of a GeoJSON; of formats that
// are no text, and of TopoJSON and KML, the GeoJSON feature of the same content. A record
// that was too long to be read has the text "". An error ends it.
func (f *File) Originals(numbers iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		next, stop := iter.Pull(numbers)
		defer stop()
		want, ok := next()
		if !ok {
			return
		}
		again, err := f.second()
		if err != nil {
			yield("", err)
			return
		}
		if again.close != nil {
			defer func() { _ = again.close() }() // all that was wanted is read
		}
		for r, err := range again.rows {
			if err != nil {
				yield("", err)
				return
			}
			if ok && want == r.number {
				r.text = originalText(r)
			}
			for ; ok && want == r.number; want, ok = next() {
				if !yield(string(r.text), nil) {
					return
				}
			}
			if !ok {
				return
			}
		}
	}
}

// second returns the table for a second pass.
func (f *File) second() (table, error) {
	if f.table.again {
		t := f.table
		t.close = nil // it stays the file's
		return t, nil
	}
	return f.read(false)
}

// originalText is the text of a row, a GeoJSON feature where its format has none that says something.
func originalText(r row) []byte {
	switch {
	case r.original != nil:
		return r.original()
	case r.text == nil && (r.names != nil || r.geometry != nil || r.id != ""):
		return featureText(r)
	}
	return r.text
}
