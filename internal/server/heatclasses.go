package server

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"hazgrid/analytics"
	"hazgrid/safety"
)

// A classing says how values are classed and coloured.
type classing struct {
	method string    // quantile, jenks or equal
	n      int       // of classes
	breaks []float64 // between classes, rising; if not nil they decide, not method and n
	ramp   string
}

// Classes there may be, and how many there are when it is not said.
const (
	mostClasses    = 20
	defaultClasses = 7
)

// usualClassing is how values are classed when nothing is said.
func usualClassing() classing {
	return classing{method: "quantile", n: defaultClasses, ramp: "cividis"}
}

// parseClassing reads classes, n, breaks and ramp.
func parseClassing(get func(string) string) (c classing, err error) {
	c = usualClassing()
	if text := get("ramp"); text != "" {
		if c.ramp = strings.ToLower(text); rampOf(c.ramp) == nil {
			return c, &safety.FieldError{Field: "ramp", Reason: fmt.Sprintf("want cividis, viridis, ylorrd or ylgnbu, got %q", text)}
		}
	}
	if text := get("breaks"); text != "" {
		for _, name := range []string{"classes", "n"} {
			if get(name) != "" {
				return c, &safety.FieldError{Field: name, Reason: "breaks are given, which leave nothing to choose"}
			}
		}
		c.breaks, err = parseBreaks(text)
		return c, err
	}
	switch text := get("classes"); text {
	case "":
	case "quantile", "jenks", "equal":
		c.method = text
	default:
		return c, &safety.FieldError{Field: "classes", Reason: fmt.Sprintf("want quantile, jenks or equal, got %q", text)}
	}
	if text := get("n"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostClasses {
			return c, &safety.FieldError{Field: "n", Reason: fmt.Sprintf("want a whole number from 1 to %d, got %q", mostClasses, text)}
		}
		c.n = n
	}
	return c, nil
}

func parseBreaks(text string) ([]float64, error) {
	var breaks []float64
	for part := range strings.SplitSeq(text, ",") {
		b, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(b) || math.IsInf(b, 0) || len(breaks) > 0 && b <= breaks[len(breaks)-1] || len(breaks) == mostClasses-1 {
			return nil, &safety.FieldError{Field: "breaks", Reason: fmt.Sprintf("want 1 to %d rising numbers like 1,5,10, got %q", mostClasses-1, text)}
		}
		breaks = append(breaks, b)
	}
	return breaks, nil
}

// of returns the ends of the classes of values: class i is ends[i] ≤ v < ends[i+1], the last with its upper end. Given breaks
// part classes that reach at least as far as the values; without values the others make none.
func (c classing) of(values []float64) (ends []float64) {
	if c.breaks != nil {
		low, high := c.breaks[0], c.breaks[len(c.breaks)-1]
		if len(values) > 0 {
			low, high = min(low, slices.Min(values)), max(high, slices.Max(values))
		}
		return slices.Concat([]float64{low}, c.breaks, []float64{high})
	}
	switch c.method {
	case "jenks":
		return analytics.Jenks(values, c.n)
	case "equal":
		return analytics.Equal(values, c.n)
	}
	return analytics.Quantiles(values, c.n)
}

// rampOf returns the colours of a ramp at even steps, from the least value to the greatest; nil for one that is not known.
// All rise, or fall, evenly in lightness, so they read the same without colour vision and in grey:
//   - Cividis: Nuñez, Anderton and Renslow (2018), the optimum for colour blindness
//   - Viridis: Smith and van der Walt (2015), the default of matplotlib
//   - YlOrRd and YlGnBu: ColorBrewer 2.0 (Harrower and Brewer 2003), marked there as colour blind safe
func rampOf(name string) []string {
	switch name {
	case "cividis":
		return []string{"#00204d", "#233e6c", "#575d6d", "#7c7b78", "#a69d75", "#d3c164", "#ffea46"}
	case "viridis":
		return []string{"#440154", "#443a83", "#31688e", "#21908c", "#35b779", "#8fd744", "#fde725"}
	case "ylorrd":
		return []string{"#ffffb2", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#b10026"}
	case "ylgnbu":
		return []string{"#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84"}
	}
	return nil
}

// step returns the colour of class i of n, spread over the whole ramp: one of its colours where it has as many as there are
// classes, else between two of them.
func step(ramp []string, i, n int) string {
	last := len(ramp) - 1
	switch {
	case n < 2:
		return ramp[0]
	case n <= len(ramp):
		return ramp[(i*last+(n-1)/2)/(n-1)]
	}
	at, part := i*last/(n-1), float64(i*last%(n-1))/float64(n-1)
	c, d := rgb(ramp[at]), rgb(ramp[min(at+1, last)])
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + part*(float64(b)-float64(a)))) }
	return fmt.Sprintf("#%02x%02x%02x", mix(c.R, d.R), mix(c.G, d.G), mix(c.B, d.B))
}

// rgb reads one of our colours, #rrggbb.
func rgb(hex string) color.NRGBA {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		panic(fmt.Sprintf("server: colour %q", hex))
	}
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff}
}
