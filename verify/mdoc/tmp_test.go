package mdoc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"testing"
	"time"
)

func BenchmarkTmp(b *testing.B) {
	k1 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	k2 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	d1 := sha256.Sum256([]byte("a"))
	d2 := sha256.Sum256([]byte("b"))
	s1 := must(ecdsa.SignASN1(rand.Reader, k1, d1[:]))
	s2 := must(ecdsa.SignASN1(rand.Reader, k2, d2[:]))
	raw1 := sign(k1, nil, nil)
	_ = raw1
	m := newMaker()
	resp := m.make()
	d := parseOne(b, resp)
	i, _ := d.VerifyIssuer(m.signer.cert, sigalg.Credentials)
	t := map[string]time.Duration{}
	run := func(n string, f func()) {
		s := time.Now()
		for range 20 {
			f()
		}
		t[n] += time.Since(s)
	}
	for n := 0; n < b.N; n += 20 {
		run("floor", func() { ecdsa.VerifyASN1(&k1.PublicKey, d1[:], s1); ecdsa.VerifyASN1(&k1.PublicKey, d1[:], s1) })
		run("two", func() { ecdsa.VerifyASN1(&k1.PublicKey, d1[:], s1); ecdsa.VerifyASN1(&k2.PublicKey, d2[:], s2) })
		run("parse", func() { parseOne(b, resp) })
		run("issuer", func() { d.VerifyIssuer(m.signer.cert, sigalg.Credentials) })
		run("cosever", func() { d.issuerAuth.Verify(m.signer.cert.PublicKey, sigalg.Credentials, nil, nil) })
		run("mso", func() { parseMSO(d.issuerAuth.Payload, d.docType) })
		run("digests", func() { i.CheckDigests() })
		run("time", func() { i.CheckTime(now, skew, m.signer.cert, false) })
		run("device", func() { i.CheckDevice(m.transcript, nil, sigalg.Credentials) })
	}
	for n, x := range t {
		b.ReportMetric(float64(x.Nanoseconds())/float64(b.N), n+"_ns")
	}
}
