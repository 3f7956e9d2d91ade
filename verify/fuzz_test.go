package verify_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// FuzzVerify: whatever is presented, nothing panics, and only what an issuer and a
// holder made is valid. Texts that differ from a good one are good only as
// sameDocument says.
func FuzzVerify(f *testing.F) {
	w := newWorld(f, verify.Options{})
	const nonce = "n-0S6_WzA2Mj"
	var seeds []string
	var requests []*verify.Request
	for _, s := range verifytest.Samples() {
		_, req := w.make(f, s.Name, verifytest.Context{Nonce: nonce})
		seeds = append(seeds, req.VPToken[soleID(req)][0])
		if s.Name == "sdjwt-pid-de" || s.Name == "mdoc-pid-de" {
			requests = append(requests, req)
		}
	}
	for _, raw := range seeds {
		f.Add(raw)
	}
	view := w.store.View()
	f.Fuzz(func(t *testing.T, raw string) {
		for _, r := range requests {
			req := *r
			req.VPToken = map[string][]string{soleID(r): {raw}}
			res := w.verifier.Verify(view, &req, w.now)
			if res.Verdict == verify.Valid && !slices.ContainsFunc(seeds, func(s string) bool { return s == raw || sameDocument(s, raw) }) {
				t.Errorf("valid: %q", raw)
			}
			assertSettled(t, res)
		}
		w.verifier.Explain(raw)
	})
}

// sameDocument says whether two DeviceResponses hold the same signed bytes, so
// that they differ only in what nobody signs: the outer maps' order of keys,
// version 1.x, and members that are not known (ISO/IEC 18013-5 allows them).
func sameDocument(a, b string) bool {
	parts := func(raw string) (out []byte, ok bool) {
		var r struct {
			Documents []struct {
				DocType      string `cbor:"docType"`
				IssuerSigned struct {
					NameSpaces map[string][]cbor.RawMessage `cbor:"nameSpaces"`
					IssuerAuth []cbor.RawMessage            `cbor:"issuerAuth"`
				} `cbor:"issuerSigned"`
				DeviceSigned struct {
					NameSpaces cbor.RawMessage              `cbor:"nameSpaces"`
					DeviceAuth map[string][]cbor.RawMessage `cbor:"deviceAuth"`
				} `cbor:"deviceSigned"`
			} `cbor:"documents"`
		}
		b, err := base64.RawURLEncoding.DecodeString(raw)
		if err != nil || cbor.Unmarshal(b, &r) != nil || len(r.Documents) != 1 {
			return nil, false
		}
		d := r.Documents[0]
		if len(d.IssuerSigned.IssuerAuth) != 4 || len(d.DeviceSigned.DeviceAuth["deviceSignature"]) != 4 {
			return nil, false
		}
		put := func(b []byte) { out = fmt.Appendf(out, "%x.", b) }
		put([]byte(d.DocType))
		// The unprotected header of issuerAuth holds the chain and what else may
		// stand there; the chain is checked by itself.
		for _, i := range []int{0, 2, 3} {
			put(d.IssuerSigned.IssuerAuth[i])
		}
		put(d.DeviceSigned.NameSpaces)
		for _, i := range []int{0, 2, 3} {
			put(d.DeviceSigned.DeviceAuth["deviceSignature"][i])
		}
		return out, true
	}
	x, ok := parts(a)
	y, ok2 := parts(b)
	return ok && ok2 && bytes.Equal(x, y)
}

// damage changes one byte, one bit, or one field of a presentation: deletes,
// doubles, swaps, or replaces it.
func damage(r *rand.Rand, b []byte, separators string) []byte {
	out := bytes.Clone(b)
	at := r.IntN(len(out))
	switch r.IntN(6) {
	case 0:
		out[at] ^= 1 << r.IntN(8)
	case 1:
		out[at] = byte(r.UintN(256))
	case 2:
		out = append(out[:at], out[at+1:]...)
	case 3:
		out = append(out[:at+1], out[at:]...)
	case 4: // cut off
		out = out[:at]
	default: // a field, or a piece where there are none
		fields := bytes.FieldsFunc(out, func(c rune) bool { return strings.ContainsRune(separators, c) })
		if separators == "" || len(fields) < 3 {
			end := min(len(out), at+1+r.IntN(64))
			return append(out[:at], out[end:]...)
		}
		i, j := r.IntN(len(fields)), r.IntN(len(fields))
		return bytes.Replace(out, fields[i], fields[j], 1)
	}
	return out
}

// TestDamage: a valid presentation with a random change is never valid. For an
// SD-JWT there is no exception. In an mdoc, what nobody signs may change: it is
// then the same document, byte for byte in everything signed.
func TestDamage(t *testing.T) {
	const each = 1000
	w := commonWorld(t)
	view := w.store.View()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	harmless := make(map[string]int)
	for range each {
		for _, sample := range []string{"sdjwt-batch-copy", "mdoc-pid-de"} {
			_, req := w.make(t, sample, verifytest.Context{})
			id := soleID(req)
			raw := req.VPToken[id][0]
			damaged := string(damage(r, []byte(raw), "~."))
			if sample == "mdoc-pid-de" {
				b, err := base64.RawURLEncoding.DecodeString(raw)
				if err != nil {
					t.Fatal(err)
				}
				damaged = b64url(damage(r, b, ""))
			}
			if damaged == raw {
				continue
			}
			req.VPToken[id][0] = damaged
			res := w.verifier.Verify(view, req, w.now)
			assertSettled(t, res)
			if res.Verdict != verify.Valid {
				continue
			}
			if sample != "mdoc-pid-de" || !sameDocument(raw, damaged) {
				t.Fatalf("seed %d: %s is valid with %d of %d bytes changed", seed, sample, differences(raw, damaged), len(raw))
			}
			harmless[sample]++
		}
	}
	t.Logf("%d cases of each; changed where nobody signs, and still valid: %v", each, harmless)
}

func differences(a, b string) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n + max(len(a), len(b)) - min(len(a), len(b))
}

// TestUnsignedMembers: a text key that nobody knows, in the maps of a
// DeviceResponse that nobody signs, is ignored: this is the harmless change that
// TestDamage may meet.
func TestUnsignedMembers(t *testing.T) {
	w := commonWorld(t)
	add := func(m obj) { m["x"] = "y" }
	for name, change := range map[string]func(*verifytest.MdocPresentation){
		"DeviceResponse": func(p *verifytest.MdocPresentation) { p.MutateResponse = add },
		"Document":       func(p *verifytest.MdocPresentation) { p.MutateDocument = add },
		"DeviceSigned":   func(p *verifytest.MdocPresentation) { p.MutateDeviceSigned = add },
		"version 1.7":    func(p *verifytest.MdocPresentation) { p.MutateResponse = func(m obj) { m["version"] = "1.7" } },
	} {
		if res := w.verify(md{present: change}.build(t, w)); res.Verdict != verify.Valid {
			t.Errorf("%s: %q", name, codes(res))
		}
	}
}
