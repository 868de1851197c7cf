package importers

import "strings"

// creditAlphabet holds the characters of a unified social credit code by value: no I, O, S, V, Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCodeOK checks both check characters of a unified social credit code (统一社会信用代码, GB 32100-2015):
// position 18, weights 3^(i−1) mod 31 over the first 17, and position 17, which is that of the organisation
// code in positions 9 to 17 (GB 11714-1997). Codes are in capitals and half-width. Codes in use fail it
// now and then, so a failure is worth a look, no more.
func creditCodeOK(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		v := strings.IndexByte(creditAlphabet, code[i])
		if v < 0 {
			return false
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return code[17] == creditAlphabet[(31-sum%31)%31] && organisationOK(code[8:17])
}

// organisationOK checks the last character of a nine-character organisation code; letters count from A = 10.
func organisationOK(code string) bool {
	weights := [...]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		switch c := code[i]; {
		case c >= '0' && c <= '9':
			sum += int(c-'0') * w
		default:
			sum += int(c-'A'+10) * w
		}
	}
	return code[8] == "0X987654321"[sum%11]
}
