package vical

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509/pkix"
	"fmt"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestParse: the outer form, before any signer is looked at. Each row damages a
// good VICAL in one way.
func TestParse(t *testing.T) {
	w := newWorld(t)
	good := must(w.VICAL(verifytest.VICALOptions{}))
	made := func(o verifytest.VICALOptions) []byte { return must(w.VICAL(o)) }
	headers := func(change func(protected, unprotected map[any]any)) []byte {
		return made(verifytest.VICALOptions{MutateHeaders: change})
	}
	payload := func(raw []byte) []byte {
		return made(verifytest.VICALOptions{Raw: func([]byte) []byte { return raw }})
	}
	chain := func(ders ...[]byte) []byte { return made(verifytest.VICALOptions{Chain: ders}) }
	swap := func(old, new []byte) []byte {
		if !bytes.Contains(good, old) {
			t.Fatalf("% x is not there", old)
		}
		return bytes.Replace(good, old, new, 1)
	}
	leaf := w.VICALSigner().Cert.Raw
	twice := must(verifytest.RawMap("a", 1, "a", 2))

	for _, c := range []struct {
		name string
		in   []byte
		code reason.Code
		part string
	}{
		{"good", good, "", ""},
		{"tag 18", append([]byte{0xd2}, good...), "", ""},
		{"tag 18 in two bytes", append([]byte{0xd8, 18}, good...), "", ""},
		{"tag 17", append([]byte{0xd1}, good...), reason.VICALMalformed, "tag"},
		{"tag 61 around tag 18", append([]byte{0xd8, 61, 0xd2}, good...), reason.VICALMalformed, "tag"},
		{"tag 18 twice", append([]byte{0xd2, 0xd2}, good...), reason.VICALMalformed, "COSE"},
		{"empty", nil, reason.VICALMalformed, "COSE"},
		{"JSON", []byte(`{"vicalProvider":"AAMVA"}`), reason.VICALMalformed, "COSE"},
		{"something follows", append(bytes.Clone(good), 0), reason.VICALMalformed, "COSE"},
		{"cut off", good[:len(good)-1], reason.VICALMalformed, "COSE"},
		{"indefinite array", append(append([]byte{0x9f}, good[1:]...), 0xff), reason.VICALMalformed, "COSE"},
		{"array of five", append(append([]byte{0x85}, good[1:]...), 0), reason.VICALMalformed, "COSE"},

		{"alg not protected", headers(func(p, u map[any]any) { delete(p, 1); u[1] = -7 }), reason.VICALMalformed, "protected header"},
		{"alg protected and not", headers(func(_, u map[any]any) { u[1] = -7 }), reason.VICALMalformed, "COSE"},
		{"alg under a text", headers(func(p, _ map[any]any) { delete(p, 1); p["1"] = -7 }), reason.VICALMalformed, "protected header"},
		{"alg in three bytes", headers(func(p, _ map[any]any) { p[1] = cbor.RawMessage{0x39, 0, 6} }), "", ""},
		{"alg as a bignum", headers(func(p, _ map[any]any) { p[1] = cbor.RawMessage{0xc3, 0x41, 6} }), reason.VICALMalformed, "COSE"},
		{"no alg", headers(func(p, _ map[any]any) { delete(p, 1) }), reason.VICALMalformed, "protected header"},
		{"EdDSA", headers(func(p, _ map[any]any) { p[1] = -8 }), reason.VICALMalformed, "protected header"},
		{"PS256", headers(func(p, _ map[any]any) { p[1] = -37 }), reason.VICALMalformed, "protected header"},
		{"alg as text", headers(func(p, _ map[any]any) { p[1] = "ES256" }), reason.VICALMalformed, "protected header"},
		{"critical header", headers(func(p, _ map[any]any) { p[2] = []int{99} }), reason.VICALMalformed, "critical"},
		{"unknown headers", headers(func(p, u map[any]any) { p[99], u["x"] = 1, 1 }), "", ""},
		{"repeated key in a header", headers(func(_, u map[any]any) { u[99] = twice }), reason.VICALMalformed, "twice"},

		{"x5chain protected", headers(func(p, u map[any]any) { p[33] = u[33]; delete(u, 33) }), reason.VICALMalformed, "x5chain is protected"},
		{"x5chain protected and not", headers(func(p, u map[any]any) { p[33] = u[33] }), reason.VICALMalformed, "COSE"},
		{"x5chain under a text", headers(func(_, u map[any]any) { u["33"] = u[33]; delete(u, 33) }), reason.VICALMalformed, "no x5chain"},
		{"the label of x5chain in three bytes", swap([]byte{0xa1, 0x18, 33}, []byte{0xa1, 0x19, 0, 33}), "", ""},
		{"x5chain twice, its label in two forms", swap([]byte{0xa1, 0x18, 33}, []byte{0xa2, 0x19, 0, 33, 0x40, 0x18, 33}), reason.VICALMalformed, "COSE"},
		{"an empty x5chain", headers(func(_, u map[any]any) { u[33] = [][]byte{} }), reason.VICALMalformed, "COSE"},
		{"x5chain under a tag", headers(func(_, u map[any]any) { u[33] = cbor.Tag{Number: 24, Content: leaf} }), reason.VICALMalformed, "COSE"},
		{"no x5chain", headers(func(_, u map[any]any) { delete(u, 33) }), reason.VICALMalformed, "no x5chain"},
		{"x5chain in an array of one", headers(func(_, u map[any]any) { u[33] = [][]byte{leaf} }), "", ""},
		{"x5chain with its root", chain(leaf, w.root().Raw), "", ""},
		{"x5chain as text", headers(func(_, u map[any]any) { u[33] = "certificate" }), reason.VICALMalformed, "COSE"},
		{"x5chain is no certificate", chain([]byte{0x30, 0}), reason.VICALMalformed, "does not parse"},
		{"five certificates", chain(leaf, leaf, leaf, leaf, leaf), "", ""},
		{"six certificates", chain(leaf, leaf, leaf, leaf, leaf, leaf), reason.VICALSignerUntrusted, "more than 5"},
		{"key of a curve that is not supported", chain(oddCurve(t, w)), reason.VICALSignerUntrusted, "not supported"},

		{"more items claimed than there are", payload([]byte{0xa1, 0x61, 'x', 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), reason.VICALMalformed, "well-formed"},
		{"more members claimed than there are", payload([]byte{0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), reason.VICALMalformed, "well-formed"},
		{"more bytes claimed than there are", payload([]byte{0xa1, 0x61, 'x', 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), reason.VICALMalformed, "well-formed"},
		{"a million tags", payload(append(append([]byte{0xa1, 0x61, 'x'}, bytes.Repeat([]byte{0xc1}, 1<<20)...), 0)), reason.VICALMalformed, "well-formed"},
		{"payload is an array", payload([]byte{0x80}), reason.VICALMalformed, "not a map"},
		{"payload is empty", payload([]byte{}), reason.VICALMalformed, "well-formed"},
		{"payload of indefinite length", payload([]byte{0xbf, 0xff}), reason.VICALMalformed, "well-formed"},
		{"indefinite length in the payload", payload([]byte{0xa1, 0x61, 'a', 0x9f, 0xff}), reason.VICALMalformed, "well-formed"},
		{"payload under a tag", payload([]byte{0xd8, 24, 0xa0}), reason.VICALMalformed, "not a map"},
		{"repeated key", payload(twice), reason.VICALMalformed, "twice"},
		{"repeated key, another form of it", payload([]byte{0xa2, 0x61, 'a', 0, 0x78, 1, 'a', 0}), reason.VICALMalformed, "twice"},
		{"repeated key in what nobody reads", payload(append([]byte{0xa1, 0x61, 'x', 0x81}, twice...)), reason.VICALMalformed, "twice"},
		{"nested as deep as allowed", payload(nested(MaxDepth)), "", ""},
		{"nested deeper", payload(nested(MaxDepth + 1)), reason.VICALMalformed, "too deep"},
		{"as many members as are read", payload(members(maxMembers)), "", ""},
		{"more members", payload(members(maxMembers + 1)), reason.VICALMalformed, "at most 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.in)
			wantDetail(t, err, c.code, c.part)
		})
	}
	t.Run("detached", func(t *testing.T) {
		var parts []cbor.RawMessage
		if err := cbor.Unmarshal(good, &parts); err != nil {
			t.Fatal(err)
		}
		parts[2] = cbor.RawMessage{0xf6}
		_, err := Parse(must(cbor.Marshal(parts)))
		wantDetail(t, err, reason.VICALMalformed, "detached")
	})
}

// TestSize: bytes are counted before anything is read.
func TestSize(t *testing.T) {
	_, err := Parse(make([]byte, MaxList))
	want(t, err, reason.VICALMalformed)
	_, err = Parse(make([]byte, MaxList+1))
	want(t, err, reason.VICALTooLarge)
}

// nested is a map that holds arrays within each other, depth levels in all.
func nested(depth int) []byte {
	arrays := append(bytes.Repeat([]byte{0x81}, depth-2), 0x80)
	return append([]byte{0xa1, 0x61, 'x'}, arrays...)
}

func members(n int) []byte {
	m := make(map[string]int)
	for i := range n {
		m[fmt.Sprint("member ", i)] = i
	}
	return must(cbor.Marshal(m))
}

// oddCurve is a certificate for a key that crypto/x509 can read and no profile
// allows.
func oddCurve(t *testing.T, w world) []byte {
	t.Helper()
	key := must(verifytest.Certify(verifytest.CertOptions{
		Subject: pkix.Name{CommonName: "odd"}, Curve: elliptic.P224(), NotBefore: now, NotAfter: now, Issuer: w.VICALRoot(),
	}))
	return key.Cert.Raw
}

// TestClaims: what a VICAL says of itself is read whoever signed it, and nothing is
// made of what cannot be read.
func TestClaims(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		change func(obj)
		want   Claims
	}{
		{"good", func(obj) {}, Claims{verifytest.VICALProvider, 7}},
		{"no number", func(p obj) { delete(p, "vicalIssueID") }, Claims{Provider: verifytest.VICALProvider}},
		{"another type of number", func(p obj) { p["vicalIssueID"] = "7" }, Claims{Provider: verifytest.VICALProvider}},
		{"no provider", func(p obj) { delete(p, "vicalProvider") }, Claims{IssueID: 7}},
		{"a provider without end", func(p obj) { p["vicalProvider"] = string(make([]byte, maxText+1)) }, Claims{IssueID: 7}},
		{"nothing", func(p obj) { clear(p) }, Claims{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stranger := newWorld(t)
			b := must(w.VICAL(verifytest.VICALOptions{IssueID: 7, Mutate: c.change, Signer: stranger.VICALSigner()}))
			if got := must(Parse(b)).Claims(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
