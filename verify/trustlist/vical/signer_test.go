package vical

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const day = 24 * time.Hour

// signerOptions are those of a good VICAL signer below issuer.
func signerOptions(issuer *verifytest.Key) verifytest.CertOptions {
	return verifytest.CertOptions{
		Subject: pkix.Name{CommonName: "Signer", Country: []string{"US"}}, Issuer: issuer,
		NotBefore: now.Add(-day), NotAfter: now.Add(day), EKU: []asn1.ObjectIdentifier{verifytest.OIDVICAL},
	}
}

func authority(name string, issuer *verifytest.Key, pathLen int) *verifytest.Key {
	return must(verifytest.Certify(verifytest.CertOptions{
		Subject: pkix.Name{CommonName: name}, Issuer: issuer, CA: true, PathLen: pathLen,
		NotBefore: now.Add(-100 * day), NotAfter: now.Add(100 * day),
	}))
}

// signed is a VICAL by a signer, verified under what is pinned.
func (w world) signed(at time.Time, signer *verifytest.Key, chain [][]byte, pinned ...*x509.Certificate) error {
	_, err := verify(must(w.VICAL(verifytest.VICALOptions{Signer: signer, Chain: chain})), Options{}, at, pinned...)
	return err
}

// TestPath: the path from x5chain to a pinned certificate.
func TestPath(t *testing.T) {
	w := newWorld(t)
	root := authority("Root", nil, -1)
	inter := authority("Intermediate", root, 0)
	signer := must(verifytest.Certify(signerOptions(inter)))
	impostor := authority("Root", nil, -1) // the root's name
	shallow := authority("Shallow Root", nil, 0)
	below := must(verifytest.Certify(signerOptions(authority("Intermediate", shallow, 0))))

	leaf, mid, top := signer.Cert.Raw, inter.Cert.Raw, root.Cert.Raw
	for _, c := range []struct {
		name   string
		signer *verifytest.Key
		chain  [][]byte
		pinned []*x509.Certificate
		code   reason.Code
		part   string
	}{
		{"without its root", signer, [][]byte{leaf, mid}, certs(root), "", ""},
		{"with its root", signer, [][]byte{leaf, mid, top}, certs(root), "", ""},
		{"the intermediate pinned", signer, [][]byte{leaf, mid, top}, certs(inter), "", ""},
		{"the intermediate pinned and not sent", signer, [][]byte{leaf}, certs(inter), "", ""},
		{"among others pinned", signer, [][]byte{leaf, mid}, []*x509.Certificate{nil, w.root(), root.Cert}, "", ""},
		{"behind one of the same name", signer, [][]byte{leaf, mid}, certs(impostor, root), "", ""},
		{"the World's own", w.VICALSigner(), nil, certs(w.VICALRoot()), "", ""},
		{"nothing pinned", signer, [][]byte{leaf, mid, top}, nil, reason.VICALSignerUntrusted, "none of the 0"},
		{"another root", signer, [][]byte{leaf, mid, top}, certs(w.VICALRoot()), reason.VICALSignerUntrusted, "none of the 1"},
		{"a root of the same name", signer, [][]byte{leaf, mid}, certs(impostor), reason.VICALSignerUntrusted, "none of the 1"},
		{"the root sent is another of the same name", signer, [][]byte{leaf, mid, impostor.Cert.Raw}, certs(root), reason.VICALSignerUntrusted, ""},
		{"an intermediate is missing", signer, [][]byte{leaf}, certs(root), reason.VICALSignerUntrusted, "none of the 1"},
		{"wrong order", signer, [][]byte{leaf, top, mid}, certs(root), reason.VICALSignerUntrusted, "none of the 1"},
		{"something in between", signer, [][]byte{leaf, impostor.Cert.Raw, mid}, certs(root), reason.VICALSignerUntrusted, "next one's subject"},
		{"only the root's name fits", signer, [][]byte{leaf, authority("Intermediate", impostor, 0).Cert.Raw}, certs(root), reason.VICALSignerUntrusted, ""},
		{"deeper than the root allows", below, [][]byte{below.Cert.Raw, below.Issuer.Cert.Raw}, certs(shallow), reason.VICALSignerUntrusted, "than it allows"},
		{"signed under a CA that the list names", must(verifytest.Certify(signerOptions(w.State().CA))), nil, certs(w.VICALRoot()), reason.VICALSignerUntrusted, "none of the 1"},
		{"the signer itself pinned", signer, [][]byte{leaf, mid}, certs(signer), reason.VICALSignerUntrusted, "none of the 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantDetail(t, w.signed(now, c.signer, c.chain, c.pinned...), c.code, c.part)
		})
	}
}

