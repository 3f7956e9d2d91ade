package b64

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestURLRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"one character":         "A",
		"five characters":       "AAAAA",
		"padding":               "AA==",
		"padding of one":        "AAA=",
		"padding alone":         "=",
		"newline at the end":    "AAAA\n",
		"return at the end":     "AAAA\r",
		"newline inside":        "AA\nAA",
		"only a newline":        "\n",
		"line break for a byte": "AA\r\n",
		"space":                 "AA A",
		"NUL":                   "AA\x00A",
		"standard plus":         "AA+A",
		"standard slash":        "AA/A",
		"beyond ASCII":          "AA\xc3\xa9",
		"bits left of two":      "AB",
		"bits left of three":    "AAB",
		"bits after a group":    "AAAAAB",
		"dot":                   "AA.A",
	} {
		if b, err := URL(s); err != ErrURL || b != nil {
			t.Errorf("%s: %x, %v", name, b, err)
		}
	}
}

func TestURLRoundTrip(t *testing.T) {
	raw := make([]byte, 300)
	for i := range raw {
		raw[i] = byte(i * 151)
	}
	for n := range len(raw) {
		s := EncodeURL(raw[:n])
		if b, err := URL(s); err != nil || !bytes.Equal(b, raw[:n]) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		b, err := AppendURL([]byte("before"), s)
		if err != nil || string(b) != "before"+string(raw[:n]) {
			t.Fatalf("%d bytes appended: %v", n, err)
		}
	}
}

// One byte string has one encoding: of the 4096 pairs of characters exactly 256
// are a byte, and of single characters none is anything.
func TestURLIsOneToOne(t *testing.T) {
	seen := map[string]bool{}
	for a := range 256 {
		for b := range 256 {
			out, err := URL(string([]byte{byte(a), byte(b)}))
			if err != nil {
				continue
			}
			if seen[string(out)] {
				t.Fatalf("%x has a second encoding", out)
			}
			seen[string(out)] = true
		}
	}
	if len(seen) != 256 {
		t.Fatalf("%d encodings of one byte", len(seen))
	}
}

func TestAppendURLKeepsWhatStands(t *testing.T) {
	dst := append(make([]byte, 0, 64), "kept"...)
	for _, bad := range []string{"AAAA*", "AAAA****", "A"} {
		if _, err := AppendURL(dst, bad); err == nil {
			t.Error("accepted")
		}
	}
	if string(dst) != "kept" {
		t.Errorf("dst is %q", dst)
	}
	dst = make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { _, _ = AppendURL(dst, "AAAAAAAA") }); n != 0 {
		t.Errorf("%v allocations with room enough", n)
	}
}

func TestStd(t *testing.T) {
	for s, want := range map[string]string{"": "", "AAEC": "\x00\x01\x02", "AAE=": "\x00\x01", "AA==": "\x00", "+/+/": "\xfb\xff\xbf"} {
		if b, err := Std(s); err != nil || string(b) != want {
			t.Errorf("%q: %x, %v", s, b, err)
		}
	}
	for name, s := range map[string]string{
		"no padding":     "AA",
		"half padding":   "AA=",
		"too much":       "AAAA=",
		"newline":        "AAEC\n",
		"newline inside": "AA\r\nEC",
		"trailing bits":  "AB==",
		"bits of three":  "AAF=",
		"url alphabet":   "-_-_",
		"after padding":  "AA==AAAA",
		"space":          "AA EC",
	} {
		if b, err := Std(s); err != ErrStd || b != nil {
			t.Errorf("%s: %x, %v", name, b, err)
		}
	}
}

// FuzzURL holds the decoder against the library's, narrowed to the alphabet.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"", "A", "AA", "AAA", "AAAA", "AB", "AAB", "AA==", "AAAA\r\n", "_-_-_w", "AA\nAA", strings.Repeat("QUJD", 40)} {
		f.Add(s)
	}
	strict := base64.RawURLEncoding.Strict()
	f.Fuzz(func(t *testing.T, s string) {
		want, err := strict.DecodeString(s)
		valid := err == nil && strings.Trim(s, alphabet) == "" && !strings.ContainsAny(s, "\r\n")
		got, err := URL(s)
		if (err == nil) != valid {
			t.Fatalf("%q: accepted %v, library %v", s, err == nil, valid)
		}
		if valid && (!bytes.Equal(got, want) || EncodeURL(got) != s) {
			t.Fatalf("%q: %x instead of %x", s, got, want)
		}
	})
}
