package tiles

// Fits reports whether l takes at most so many bytes in a tile.
func (l Layer) Fits(bytes int) bool {
	most := 64 + len(l.Name)
	for _, f := range l.Features {
		most += f.most()
	}
	return most <= bytes || len(Encode([]Layer{l})) <= bytes
}

// most returns at least what a feature takes: each of its keys and values counts as if no other feature had it.
func (f Feature) most() int {
	const frame, tag = 48, 32 // lengths, id and type; two numbers of tables, and the frames of a key and of a value of 10 bytes
	n := frame + len(f.Shape.commands)
	for _, t := range f.Tags {
		n += tag + len(t.Key) + len(t.Value.text)
	}
	return n
}
