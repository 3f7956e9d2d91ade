package identity

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// The files are an operator's, and yet nothing in them may bring a node down while it
// reloads them, or be taken up if it does not belong together.
func FuzzFiles(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	a, err := identitytest.New(now)
	if err != nil {
		f.Fatal(err)
	}
	issued, err := a.Issue("edge-1", identitytest.Issue{Jurisdiction: "EU"})
	if err != nil {
		f.Fatal(err)
	}
	good := files{issued.CertPEM, issued.KeyPEM, a.PEM()}
	for n := range good {
		for _, b := range good {
			f.Add(b, uint(n))
		}
	}
	o := Options{Name: "edge-1", Allow: []string{"EU"}}
	f.Fuzz(func(t *testing.T, b []byte, n uint) {
		changed := good
		changed[n%3] = b
		m, err := o.judge(changed, now)
		if err == nil && (NameOf(m.cert.Leaf) != "edge-1" || JurisdictionOf(m.cert.Leaf) != "EU" || !m.key.PublicKey.Equal(m.cert.Leaf.PublicKey) || m.notAfter.Before(now)) {
			t.Error("taken up, and does not belong together")
		}
	})
}
