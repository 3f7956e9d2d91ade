package strictcbor

import "errors"

// What Unique refuses.
var (
	ErrDuplicate = errors.New("a CBOR map holds a key twice")
	ErrDepth     = errors.New("CBOR nested too deep")
	errForm      = errors.New("CBOR not well-formed")
)

// Unique checks that no map in one well-formed item holds a key twice, however
// deep, and that arrays and maps nest no deeper than depth. A decoder sees to that
// in the maps it decodes, and not in what it skips. Equal keys are found in
// whatever form their lengths are written; the content of a byte string is not
// looked into. Call Wellformed first. The error is ErrDuplicate or ErrDepth.
func Unique(item []byte, depth int) error {
	_, err := unique(item, depth)
	return err
}

// key is what makes two keys equal: for integers and strings their value, for
// other types all their bytes.
type key struct {
	major   byte
	arg     uint64
	content string
}

func keyOf(item []byte) key {
	h, content, _ := readHead(item)
	if h.major > majorText {
		return key{major: h.major, content: string(item)}
	}
	return key{h.major, h.arg, string(content)}
}

// unique goes through the first item and returns what follows it.
func unique(b []byte, depth int) (rest []byte, err error) {
	h, rest, ok := readHead(b)
	for ok && h.major == majorTag { // tags are no level of their own
		h, rest, ok = readHead(rest)
	}
	if !ok {
		return nil, errForm // Wellformed was not asked
	}
	switch h.major {
	case majorBytes, majorText:
		return rest[min(h.arg, uint64(len(rest))):], nil
	case majorArray, majorMap:
		if depth == 0 {
			return nil, ErrDepth
		}
	default:
		return rest, nil
	}
	var keys map[key]bool
	if h.major == majorMap {
		keys = make(map[key]bool, min(h.arg, uint64(len(rest))))
	}
	for ; h.arg > 0; h.arg-- {
		if keys != nil {
			if rest, err = uniqueKey(rest, depth-1, keys); err != nil {
				return nil, err
			}
		}
		if rest, err = unique(rest, depth-1); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func uniqueKey(b []byte, depth int, keys map[key]bool) (rest []byte, err error) {
	if rest, err = unique(b, depth); err != nil {
		return nil, err
	}
	k := keyOf(b[:len(b)-len(rest)])
	if keys[k] {
		return nil, ErrDuplicate
	}
	keys[k] = true
	return rest, nil
}
