package safety

import (
	"errors"
	"fmt"
)

// The kinds of failure a caller can act on; everything else is a fault of ours.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("invalid")
	ErrConflict = errors.New("conflict")
	ErrDenied   = errors.New("denied")
)

// A FieldError says which value of which record is wrong, and why. It matches ErrInvalid.
type FieldError struct {
	Number int64  // place of the record in its source, from 1; 0 when there is none
	Key    string // code or id, as far as it is known
	Field  string // canonical name, "" when the record as a whole is wrong
	Reason string // "want -180 to 180, got 181"
}

// Error names record, field and reason.
func (e *FieldError) Error() string {
	s := ""
	if e.Number > 0 {
		s = fmt.Sprintf("record %d: ", e.Number)
	}
	if e.Key != "" {
		s += e.Key + ": "
	}
	if e.Field != "" {
		s += e.Field + ": "
	}
	return s + e.Reason
}

// Is makes a FieldError match ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }
