package xmldsig

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

func seeds(f *testing.F) {
	for i := range 20 {
		doc, _ := generate(rand.New(rand.NewPCG(uint64(i), 2)), i)
		f.Add([]byte(doc))
	}
	s := newSigner(f, "signer", "P-256")
	f.Add([]byte(s.sign(f, s.unsigned(ecdsaSHA256, digest256, signTime))))
	f.Add([]byte(sample))
	f.Add([]byte("<!DOCTYPE r [<!ENTITY e 'x'>]><r a='&e;'>&#xD;]]&gt;</r>"))
}

// FuzzParse wants no panic, no error outside the sentinels and, of what passes, no
// verification without a pin.
func FuzzParse(f *testing.F) {
	seeds(f)
	if _, err := vectortest.Find(); err == nil {
		f.Add(vector(f, "other/ee-test-lotl-TSL.xml"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err == nil {
			if _, err = d.Verify(nil); err == nil {
				t.Fatal("verified without a pin")
			}
		}
		for _, known := range []error{ErrTooLarge, ErrDTD, ErrMalformed, ErrUnsigned, ErrWrapping, ErrAlgorithm, ErrSigner} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("unexpected error: %v", err)
	})
}

// FuzzCanonical wants the canonical form of a canonical form to be itself, and
// read alike by the reader of lists and by encoding/xml.
func FuzzCanonical(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err != nil {
			return
		}
		for _, form := range []bool{false, true} {
			once, err := canonical(nil, d.root, nil, form)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(once)
			if errors.Is(err, ErrTooLarge) {
				continue // declarations that were written out may pass a limit
			}
			if err != nil {
				t.Fatalf("%v in %q", err, once)
			}
			twice, err := canonical(nil, again.root, nil, form)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(once, twice) {
				t.Fatalf("once  %q\ntwice %q", once, twice)
			}
		}
		sameOutline(t, d)
	})
}
