package importers

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// A mapper turns the rows of one file into records.
type mapper struct {
	o                  Options
	columns            *columns
	readers            []valueReader // one for each field
	key                int           // index of the field that names a record
	firmCode           int           // index of the target that holds the code of an enterprise, and of that with its name; −1 for kinds without
	firmName           int
	enterprise, status int // indices of those targets, −1 for kinds without
	source             int // index of sourceTarget
	at                 fieldPlaces
	memos              []memo         // one for each field
	blank              []any          // the value of a field where the record has none
	unused             []any          // room for the values of the next records
	framed             any            // the last value of field frame: most records have the same
	conversion         crs.Conversion // of the file's frame
	swap               bool           // the file has the second coordinate first
	repaired           int64
	mend               *safety.Finding // of the row at work, until its code is known
	findings           safety.Findings
	warnings           map[string]*safety.Warning
	again              func() rows       // the file from its start
	china              *bool             // all of the sample lies there; nil until it is asked
	codes              map[uint64]uint64 // credit codes seen, and whose they are, both hashed with seed
	seed               maphash.Seed
}

func newMapper(o Options) *mapper {
	wgs84, _ := crs.WGS84.Conversion() // a name that is known
	m := &mapper{o: o, conversion: wgs84, warnings: map[string]*safety.Warning{}, codes: map[uint64]uint64{}, seed: maphash.MakeSeed()}
	m.columns = newColumns(o.Kind, o.Map, m.warn)
	for i, f := range safety.Fields(o.Kind) {
		m.readers = append(m.readers, newValueReader(o.Kind, f, o.location()))
		if f.Name == safety.KeyField(o.Kind) {
			m.key = i
		}
	}
	m.firmCode, m.firmName = m.index(firmCodeTarget), m.index(firmTarget)
	m.enterprise, m.status, m.source = m.index("enterprise"), m.index(statusTarget), m.index(sourceTarget)
	if o.Kind == safety.Enterprises {
		m.firmName = m.index("name")
	}
	m.at = fieldPlaces{
		frame: m.field("frame"), dueAt: m.field("due_at"), validFrom: m.field("valid_from"), validTo: m.field("valid_to"),
		creditCode: m.field("credit_code"), severity: m.field("severity"), enterprise: m.field("enterprise"),
	}
	m.memos, m.blank = make([]memo, len(m.readers)), make([]any, len(m.readers))
	for i := range m.readers {
		m.blank[i] = m.absent(&m.readers[i])
	}
	return m
}

// fieldPlaces are the indices of fields that are looked at by name, −1 for those that the kind does not have.
type fieldPlaces struct{ frame, dueAt, validFrom, validTo, creditCode, severity, enterprise int }

// field returns the index of a field, −1 when the kind has none of that name.
func (m *mapper) field(name string) int {
	return slices.IndexFunc(m.readers, func(v valueReader) bool { return v.field.Name == name })
}

// date1904 says which day a day number without more counts from.
func (m *mapper) date1904(yes bool) {
	for i := range m.readers {
		m.readers[i].is1904 = yes
	}
}

// warn counts one more record, or one more thing, that deserves a look; the first is the example.
func (m *mapper) warn(code, example string) {
	w := m.warnings[code]
	if w == nil {
		w = &safety.Warning{Code: code, Example: example}
		m.warnings[code] = w
	}
	w.Count++
}

// record returns the record of a row, or what is wrong with it.
func (m *mapper) record(r row) (safety.Record, *safety.FieldError) {
	found := m.columns.find(r.names)
	rec := safety.Record{Number: r.number, Values: m.newValues()}
	key := m.keyOf(r, found)
	reject := func(field, reason string) (safety.Record, *safety.FieldError) {
		if r.line > 0 {
			reason += fmt.Sprintf(" (row %d of the sheet)", r.line)
		}
		return safety.Record{}, &safety.FieldError{Number: r.number, Key: key, Field: field, Reason: reason}
	}
	if r.fault != nil {
		return reject(r.fault.field, r.fault.reason)
	}
	for i := range m.readers {
		field := &m.readers[i].field
		value, err := m.value(i, m.text(i, key, r, found), rec.Values)
		if err != nil {
			return reject(field.Name, strings.TrimPrefix(err.Error(), safety.ErrInvalid.Error()+": "))
		}
		if rec.Values[i] = value; value == nil && field.Required && (i != m.key || !m.derives(r, found)) {
			return reject(field.Name, m.why(r, found[i]))
		}
	}
	if f := m.span(rec); f != nil {
		return reject(f.field, f.reason)
	}
	if f := m.shape(&rec, r, found[len(m.readers):]); f != nil {
		return reject(f.field, f.reason)
	}
	if rec.Values[m.key] == nil {
		id, f := m.derived(rec)
		if f != nil {
			return reject(f.field, f.reason)
		}
		rec.Values[m.key], key = id, id
	}
	m.noteRepair(rec, key)
	m.look(rec, key, r, found)
	return rec, nil
}

