package mdoc

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func TestRaw(t *testing.T) {
	nested := func(head string, n int, inner string) string { return strings.Repeat(head, n) + inner }
	tests := []struct {
		name, item string
		ok         bool
	}{
		{"unsigned", "17", true},
		{"unsigned of one byte", "1818", true},
		{"unsigned of two bytes", "190100", true},
		{"unsigned of four bytes", "1a00010000", true},
		{"unsigned of eight bytes", "1b0000000100000000", true},
		{"unsigned, one byte too long", "1817", false},
		{"unsigned, two bytes too long", "1900ff", false},
		{"unsigned, four bytes too long", "1a0000ffff", false},
		{"unsigned, eight bytes too long", "1b00000000ffffffff", false},
		{"negative", "3863", true},
		{"negative too long", "3817", false},
		{"bytes", "4101", true},
		{"bytes with a longer head", "590001ff", true},
		{"bytes cut off", "4201", false},
		{"bytes longer than any input", "5bffffffffffffffff00", false},
		{"text", "6161", true},
		{"text with a longer head", "780161", true},
		{"text not UTF-8", "61ff", false},
		{"array", "820102", true},
		{"array with a longer head", "9800", true},
		{"array cut off", "8201", false},
		{"array of more than there is", "9b00000000ffffffff", false},
		{"map", "a1616101", true},
		{"map with a longer head", "b90001616101", true},
		{"map with a key twice", "a2616101616102", false},
		{"map with a key twice, once with a longer head", "a261610178016102", false},
		{"map with a key in a longer form", "a178016101", false},
		{"map with an integer key", "a10102", true},
		{"map with an integer key twice", "a201020103", false},
		{"map with a bytes and a text key alike", "a2416101616102", true},
		{"map with a float as key", "a1f9000001", false},
		{"map with an array as key", "a18001", false},
		{"map with a tag as key", "a1c0616101", false},
		{"map with a key not UTF-8", "a161ff01", false},
		{"map with a key cut off", "a16261", false},
		{"map without a value", "a101", false},
		{"tag", "d903ec6a313938342d30312d3236", true},
		{"tag of two bytes", "d864f6", true},
		{"tag in a longer form", "d90018f6", false},
		{"tag of nothing", "c1", false},
		{"tag 0 over a number", "c001", false},
		{"tag 1 over text", "c16161", false},
		{"tag 1 over null", "c1f6", false},
		{"tag 1 over a float", "c1f90000", true},
		{"tag 2 over text", "c26161", false},
		{"tag 3 over bytes", "c34101", true},
		{"true", "f5", true},
		{"undefined", "f7", true},
		{"simple value 16", "f0", true},
		{"simple value in two bytes", "f8ff", true},
		{"simple value in two bytes, reserved", "f818", false},
		{"float of two bytes", "f97c00", true},
		{"float of four bytes", "fa7f800000", true},
		{"float of eight bytes", "fb7ff0000000000000", true},
		{"float cut off", "fb7ff00000000000", false},
		{"reserved length", "1c", false},
		{"indefinite bytes", "5f4101ff", false},
		{"indefinite text", "7f6161ff", false},
		{"indefinite array", "9f01ff", false},
		{"indefinite map", "bf0101ff", false},
		{"break", "ff", false},
		{"nothing", "", false},
		{"arrays as deep as may be", nested("81", maxDepth, "01"), true},
		{"arrays one too deep", nested("81", maxDepth+1, "01"), false},
		{"maps one too deep", nested("a101", maxDepth+1, "01"), false},
		{"tags one too deep", nested("d864", maxDepth+1, "01"), false},
	}
	for _, test := range tests {
		item := unhex(t, test.item)
		for _, after := range []string{"", "f6"} {
			c := open(append(bytes.Clone(item), unhex(t, after)...))
			raw := c.raw("it")
			if ok := c.err == nil; ok != test.ok {
				t.Errorf("%s, followed by %q: %v", test.name, after, c.err)
				break
			}
			if test.ok && (!bytes.Equal(raw, item) || hex.EncodeToString(c.rest) != after) {
				t.Errorf("%s: read %x, left %x", test.name, raw, c.rest)
			}
			if !test.ok {
				break // what follows may complete it
			}
		}
	}
}

func TestEntries(t *testing.T) {
	for n, ok := range map[int]bool{maxEntries: true, maxEntries + 1: false} {
		c := open(encode(make([]bool, n)))
		if c.raw("it"); (c.err == nil) != ok {
			t.Errorf("%d entries: %v", n, c.err)
		}
	}
}

// TestKeySet adds more keys than are compared one by one, then each again.
func TestKeySet(t *testing.T) {
	var s keySet
	for round := range 2 {
		for i := range 3 * len(s.few) {
			if s.add([]byte{byte(i)}) != (round == 0) {
				t.Errorf("round %d: key %d", round, i)
			}
		}
	}
}

// TestCursorStops holds that a fault ends everything: no later read succeeds.
func TestCursorStops(t *testing.T) {
	c := open([]byte{0x61, 'a', 0x01, 0x02})
	c.uint("first")
	first := c.err
	if first == nil || c.uint("second") != 0 || c.text("third") != nil || c.raw("fourth") != nil {
		t.Error("read on after a fault")
	}
	if c.end("all") != first {
		t.Error("another fault than the first")
	}
}