func certs(keys ...*verifytest.Key) (list []*x509.Certificate) {
	for _, k := range keys {
		list = append(list, k.Cert)
	}
	return list
}

// TestPathTime: every certificate of the path has to be valid at now. One second
// before and after each end.
func TestPathTime(t *testing.T) {
	w := newWorld(t)
	root := authority("Root", nil, 0)
	signer := must(verifytest.Certify(signerOptions(root)))
	old := signerOptions(root)
	old.NotBefore, old.NotAfter = now.Add(-200*day), now.Add(200*day) // outlives the root
	outlives := must(verifytest.Certify(old))
	for _, c := range []struct {
		name   string
		signer *verifytest.Key
		from   time.Time
		to     time.Time
	}{
		{"signer", signer, signer.Cert.NotBefore, signer.Cert.NotAfter},
		{"root", outlives, root.Cert.NotBefore, root.Cert.NotAfter},
	} {
		for at, code := range map[time.Time]reason.Code{
			c.from.Add(-time.Second): reason.VICALSignerUntrusted, c.from: "",
			c.to: "", c.to.Add(time.Second): reason.VICALSignerUntrusted,
		} {
			t.Run(c.name+" "+at.Format(time.RFC3339), func(t *testing.T) {
				want(t, w.signed(at, c.signer, nil, root.Cert), code)
			})
		}
	}
}

// TestSignerProfile: what the signer's certificate has to be good for.
func TestSignerProfile(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		change func(*verifytest.CertOptions)
		code   reason.Code
	}{
		{"good", func(*verifytest.CertOptions) {}, ""},
		{"no extended key usage", func(o *verifytest.CertOptions) { o.EKU = nil }, reason.VICALSignerUntrusted},
		{"that of document signers", func(o *verifytest.CertOptions) { o.EKU = []asn1.ObjectIdentifier{verifytest.OIDmdlDS} }, reason.VICALSignerUntrusted},
		{"any", func(o *verifytest.CertOptions) { o.EKU = []asn1.ObjectIdentifier{{2, 5, 29, 37, 0}} }, reason.VICALSignerUntrusted},
		{"among others", func(o *verifytest.CertOptions) { o.EKU = append(o.EKU, verifytest.OIDmdlDS) }, ""},
		{"a CA", func(o *verifytest.CertOptions) { o.CA = true }, reason.VICALSignerUntrusted},
		{"no key usage", usage(0), reason.VICALSignerUntrusted},
		{"key agreement", usage(x509.KeyUsageKeyAgreement), reason.VICALSignerUntrusted},
		{"contentCommitment, as AAMVA's", usage(x509.KeyUsageContentCommitment), ""},
		{"P-384", func(o *verifytest.CertOptions) { o.Curve = elliptic.P384() }, ""},
		{"P-521", func(o *verifytest.CertOptions) { o.Curve = elliptic.P521() }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := signerOptions(w.VICALRoot())
			c.change(&o)
			want(t, w.signed(now, must(verifytest.Certify(o)), nil, w.root()), c.code)
		})
	}
}

func usage(u x509.KeyUsage) func(*verifytest.CertOptions) {
	return func(o *verifytest.CertOptions) { o.Edit = func(c *x509.Certificate) { c.KeyUsage = u } }
}