// newValues is room for the values of a record.
func (m *mapper) newValues() []any {
	const records = 32 // at a time: the allocator's work is that of one
	n := len(m.readers)
	if len(m.unused) < n {
		m.unused = make([]any, records*n)
	}
	values := m.unused[:n:n]
	m.unused = m.unused[n:]
	return values
}

// frameOf is the frame that is remembered of a record: the file's, or the one before it that an export speaks of.
func (m *mapper) frameOf(source string) string {
	if source = strings.TrimSpace(source); source != "" && m.conversion.Name() == crs.WGS84 {
		return source
	}
	return string(m.conversion.Name())
}

// keyOf returns the code or id of a row as far as it is known: the column's, else the format's.
func (m *mapper) keyOf(r row, found []int) string {
	key := fold(strings.TrimSpace(cell(r, found[m.key])))
	if key == "" {
		key = fold(strings.TrimSpace(r.id))
	}
	if key == "" && m.o.Kind == safety.Enterprises && found[m.key] < 0 {
		key = m.firm(r, found)
	}
	return strings.ToValidUTF8(key, "\ufffd")
}

// text returns the text of field i in a row whose code or id is key.
func (m *mapper) text(i int, key string, r row, found []int) string {
	switch {
	case i == m.key:
		return key
	case i == m.at.enterprise && found[i] < 0 && m.names(found):
		return m.firm(r, found)
	case i == m.at.frame:
		return m.frameOf(cell(r, found[m.source]))
	}
	return cell(r, found[i])
}

// cell returns the text of a column in a row, "" when it has none.
func cell(r row, column int) string {
	if column < 0 || column >= len(r.values) {
		return ""
	}
	return r.values[column]
}

// why says why a required value is not there.
func (m *mapper) why(r row, column int) string {
	switch {
	case column < 0 && m.o.Kind == safety.Enterprises && m.names(m.columns.find(r.names)):
		return "required; no column gives it, and the credit code and the name, of which it could be made, are blank"
	case column < 0:
		return fmt.Sprintf("required, and no column gives it (there are: %s)", clipList(r.names))
	}
	return "required, and it is blank"
}

// value reads field i, or takes what stands for it where the record has none. before are the values of the fields before it.
func (m *mapper) value(i int, text string, before []any) (any, error) {
	switch {
	case i == m.at.frame:
		if last, _ := m.framed.(string); last != text || m.framed == nil {
			m.framed = own(text)
		}
		return m.framed, nil
	case text == "":
		return m.blank[i], nil
	case i == m.key:
		return m.read(i, text)
	case i == m.at.dueAt:
		if days, ok := relativeDays(fold(strings.TrimSpace(text))); ok {
			return m.daysAfterFinding(days, before)
		}
	}
	if value, ok := m.memos[i].find(text); ok {
		return value, nil
	}
	keep := m.memos[i].wants(text)
	if keep {
		text = own(text)
	}
	value, err := m.read(i, text)
	if keep && err == nil {
		m.memos[i].keep(text, value)
	}
	return value, err
}

// read reads field i of what stands in the record.
func (m *mapper) read(i int, text string) (any, error) {
	value, err := m.readers[i].read(text)
	if value == nil && err == nil {
		value = m.blank[i]
	}
	return value, err
}

// absent is the value of a field where the record has none.
func (m *mapper) absent(v *valueReader) any {
	switch name := v.field.Name; {
	case m.o.Kind != safety.Grids:
	case name == "level" && m.o.Level != 0:
		return m.o.Level
	case name == "scheme" && m.o.Scheme != "":
		return m.o.Scheme
	case name == "valid_from" && m.o.ValidFrom.IsSet():
		return m.o.ValidFrom
	}
	return v.field.Default
}

// daysAfterFinding returns the end of the day that is so many days after that of found_at.
func (m *mapper) daysAfterFinding(days int, before []any) (any, error) {
	found, ok := before[m.field("found_at")].(safety.Time)
	if !ok {
		return nil, fmt.Errorf("%d days after found_at, which is not there", days)
	}
	day := found.In(m.o.location()).AddDate(0, 0, days).Format(time.DateOnly)
	return safety.ParseTime(day, m.o.location(), safety.Closes)
}

// span finds a grid that ends before it begins: it would never be valid.
func (m *mapper) span(rec safety.Record) *fault {
	if m.at.validTo < 0 {
		return nil
	}
	from, _ := rec.Values[m.at.validFrom].(safety.Time)
	to, _ := rec.Values[m.at.validTo].(safety.Time)
	if !to.IsSet() || from <= to {
		return nil
	}
	loc := m.o.location()
	return &fault{"valid_to", fmt.Sprintf("%s is before valid_from, %s", to.Format(loc), from.Format(loc))}
}
