package strictjson

import "unicode/utf8"

// Named decodes a document of the form ["…", "…", value], which is what nearly all
// disclosures are, without a tree around it. ok is false for anything else, well
// formed or not: Decode then says what it is.
func Named(b []byte) (first, second string, value any, ok bool) {
	if !utf8.Valid(b) {
		return "", "", nil, false
	}
	d := decoder{s: string(b), depth: 1}
	if d.next() != '[' {
		return "", "", nil, false
	}
	d.i++
	for _, s := range []*string{&first, &second} {
		if d.next() != '"' {
			return "", "", nil, false
		}
		var err error
		if *s, err = d.text(); err != nil {
			return "", "", nil, false
		}
		if d.next() != ',' {
			return "", "", nil, false
		}
		d.i++
	}
	value, err := d.value()
	if err != nil || d.next() != ']' {
		return "", "", nil, false
	}
	d.i++
	return first, second, value, d.next() == 0 && d.i == len(d.s)
}
