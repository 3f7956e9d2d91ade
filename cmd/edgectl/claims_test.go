package main

import (
	"strings"
	"testing"
)

func TestWithoutClaims(t *testing.T) {
	for in, want := range map[string]string{
		`{"credentials":[{"id":"pid","claims":{"a":[1,{"claims":2}]},"verdict":"valid"}]}`: `{"credentials":[{"id":"pid","verdict":"valid"}]}`,
		`{"credentials":[{"claims":{}},{"claims":null},{"claims":"x"}]}`:                   `{"credentials":[{},{},{}]}`,
		// Elsewhere the name means something else.
		`{"claims":1,"basis":[{"claims":2}],"credentials":[{"status":{"claims":3}}]}`: `{"claims":1,"basis":[{"claims":2}],"credentials":[{"status":{"claims":3}}]}`,
		// What is left stays as it was written, in its order.
		`{"z":1.50,"a":12345678901234567890,"credentials":[]}`: `{"z":1.50,"a":12345678901234567890,"credentials":[]}`,
	} {
		got, err := withoutClaims([]byte(in))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`{`, `{"credentials":[{"claims":`, `{"credentials":[{"claims":{"a"}}]}`, `{"a" 1}`} {
		if got, err := withoutClaims([]byte(in)); err == nil {
			t.Errorf("%s: %s and no error", in, got)
		}
	}
}

// Names out of certificates and lists must not drive the terminal.
func TestPrintable(t *testing.T) {
	if got := printable("CN=Köln \x1b[31m\r\u202e\x00ok\n"); got != "CN=Köln ·[31m···ok\n" {
		t.Errorf("%q", got)
	}
	p := &page{}
	p.field("issuer", "%s", "one\n  status    valid")
	if strings.Count(p.String(), "\n") != 1 {
		t.Errorf("a value makes a line of its own: %q", p.String())
	}
}

func TestAge(t *testing.T) {
	for seconds, want := range map[int64]string{0: "0 s", 119: "119 s", 120: "2 min", 7199: "119 min", 7200: "2 h", 172_799: "47 h", 172_800: "2 days"} {
		if got := age(seconds); got != want {
			t.Errorf("%d: %s, want %s", seconds, got, want)
		}
	}
}
