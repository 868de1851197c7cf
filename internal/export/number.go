package export

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads a decimal number as people write it: none of the forms that only Go knows.
func ParseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || strings.ContainsAny(s, "_xX") {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}

// A decimal is what a plain number at the start of a text says: digits, perhaps with a sign and a point.
type decimal struct {
	value  float64 // correctly rounded
	n      int     // bytes it takes; 0 when there is none
	strict bool    // JSON would take it
	short  bool    // strict, and what encoding/json writes for the value
}

// What float64 holds exactly: whole numbers up to 2⁵³ and powers of ten up to 10²².
const (
	exactWhole = 1 << 53
	exactPower = 22
)

// plainDecimal reads the number that b starts with. Most are Clinger's case: the digits as a whole number
// and the power of ten are exact, so that their one division rounds once, as strconv does, who reads the
// others. What follows the number is for the caller to look at.
func plainDecimal(b []byte) (d decimal) {
	i, digits, power := 0, uint64(0), 1.0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		i = 1
	}
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		digits = digits*10 + uint64(b[i]-'0')
	}
	whole, fraction := i-start, 0
	point := i < len(b) && b[i] == '.'
	if point {
		first := i + 1
		for i = first; i < len(b) && b[i]-'0' <= 9; i++ {
			digits = digits*10 + uint64(b[i]-'0')
			power *= 10
		}
		fraction = i - first
	}
	if whole+fraction == 0 {
		return d
	}
	d.value = float64(digits) / power
	if b[0] == '-' {
		d.value = -d.value
	}
	if whole+fraction > 19 || digits > exactWhole || fraction > exactPower {
		var err error
		if d.value, err = strconv.ParseFloat(string(b[:i]), 64); err != nil {
			return d
		}
	}
	d.n = i
	d.strict = b[0] != '+' && (whole == 1 || whole > 1 && b[start] != '0') && (!point || fraction > 0)
	// Different numbers of up to 15 digits are different float64s, so none is written shorter than it is.
	d.short = d.strict && whole+fraction <= 15 && (!point || b[i-1] != '0') && (digits == 0 || math.Abs(d.value) >= 1e-6)
	return d
}
