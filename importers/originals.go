package importers

import "iter"

// Originals reads the file once more, after Records, and yields the text of the records with these numbers,
// which must rise, as it stands in the file, in UTF-8: the line of a CSV, the feature of a GeoJSON; a record of a
// format that is no text as a GeoJSON feature. A record
// that was too long to be read has the text "". An error ends it.
func (f *File) Originals(numbers iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		next, stop := iter.Pull(numbers)
		defer stop()
		want, ok := next()
		if !ok {
			return
		}
		again, err := f.read(false)
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
			if ok && want == r.number && r.original != nil {
				r.text = r.original()
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
