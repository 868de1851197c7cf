package importers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"golang.org/x/text/width"

	"hazgrid/safety"
)

// Ledgers seldom number what they list. Where no column gives an id, one is made of what the row says, always the same, so that a ledger
// can be read again without doubling, and as enterprises and as hazards with the two still belonging together:
//
//   - an enterprise is its unified social credit code, else its name without spaces;
//   - a hazard or inspection that has no column for the id of its enterprise names it by the same rule;
//   - a hazard is "h-" and 20 digits of the SHA-256 of enterprise, day of found_at and description;
//   - a line is "l-" and 20 digits of the SHA-256 of where it runs.
//
// Each is counted in the warning "derived_id". A row that does not say enough is rejected.

// firmID is the id of an enterprise of which only the code and the name are known, "" when neither is.
func firmID(code, name string) string {
	code = strings.ToUpper(strings.Join(strings.Fields(fold(code)), ""))
	if looksLikeCode(code) {
		return code
	}
	return strings.ToValidUTF8(strings.Join(strings.Fields(width.Fold.String(name)), ""), "\ufffd")
}

// looksLikeCode tells a code, of this or an older kind, from a word that stands for none.
func looksLikeCode(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return len(s) >= 8
}

// firm returns the id of the enterprise that a row names by code or name.
func (m *mapper) firm(r row, found []int) string {
	return firmID(cell(r, found[m.firmCode]), cell(r, found[m.firmName]))
}

// derives reports that the id of a hazard or a line has to be made.
func (m *mapper) derives(r row, found []int) bool {
	return (m.o.Kind == safety.Hazards || m.o.Kind == safety.Lines) && found[m.key] < 0 && strings.TrimSpace(r.id) == ""
}

// names reports that a row has a column for the code or the name of its enterprise.
func (m *mapper) names(found []int) bool {
	return m.firmCode >= 0 && (found[m.firmCode] >= 0 || found[m.firmName] >= 0)
}

// derived returns the id of a hazard or a line, of what has been read of it; the fault says what is missing for it.
func (m *mapper) derived(rec safety.Record) (string, *fault) {
	if m.o.Kind == safety.Lines {
		return "l-" + digits20(geometryText(rec.Geometry)), nil
	}
	return m.derivedHazard(rec.Values)
}

// geometryText is a line as bytes: the bits of its coordinates, a blank after each of its parts.
func geometryText(g orb.Geometry) (text []byte) {
	lines, _ := g.(orb.MultiLineString)
	for _, line := range lines {
		for _, p := range line {
			text = binary.BigEndian.AppendUint64(text, math.Float64bits(p[0]))
			text = binary.BigEndian.AppendUint64(text, math.Float64bits(p[1]))
		}
		text = append(text, ' ')
	}
	return text
}

func digits20(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:10])
}

func (m *mapper) derivedHazard(values []any) (string, *fault) {
	enterprise, _ := values[m.index("enterprise")].(string)
	found, _ := values[m.index("found_at")].(safety.Time)
	description, _ := values[m.index("description")].(string)
	for _, part := range [][2]string{{"enterprise", enterprise}, {"description", description}} {
		if part[1] == "" {
			return "", &fault{safety.KeyField(m.o.Kind), "required; no column gives it, and without " + part[0] + " it cannot be made of enterprise, found_at and description"}
		}
	}
	day := found.In(m.o.location()).Format(time.DateOnly)
	text := strings.Join([]string{enterprise, day, strings.Join(strings.Fields(width.Fold.String(description)), "")}, "\x00")
	return "h-" + digits20([]byte(text)), nil
}

// index returns the place of a target among those of the kind, −1 when it has none.
func (m *mapper) index(target string) int { return slices.Index(m.columns.targets, target) }

// warnDerived counts a record whose id, or whose enterprise's, was made.
func (m *mapper) warnDerived(r row, what, id string) {
	m.warn("derived_id", fmt.Sprintf("record %d: no column gives %s, made of what the row says: %s", r.number, what, clip(id)))
}
