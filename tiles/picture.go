package tiles

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
)

// An Ink is the look of a class of samples: a colour and, if Lines is not fully transparent, a hatch of lines over it.
type Ink struct{ Color, Lines color.NRGBA }

// The hatch in samples: a line of hatchLine every hatchStep along a row. It runs on from tile to tile, because hatchStep
// divides Samples.
const (
	hatchStep = 32
	hatchLine = 10
)

// maxInks is how many inks a picture has at most: with their hatches, they and some blends fit a palette.
const maxInks = 100

// DrawPNG returns a picture of a tile of size 256 or 512 pixels a side. row is called for each row y of samples, from the
// north, to fill dst, which has Samples places, with 0 where there is nothing and with 1 + the number of an ink elsewhere.
//
// A pixel has the colour of its samples; where they differ, of a blend of the two inks that have the most, in quarters. So
// edges are smooth, and what is inside a class has its colour exactly. The image has a palette; what is empty is transparent.
func DrawPNG(size int, inks []Ink, row func(y int, dst []uint8)) ([]byte, error) {
	if size != 256 && size != 512 || len(inks) > maxInks {
		panic(fmt.Sprintf("tiles: a picture of %d pixels with %d inks", size, len(inks)))
	}
	p := newPalette(inks)
	img := image.NewPaletted(image.Rect(0, 0, size, size), nil)
	step := Samples / size
	block := make([][]uint8, step)
	for i := range block {
		block[i] = make([]uint8, Samples)
	}
	for y := range size {
		for i := range block {
			clear(block[i])
			row(y*step+i, block[i])
			p.hatch(y*step+i, block[i])
		}
		for x := range size {
			img.Pix[y*size+x] = p.pixel(block, x*step, step)
		}
	}
	for _, c := range p.colors {
		img.Palette = append(img.Palette, c)
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img)
	return b.Bytes(), err
}

// A palette is the colours of a picture: nothing, the inks, the lines of hatched ones, and blends as they come up.
type palette struct {
	colors  []color.NRGBA
	plain   int // entries that are no blends
	hatches []hatch
	blends  map[blend]uint8
}

type hatch struct{ ink, lines uint8 }

// A blend is quarters of one entry of the palette in another.
type blend struct{ most, other, quarters uint8 }

func newPalette(inks []Ink) *palette {
	p := &palette{colors: []color.NRGBA{{}}, blends: map[blend]uint8{}}
	for _, k := range inks {
		p.colors = append(p.colors, k.Color)
	}
	for i, k := range inks {
		if k.Lines.A > 0 {
			p.hatches = append(p.hatches, hatch{uint8(i + 1), uint8(len(p.colors))})
			p.colors = append(p.colors, k.Lines)
		}
	}
	p.plain = len(p.colors)
	return p
}

// hatch draws the lines of hatched inks in a row of samples.
func (p *palette) hatch(y int, row []uint8) {
	for _, h := range p.hatches {
		for x := bytes.IndexByte(row, h.ink); x >= 0 && x < len(row); x++ {
			if row[x] == h.ink && (x+y)%hatchStep < hatchLine {
				row[x] = h.lines
			}
		}
	}
}

// pixel returns the entry for the samples from x on, step wide, of all rows of a block.
func (p *palette) pixel(block [][]uint8, x, step int) uint8 {
	if step == 4 && alike(block, x) {
		return block[0][x]
	}
	one := block[0][x]
	other, ones, others := one, 0, 0
	for _, row := range block {
		for _, s := range row[x : x+step] {
			switch s {
			case one:
				ones++
			case other:
				others++
			default:
				if others > 0 {
					return p.pixelOfMany(block, x, step)
				}
				other, others = s, 1
			}
		}
	}
	if others > ones || others == ones && other < one {
		one, other, ones, others = other, one, others, ones
	}
	return p.blend(one, other, others, ones+others)
}

// alike reports whether 4 × 4 samples are the same.
func alike(block [][]uint8, x int) bool {
	a := binary.LittleEndian.Uint32(block[0][x:])
	return a == a<<8|a>>24 && a == binary.LittleEndian.Uint32(block[1][x:]) &&
		a == binary.LittleEndian.Uint32(block[2][x:]) && a == binary.LittleEndian.Uint32(block[3][x:])
}

// pixelOfMany is pixel where more than two entries meet: the two with the most samples count, the lower of equals.
func (p *palette) pixelOfMany(block [][]uint8, x, step int) uint8 {
	var counts [256]uint8
	for _, row := range block {
		for _, s := range row[x : x+step] {
			counts[s]++
		}
	}
	most, other := 0, -1
	for i, n := range counts[:p.plain] {
		if n > counts[most] {
			most = i
		}
	}
	for i, n := range counts[:p.plain] {
		if n > 0 && i != most && (other < 0 || n > counts[other]) {
			other = i
		}
	}
	return p.blend(uint8(most), uint8(other), int(counts[other]), int(counts[most])+int(counts[other]))
}

// blend returns the entry for a pixel of which part of the whole is another entry than the most.
func (p *palette) blend(most, other uint8, part, whole int) uint8 {
	b := blend{most, other, uint8((4*part + whole/2) / whole)}
	if b.quarters == 0 {
		return b.most
	}
	at, ok := p.blends[b]
	if !ok {
		at = p.add(b)
		p.blends[b] = at
	}
	return at
}

// add enters a blend; when the palette is full, it is the ink that has the most.
func (p *palette) add(b blend) uint8 {
	if len(p.colors) == 256 {
		return b.most
	}
	p.colors = append(p.colors, mixed(p.colors[b.most], p.colors[b.other], float64(b.quarters)/4))
	return uint8(len(p.colors) - 1)
}

// mixed returns the colour of share of d, and the rest of c. A transparent colour adds nothing but its transparency.
func mixed(c, d color.NRGBA, share float64) color.NRGBA {
	wc, wd := (1-share)*float64(c.A), share*float64(d.A)
	if wc+wd == 0 {
		return color.NRGBA{}
	}
	part := func(a, b uint8) uint8 { return uint8(math.Round((wc*float64(a) + wd*float64(b)) / (wc + wd))) }
	return color.NRGBA{part(c.R, d.R), part(c.G, d.G), part(c.B, d.B), uint8(math.Round(wc + wd))}
}
