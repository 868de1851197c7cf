package tiles_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"hazgrid/tiles"
)

func drawn(t *testing.T, size int, inks []tiles.Ink, row func(y int, dst []uint8)) *image.Paletted {
	t.Helper()
	b, err := tiles.DrawPNG(size, inks, row)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tiles.DrawPNG(size, inks, row)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the same picture has other bytes: %v", err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.Paletted)
	if !ok || p.Rect != image.Rect(0, 0, size, size) {
		t.Fatalf("%T of %v", img, img.Bounds())
	}
	return p
}

func at(img image.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

var (
	red  = color.NRGBA{200, 0, 0, 255}
	blue = color.NRGBA{0, 0, 100, 255}
)

func TestAPictureOfNothing(t *testing.T) {
	for _, size := range []int{256, 512} {
		img := drawn(t, size, nil, func(int, []uint8) {})
		if len(img.Palette) != 1 || img.Palette[0] != (color.NRGBA{}) {
			t.Errorf("palette %v", img.Palette)
		}
	}
}

// Ink 1 left of sample 402, ink 2 from there to 800, nothing beyond: 402 is in the middle of pixel 100 of 256.
func TestPixelsOfAPicture(t *testing.T) {
	row := func(_ int, dst []uint8) {
		for x := range 800 {
			dst[x] = 1
			if x >= 402 {
				dst[x] = 2
			}
		}
	}
	inks := []tiles.Ink{{Color: red}, {Color: blue}}
	small, large := drawn(t, 256, inks, row), drawn(t, 512, inks, row)
	for x, want := range map[int]color.NRGBA{0: red, 99: red, 100: {100, 0, 50, 255}, 101: blue, 199: blue, 200: {}, 255: {}} {
		if got := at(small, x, 77); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
	for x, want := range map[int]color.NRGBA{200: red, 201: blue, 399: blue, 400: {}} {
		if got := at(large, x, 77); got != want {
			t.Errorf("pixel %d of the large one is %v, want %v", x, got, want)
		}
	}
}

// At an edge to nothing the ink fades and keeps its colour.
func TestAnEdgeFades(t *testing.T) {
	img := drawn(t, 256, []tiles.Ink{{Color: red}}, func(_ int, dst []uint8) { dst[4], dst[8], dst[9], dst[10] = 1, 1, 1, 1 })
	for x, want := range map[int]color.NRGBA{0: {}, 1: {200, 0, 0, 64}, 2: {200, 0, 0, 191}} {
		if got := at(img, x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}

// The hatch has two looks, and goes on beyond the edge of the tile: it is the same every 32 samples.
func TestTheHatch(t *testing.T) {
	img := drawn(t, 256, []tiles.Ink{{Color: red, Lines: blue}}, func(_ int, dst []uint8) {
		for x := range dst {
			dst[x] = 1
		}
	})
	seen := map[color.NRGBA]int{}
	for y := range 256 {
		for x := range 256 {
			c := at(img, x, y)
			seen[c]++
			if c != at(img, (x+8)%256, y) || c != at(img, x, (y+8)%256) {
				t.Fatalf("pixel %d, %d is not repeated", x, y)
			}
		}
	}
	if seen[red] < 256*256/2 || seen[blue] < 256*256/8 {
		t.Errorf("colours %v", seen)
	}
}

// More blends than a palette holds are left out, not more colours made.
func TestAFullPalette(t *testing.T) {
	inks := make([]tiles.Ink, 40)
	for i := range inks {
		inks[i].Color = color.NRGBA{uint8(6 * i), uint8(255 - 6*i), uint8(i * i), 255}
	}
	img := drawn(t, 256, inks, func(y int, dst []uint8) {
		for x := range dst {
			dst[x] = uint8((x*x/3+x*y/5+7*y)%40) + 1
		}
	})
	if len(img.Palette) != 256 {
		t.Errorf("%d colours", len(img.Palette))
	}
}

// A pixel of 256 is the mean of the four of 512 it is made of, wherever none of them is blended.
func TestBothSizesAgree(t *testing.T) {
	cells := districtCells(t)
	classes := make([]uint8, len(cells))
	inks := make([]tiles.Ink, 5)
	for i := range classes {
		classes[i] = uint8(i%5) + 1
		inks[i%5].Color = color.NRGBA{uint8(50 * (i % 5)), 0, 0, 255}
	}
	m := mosaicOf(downtown(11), cells)
	small, large := drawn(t, 256, inks, rowOf(m, classes)), drawn(t, 512, inks, rowOf(m, classes))
	var same, differ int
	for y := range 256 {
		for x := range 256 {
			c := at(large, 2*x, 2*y)
			if c == at(large, 2*x+1, 2*y) && c == at(large, 2*x, 2*y+1) && c == at(large, 2*x+1, 2*y+1) {
				if c == at(small, x, y) {
					same++
				} else {
					differ++
				}
			}
		}
	}
	if same < 30_000 || differ > same/100 { // four blends may look the same and mix to another
		t.Errorf("%d pixels are the same, %d are not", same, differ)
	}
}
