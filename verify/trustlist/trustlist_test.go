package trustlist

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sealed"
)

func TestTerritory(t *testing.T) {
	for in, want := range map[string]string{"": "", "DE": "DE", "de": "DE", "EL": "GR", "el": "GR", "GR": "GR", "EU": "EU"} {
		if got := Territory(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestServesType: an anchor of any kind but EAA serves all types until it is
// limited; an EAA anchor serves none.
func TestServesType(t *testing.T) {
	for _, k := range Kinds() {
		if got := (&Anchor{Kind: k}).ServesType("x"); got != (k != KindEAA) {
			t.Errorf("%s without types: %v", k, got)
		}
		a := &Anchor{Kind: k, Types: []string{"x", "y"}}
		if !a.ServesType("y") || a.ServesType("z") || a.ServesType("") {
			t.Errorf("%s with types", k)
		}
	}
}

// TestMode: modes follow from basicConstraints and are never guessed.
func TestMode(t *testing.T) {
	for _, c := range []struct {
		valid, ca bool
		want      Mode
	}{{true, true, PKIX}, {true, false, Direct}, {false, false, Direct}, {false, true, Direct}} {
		cert := &x509.Certificate{Raw: []byte("der"), BasicConstraintsValid: c.valid, IsCA: c.ca}
		a := NewAnchor(cert)
		if a.Mode != c.want || a.ID != sha256.Sum256(cert.Raw) || !a.Usable {
			t.Errorf("%+v: %+v", c, a)
		}
	}
}

// TestValidAt: one second before and after each end.
func TestValidAt(t *testing.T) {
	from, to := time.Unix(1000, 0), time.Unix(2000, 0)
	a := NewAnchor(&x509.Certificate{NotBefore: from, NotAfter: to})
	for at, want := range map[time.Time]bool{
		from.Add(-time.Second): false, from: true, from.Add(time.Second): true,
		to.Add(-time.Second): true, to: true, to.Add(time.Second): false,
	} {
		if got := a.ValidAt(at); got != want {
			t.Errorf("%v: %v", at, got)
		}
	}
}

func TestSeal(t *testing.T) {
	if (Verified{}).List() != nil {
		t.Error("the zero Verified has a list")
	}
	l := &List{}
	if Seal(sealed.Key{}, l).List() != l {
		t.Error("another list")
	}
}

func TestIsTest(t *testing.T) {
	marked := &x509.Certificate{Extensions: []pkix.Extension{{Id: TestMarker}}}
	if !IsTest(marked) || IsTest(&x509.Certificate{}) {
		t.Error("the marker is not told apart")
	}
}
