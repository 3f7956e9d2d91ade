package api

import "slices"

// reader turns parts of a tree into values. It keeps the first problem; after
// one, what it returns does not matter.
type reader struct {
	problem *Problem
}

func (r *reader) fail(p *Problem) {
	if r.problem == nil {
		r.problem = p
	}
}

func (r *reader) need(at, what string) { r.fail(malformed(at, what+" is needed")) }

// object calls each for every member, in the order of their names, so that both
// encodings report the same problem.
func (r *reader) object(v any, at string, each func(name string, v any, at string)) {
	m, ok := v.(map[string]any)
	if !ok {
		r.need(at, "an object")
		return
	}
	var room [16]string // most objects are small
	names := room[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		each(name, m[name], below(at, name))
	}
}

// array calls each for every element; more than limit is a 413.
func (r *reader) array(v any, at string, limit int, each func(i int, v any, at string)) {
	a, ok := v.([]any)
	if !ok {
		r.need(at, "an array")
		return
	}
	if len(a) > limit {
		r.fail(tooLarge(at, "the array has too many elements"))
		return
	}
	for i, e := range a {
		each(i, e, item(at, i))
	}
}

func (r *reader) text(v any, at string) string {
	s, ok := v.(string)
	if !ok {
		r.need(at, "a string")
	}
	return s
}

func (r *reader) flag(v any, at string) bool {
	b, ok := v.(bool)
	if !ok {
		r.need(at, "true or false")
	}
	return b
}

// texts never returns nil for an array, because an empty one can mean something
// else than an absent one.
func (r *reader) texts(v any, at string, limit int) []string {
	out := []string{}
	r.array(v, at, limit, func(_ int, v any, at string) { out = append(out, r.text(v, at)) })
	return out
}

// bytes reads base64url; an empty string counts as absent.
func (r *reader) bytes(v any, at string) []byte {
	s := r.text(v, at)
	if s == "" {
		return nil
	}
	b, ok := fromBase64URL(s)
	if !ok {
		r.need(at, "base64url without padding")
	}
	return b
}

// bytes32 is bytes of a fixed length.
func (r *reader) bytes32(v any, at string) []byte {
	b := r.bytes(v, at)
	if b != nil && len(b) != 32 {
		r.need(at, "base64url of 32 bytes")
	}
	return b
}

func (r *reader) unknown(at string) {
	r.fail(malformed(at, "an unknown member; see /openapi.json for those there are"))
}
