package importers

import "strconv"

// numberLen returns the length of the JSON number at the start of b, 0 when there is none.
func numberLen(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b[i:])
	if whole == 0 || whole > 1 && b[i] == '0' {
		return 0
	}
	i += whole
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		j := i + 1
		if j < len(b) && (b[j] == '+' || b[j] == '-') {
			j++
		}
		n := digits(b[j:])
		if n == 0 {
			return 0
		}
		i = j + n
	}
	return i
}

func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

// tens are the powers of ten that a float64 holds exactly.
var tens = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// scanFloat reads the JSON number at the start of b and returns it with its length, 0 when there
// is none. Coordinates are mostly of up to 15 digits with a point: these are a whole number below 2⁵³
// divided by an exact power of ten, one rounding, so right to the last bit (Clinger 1990, the fast path).
// All else goes to strconv.
func scanFloat(b []byte) (float64, int) {
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, neg = 1, true
	}
	var m uint64
	seen, point := 0, -1
	for ; i < len(b); i++ {
		if c := b[i]; c >= '0' && c <= '9' {
			if seen++; seen < 19 { // 10¹⁸ fits; beyond, strconv decides
				m = m*10 + uint64(c-'0')
			}
		} else if c == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	simple := point > 0 && b[point-1] != '-' && i-point > 1 && i-point-1 < len(tens) && m < 1<<53 && seen < 19 &&
		(i == len(b) || b[i]|0x20 != 'e' && b[i] != '.') && !zeroLed(b)
	if !simple {
		n := numberLen(b)
		v, _ := strconv.ParseFloat(string(b[:n]), 64) // beyond the range: ±Inf, refused as a coordinate
		return v, n
	}
	v := float64(m) / tens[i-point-1]
	if neg {
		v = -v
	}
	return v, i
}

// zeroLed reports a whole part of several digits that begins with 0, which is no JSON number.
func zeroLed(b []byte) bool {
	if b[0] == '-' {
		b = b[1:]
	}
	return len(b) > 1 && b[0] == '0' && b[1] >= '0' && b[1] <= '9'
}