// TestSignature: step 4.
func TestSignature(t *testing.T) {
	w := newWorld(t)
	stranger := newWorld(t).VICALSigner()
	good := must(w.VICAL(verifytest.VICALOptions{}))
	part := func(i int, change func([]byte) []byte) []byte {
		var parts []cbor.RawMessage
		var content []byte
		if err := cbor.Unmarshal(good, &parts); err != nil {
			t.Fatal(err)
		}
		if err := cbor.Unmarshal(parts[i], &content); err != nil {
			t.Fatal(err)
		}
		parts[i] = must(cbor.Marshal(change(content)))
		return must(cbor.Marshal(parts))
	}
	for _, c := range []struct {
		name string
		in   []byte
		part string
	}{
		{"signature", part(3, func(b []byte) []byte { return verifytest.FlipBit(b, 0) }), "does not verify"},
		{"signature cut off", part(3, func(b []byte) []byte { return b[:63] }), "does not verify"},
		{"no signature", part(3, func([]byte) []byte { return []byte{} }), "does not verify"},
		{"signature in DER", part(3, func([]byte) []byte { return asn1Signature(w, good) }), "does not verify"},
		{"payload", part(2, func(b []byte) []byte { return bytes.Replace(b, []byte("US-JF"), []byte("US-JG"), 1) }), "does not verify"},
		{"protected header", part(0, func([]byte) []byte { return must(cbor.Marshal(map[int]int{1: -7, 99: 0})) }), "does not verify"},
		{"another key", must(w.VICAL(verifytest.VICALOptions{Signer: stranger, Chain: w.VICALSigner().Chain()})), "does not verify"},
		{"ES384 with a P-256 key", must(w.VICAL(verifytest.VICALOptions{MutateHeaders: func(p, _ map[any]any) { p[1] = -35 }})), "does not fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify(c.in, Options{}, now, w.root())
			wantDetail(t, err, reason.VICALSignatureInvalid, c.part)
		})
	}
}

// asn1Signature signs what a VICAL signs, right in all but the encoding of the
// signature.
func asn1Signature(w world, b []byte) []byte {
	var parts []cbor.RawMessage
	if err := cbor.Unmarshal(b, &parts); err != nil {
		panic(err)
	}
	digest := sha256.Sum256(must(cbor.Marshal([]any{"Signature1", parts[0], []byte{}, parts[2]})))
	der := must(ecdsa.SignASN1(rand.Reader, w.VICALSigner().Private, digest[:]))
	if !ecdsa.VerifyASN1(&w.VICALSigner().Private.PublicKey, digest[:], der) {
		panic("the signature is not even good in DER")
	}
	return der
}

// TestNotAfter: the list ends with the first of its notAfter, MaxAge, and the
// certificates of its path.
func TestNotAfter(t *testing.T) {
	w := newWorld(t)
	date := now.Add(-time.Hour)
	for _, c := range []struct {
		name         string
		root, signer time.Duration // how long they live from now
		notAfter     time.Time
		want         time.Time
	}{
		{"date", 1000 * day, 900 * day, time.Time{}, date.Add(MaxAge)},
		{"signer", 1000 * day, 30 * day, time.Time{}, now.Add(30 * day)},
		{"root", 20 * day, 30 * day, time.Time{}, now.Add(20 * day)},
		{"notAfter", 1000 * day, 900 * day, now.Add(10 * day), now.Add(10 * day)},
		{"notAfter beyond all", 1000 * day, 900 * day, now.Add(500 * day), date.Add(MaxAge)},
		{"notAfter in the past", 1000 * day, 900 * day, now.Add(-day), now.Add(-day)},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := must(verifytest.Certify(verifytest.CertOptions{
				Subject: pkix.Name{CommonName: "Root"}, CA: true, NotBefore: now.Add(-100 * day), NotAfter: now.Add(c.root),
			}))
			o := signerOptions(root)
			o.NotAfter = now.Add(c.signer)
			b := must(w.VICAL(verifytest.VICALOptions{Date: date, NotAfter: c.notAfter, Signer: must(verifytest.Certify(o))}))
			l, err := verify(b, Options{}, now, root.Cert)
			want(t, err, "")
			if !l.NotAfter.Equal(c.want) {
				t.Errorf("got %v, want %v", l.NotAfter, c.want)
			}
		})
	}
}

// TestPayloadDigest: two signatures over one payload have one digest, two payloads
// have two.
func TestPayloadDigest(t *testing.T) {
	w := newWorld(t)
	var lists []*trustlist.List
	for _, id := range []uint64{1, 1, 2} {
		l, err := w.read(verifytest.VICALOptions{IssueID: id})
		want(t, err, "")
		lists = append(lists, l)
	}
	if lists[0].Payload != lists[1].Payload || lists[0].Payload == lists[2].Payload || lists[0].Payload == [32]byte{} {
		t.Error("payload digests")
	}
	if lists[0].Format != "vical" || !lists[0].Signer.Equal(w.VICALSigner().Cert) || !lists[0].SignedAt.Equal(now) || lists[0].Type != "" {
		t.Errorf("list %+v", lists[0])
	}
}
