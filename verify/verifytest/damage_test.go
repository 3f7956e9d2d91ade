package verifytest

import (
	"bytes"
	"crypto/elliptic"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func TestFlipBit(t *testing.T) {
	b := []byte{2, 4, 6}
	for at, want := range map[int][]byte{0: {3, 4, 6}, -1: {2, 4, 7}, 3: {2, 4, 6}, -4: {2, 4, 6}} {
		if got := FlipBit(b, at); !bytes.Equal(got, want) {
			t.Errorf("%d: %v", at, got)
		}
	}
	if !bytes.Equal(b, []byte{2, 4, 6}) {
		t.Error("the original was changed")
	}
}

func TestDamageJWS(t *testing.T) {
	key := testWorld(t).Operator.Private
	jws := must[string](t)(SignJWS(map[string]any{"alg": "ES256"}, map[string]any{"a": 1}, key))
	signed, sig, _ := cutLast(jws)
	if !verifies(&key.PublicKey, []byte(signed), unbase64(t, sig)) {
		t.Fatal("not signed")
	}
	damaged := DamageSignature(jws)
	if same, sig, _ := cutLast(damaged); same != signed || verifies(&key.PublicKey, []byte(signed), unbase64(t, sig)) {
		t.Error("DamageSignature")
	}
	rewritten := must[string](t)(RewriteJWS(jws, func(h, p map[string]any) { h["alg"], p["a"] = "none", 2 }))
	if now, same, _ := cutLast(rewritten); same != sig || verifies(&key.PublicKey, []byte(now), unbase64(t, same)) {
		t.Error("RewriteJWS")
	}
	if _, err := RewriteJWS("a.b", nil); err == nil {
		t.Error("two parts make no JWS")
	}
}

func cutLast(jws string) (signed, sig string, ok bool) {
	at := strings.LastIndexByte(jws, '.')
	return jws[:at], jws[at+1:], at >= 0
}

func TestRawMap(t *testing.T) {
	b := must[cbor.RawMessage](t)(RawMap("a", 1, "a", 2))
	if !bytes.Equal(b, []byte{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}) {
		t.Errorf("%x", []byte(b))
	}
	if _, err := RawMap("a"); err == nil {
		t.Error("a key without a value")
	}
}

// TestCurves: each curve has its algorithm, in both encodings, and its hash.
func TestCurves(t *testing.T) {
	w := testWorld(t)
	for _, c := range []struct {
		curve elliptic.Curve
		jose  string
		cose  int
		size  int
	}{{elliptic.P256(), "ES256", -7, 64}, {elliptic.P384(), "ES384", -35, 96}, {elliptic.P521(), "ES512", -36, 132}} {
		o := w.PID("DE").CertOptions(testNow, "Signer", w.PID("DE").CA)
		o.Curve = c.curve
		k := must[*Key](t)(Certify(o))
		sig := must[[]byte](t)(sign(k.Private, []byte("message")))
		if algJOSE(k.Private) != c.jose || algCOSE(k.Private) != c.cose || len(sig) != c.size {
			t.Errorf("%s: %s %d, %d bytes", c.jose, algJOSE(k.Private), algCOSE(k.Private), len(sig))
		}
	}
}

// TestMdocMutators: every kind of damage reaches its place.
func TestMdocMutators(t *testing.T) {
	w := testWorld(t)
	m := issueMDL(t, w, func(o *MdocOptions) {
		o.DigestAlg, o.X5T, o.ProtectedX5Chain = "SHA-512", true, true
		o.KeyAuthorizations = &KeyAuthorizations{NameSpaces: []string{"n"}, DataElements: map[string][]string{"m": {"e"}}}
		o.MutateItem = func(_ string, item map[string]any) { item["random"] = []byte{1} }
		o.MutateMSO = func(mso map[string]any) { mso["version"] = "9.9" }
		o.MutateHeaders = func(_, unprotected map[any]any) { unprotected[4] = []byte("kid") }
	})
	b := must[[]byte](t)(m.Present(MdocPresentation{
		Transcript: []byte{0x80}, Disclose: map[string][]string{NamespaceMDL: {"portrait"}},
		Items:              func(items []Item) []Item { return append(items, items[0]) },
		MutateDeviceSigned: func(d map[string]any) { d["deviceAuth"] = map[string]any{"none": 1} },
		MutateDocument:     func(d map[string]any) { d["docType"] = "other" },
		MutateResponse:     func(r map[string]any) { r["status"] = 12 },
		Damage:             func(b []byte) []byte { return append(b, 0xf6) },
	}))
	if b[len(b)-1] != 0xf6 {
		t.Fatal("Damage")
	}
	r := openCBOR[openedResponse](t, b[:len(b)-1])
	doc := r.Documents[0]
	items := doc.IssuerSigned.NameSpaces[NamespaceMDL]
	mso := openCBOR[openedMSO](t, open24(t, doc.IssuerSigned.IssuerAuth.Payload))
	protected := openCBOR[map[int]any](t, doc.IssuerSigned.IssuerAuth.Protected)
	switch {
	case r.Status != 12, doc.DocType != "other", len(items) != 2, doc.DeviceSigned.DeviceAuth["none"] == nil:
		t.Error("the presentation")
	case len(openCBOR[openedItem](t, open24(t, items[0])).Random) != 1, mso.Version != "9.9", mso.DigestAlgorithm != "SHA-512":
		t.Error("the MSO")
	case protected[33] == nil, protected[34] == nil, doc.IssuerSigned.IssuerAuth.Unprotected[4] == nil:
		t.Error("the headers")
	}
	for _, digests := range mso.ValueDigests {
		for _, d := range digests {
			if len(d) != 64 {
				t.Errorf("a digest of %d bytes", len(d))
			}
		}
	}
}
