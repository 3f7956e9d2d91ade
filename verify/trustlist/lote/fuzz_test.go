package lote

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// seeds adds generated lists and, where the folder is there, the vectors.
func seeds(f *testing.F, add func([]byte)) {
	for _, name := range Profiles() {
		add(newWorld(f, name).list(f))
	}
	if _, err := vectortest.Find(); err != nil {
		return
	}
	for _, v := range vectorTable {
		add(read(f, v.file))
	}
}

// FuzzParse: any bytes end in a list or a trustlist_* code, and unsigned bytes
// never in a list. What is read before the signature does not fail either.
func FuzzParse(f *testing.F) {
	seeds(f, func(b []byte) { f.Add(b) })
	stranger := operator(f, nil).cert
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := Parse(b)
		if err == nil {
			u.Claims()
			if _, err := u.Pivots("https://journal.example"); err != nil && !strings.HasPrefix(string(reason.CodeOf(err)), "trustlist_") {
				t.Fatalf("pivots: got %v", err)
			}
			_, err = u.Verify([]*x509.Certificate{stranger}, Options{})
		}
		if !strings.HasPrefix(string(reason.CodeOf(err)), "trustlist_") {
			t.Fatalf("got %v", err)
		}
	})
}

// FuzzContent starts behind the signature, with and without quirks.
func FuzzContent(f *testing.F) {
	for _, name := range Profiles() {
		f.Add(newWorld(f, name).payload(f), name == "pid")
	}
	seeds(f, func(b []byte) {
		if jws, err := jose.Parse(strings.TrimSpace(string(b))); err == nil {
			f.Add(jws.Payload, true)
		}
	})
	signer := operator(f, nil)
	pinned := []*x509.Certificate{signer.cert}
	lax := Options{AllowNoOuterMember: true, AllowPilotIdentifiers: true, AllowMissingMembers: true,
		AllowMissingServiceType: true, AllowNextUpdateAtIssue: true, UnsafeSignerSchemeMismatch: true}
	f.Fuzz(func(t *testing.T, payload []byte, quirks bool) {
		o := Options{}
		if quirks {
			o = lax
		}
		u := &Unverified{jws: &jose.JWS{Payload: payload}, signer: signer.cert}
		if v, err := u.read(pinned, signer.cert, issued, o, (*reader).pivot); err == nil && (len(v.List().Anchors) > 0 || len(v.List().SelfSigners) == 0) {
			t.Fatal("a pivot with anchors, or without successors")
		}
		v, err := u.read(pinned, signer.cert, issued, o, (*reader).list)
		if err != nil {
			if !strings.HasPrefix(string(reason.CodeOf(err)), "trustlist_") {
				t.Fatalf("got %v", err)
			}
			return
		}
		for _, a := range v.List().Anchors {
			if a.Kind == "" || a.Purpose == "" || a.Entity == "" || a.Cert == nil {
				t.Fatalf("anchor without scope: %+v", a)
			}
		}
	})
}
