package export

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// An Object builds a JSON object whose keys stay in the order in which they were set. The zero
// Object is empty and ready. A value that JSON cannot hold is an error of MarshalJSON.
type Object struct {
	body bytes.Buffer
	err  error
}

// Set adds a key; v is marshalled by encoding/json.
func (o *Object) Set(key string, v any) *Object {
	if o.err != nil {
		return o
	}
	b, err := json.Marshal(v)
	if err != nil {
		o.err = fmt.Errorf("%s: %w", key, err)
		return o
	}
	name, _ := json.Marshal(key) // a string always has a JSON form
	if o.body.Len() > 0 {
		o.body.WriteByte(',')
	}
	o.body.Write(name)
	o.body.WriteByte(':')
	o.body.Write(b)
	return o
}

// MarshalJSON returns the object, or what was wrong with the first value that had no JSON form.
func (o *Object) MarshalJSON() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	b := make([]byte, 0, o.body.Len()+2)
	return append(append(append(b, '{'), o.body.Bytes()...), '}'), nil
}
