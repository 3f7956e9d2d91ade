package vical

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// BenchmarkVerify reads a list from its bytes to its anchors. Metric x_floor is its
// time as a multiple of what nobody can do without, measured in the same run in
// turns: the signatures of the path, the list's own, and crypto/x509 parsing the
// certificates. Metric signatures is the part of that floor that they are.
func BenchmarkVerify(b *testing.B) {
	b.Run("made", func(b *testing.B) {
		w := newWorld(b)
		benchmark(b, must(w.VICAL(verifytest.VICALOptions{})), now, w.root())
	})
	b.Run("aamva", func(b *testing.B) {
		benchmark(b, vector(b, aamva), date(2025, 12, 1), certificate(b, aamvaRoot))
	})
	b.Run("austroads", func(b *testing.B) {
		benchmark(b, vector(b, austroads), date(2024, 12, 18), certificate(b, austrRoot))
	})
}

func benchmark(b *testing.B, list []byte, at time.Time, root *x509.Certificate) {
	f := newFloor(b, list, root)
	var ours, signatures, parsing time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := verify(list, Options{}, at, root); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		f.signatures(b)
		signatures += time.Since(start)
		start = time.Now()
		f.parse()
		parsing += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(ours)/float64(signatures+parsing), "x_floor")
	b.ReportMetric(float64(signatures)/float64(signatures+parsing), "signatures")
	b.ReportMetric(float64(len(list)), "bytes")
}

// floor is the work that a list's size dictates.
type floor struct {
	path   []*x509.Certificate
	ders   [][]byte // of x5chain and of the entries
	key    *ecdsa.PrivateKey
	digest [sha256.Size]byte
	own    []byte
}

func newFloor(b *testing.B, list []byte, root *x509.Certificate) *floor {
	u := must(Parse(list))
	chain, _ := pki.CutAnchor(u.chain, root)
	f := &floor{path: append(append([]*x509.Certificate{}, chain...), root), ders: u.sign1.Unprotected.X5Chain}
	infos, _ := array(u.payload["certificateInfos"], MaxEntries)
	for _, item := range infos {
		o, _ := readObject(item)
		der, ok := strictcbor.ByteString(o["certificate"])
		if !ok {
			b.Fatal("an entry without a certificate")
		}
		f.ders = append(f.ders, der)
	}
	f.key = must(ecdsa.GenerateKey(chain[0].PublicKey.(*ecdsa.PublicKey).Curve, rand.Reader))
	f.own = must(ecdsa.SignASN1(rand.Reader, f.key, f.digest[:]))
	return f
}

func (f *floor) signatures(b *testing.B) {
	for i, c := range f.path[:len(f.path)-1] {
		if err := f.path[i+1].CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			b.Fatal(err)
		}
	}
	if !ecdsa.VerifyASN1(&f.key.PublicKey, f.digest[:], f.own) {
		b.Fatal("floor")
	}
}

func (f *floor) parse() {
	for _, der := range f.ders {
		_, _ = x509.ParseCertificate(der) // some have keys that it cannot hold
	}
}
