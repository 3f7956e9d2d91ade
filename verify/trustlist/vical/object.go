package vical

import (
	"regexp"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// object is a CBOR map, its values as received. Keys that are no text are left
// out, as are all members nobody reads: Annex C lets a provider add its own.
type object map[string][]byte

// readObject reads a map out of well-formed bytes without duplicate keys; ok is
// false for anything else and for more than maxMembers.
func readObject(item []byte) (o object, ok bool) {
	if major(item) != majorMap {
		return nil, false
	}
	parts, ok := strictcbor.Split(item, maxMembers)
	if !ok {
		return nil, false
	}
	o = make(object, len(parts)/2)
	for ; len(parts) > 0; parts = parts[2:] {
		if l, ok := strictcbor.ReadLabel(parts[0]); ok && l.IsText {
			o[l.Text] = parts[1]
		}
	}
	return o, true
}

// Major types (RFC 8949 section 3.1).
const (
	majorUint  = 0
	majorArray = 4
	majorMap   = 5
	majorTag   = 6
	majorNone  = 8 // of a member that is absent
)

func major(item []byte) byte {
	if len(item) == 0 {
		return majorNone
	}
	return item[0] >> 5
}

// text reads UTF-8 text of at most maxText bytes.
func text(item []byte) (s string, ok bool) {
	l, ok := strictcbor.ReadLabel(item)
	if !ok || !l.IsText || len(l.Text) > maxText {
		return "", false
	}
	return l.Text, true
}

func unsigned(item []byte) (n uint64, ok bool) {
	return n, major(item) == majorUint && strictcbor.Unmarshal(item, &n) == nil
}

// array reads the items of an array; ok is false for more than max.
func array(item []byte, max int) (items [][]byte, ok bool) {
	if major(item) != majorArray {
		return nil, false
	}
	return strictcbor.Split(item, max)
}

// dateTime holds time.Parse to RFC 3339: it would also take a comma, and hours of
// one digit.
var dateTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$`)

// tdate reads tag 0 over an RFC 3339 date-time, which its offset must not move out
// of the years that RFC 3339 can write.
func tdate(item []byte) (t time.Time, ok bool) {
	var tag cbor.RawTag
	if major(item) != majorTag || strictcbor.Unmarshal(item, &tag) != nil || tag.Number != 0 {
		return time.Time{}, false
	}
	s, ok := text(tag.Content)
	if !ok || !dateTime.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999
}
