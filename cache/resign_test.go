package cache_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A ministry that changes its signer need not change its list: what the new signer
// signs again is out of quarantine, also where the old one's digest is the lower.
func TestResignedByNewSigner(t *testing.T) {
	k := keptWorld(t, onlyLOTL)
	k.loadNational(k.Now)
	successor := k.listSigner(k.Now.Add(-time.Hour), k.Now.Add(1000*time.Hour))
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 2, PointerSigners: map[string][]*verifytest.Key{"DE": {successor}}}, k.Now)
	k.wantNoStatus("qeaa-diploma-de", k.Now, "indeterminate", "anchor_list_unavailable")
	held := k.info(tlName("DE"), k.Now).Ref.Digest
	var b []byte
	for sum := held; bytes.Compare(sum[:], held[:]) <= 0; sum = artefact.Sum(b) {
		b = k.tl("DE", verifytest.TLOptions{Signer: successor})
	}
	k.events = nil
	if out := k.must(k.admit(artefact.TL, tlName("DE"), artefact.Origin, b, k.Now)); !out.Unchanged {
		t.Errorf("%+v", out)
	}
	k.wantNoStatus("qeaa-diploma-de", k.Now, "valid")
	if got := k.info(tlName("DE"), k.Now); got.State != verify.Fresh || got.Ref.Digest != artefact.Sum(b) || !got.Durable {
		t.Errorf("%s, digest %s, durable %v", got.State, got.Ref.Digest, got.Durable)
	}
	if n := count(k.events, cache.ListChanged); n != 1 {
		t.Errorf("%d events in %+v", n, k.events)
	}
	k.restart(k.Now)
	k.wantNoStatus("qeaa-diploma-de", k.Now, "valid")
}

// A VICAL ends with its signer's certificate. Signed again by a signer who has
// longer it lasts longer, whichever digest is the lower, and in either order.
func TestVICALResigned(t *testing.T) {
	var opts cache.Options
	w := realWorld(t, func(vw *verifytest.World, o *cache.Options) {
		onlyVICAL(vw, o)
		opts = *o
	})
	signer := func(until time.Duration) *verifytest.Key {
		k, err := verifytest.Certify(verifytest.CertOptions{
			Subject: pkix.Name{Country: []string{"US"}, CommonName: "Signer"}, Issuer: w.VICALRoot(),
			NotBefore: w.Now.Add(-time.Hour), NotAfter: w.Now.Add(until), EKU: []asn1.ObjectIdentifier{verifytest.OIDVICAL}, CriticalEKU: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	short, long := signer(2*day), signer(20*day)
	for range 8 { // so that either digest is the lower one in some
		for _, order := range [][]*verifytest.Key{{short, long}, {long, short}} {
			w.store = cache.New(opts, w.Now)
			for _, by := range order {
				w.admitVICAL(verifytest.VICALOptions{Signer: by}, w.Now)
			}
			for after, want := range map[time.Duration]cache.State{20*day - time.Second: verify.Fresh, 20*day + time.Second: verify.Expired} {
				if got := w.info(vical, w.Now.Add(after)).State; got != want {
					t.Errorf("%s after %v", got, after)
				}
			}
		}
	}
}
