package pki

import (
	"bytes"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestParseChain(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	leaf := issue(t, "leaf", root, false, nil)
	good := leaf.cert.Raw
	repeat := func(n int) (ders [][]byte) {
		for range n {
			ders = append(ders, good)
		}
		return ders
	}
	one := func(s string) [][]byte { return [][]byte{der(t, s)} }
	large := bytes.Repeat([]byte{0x30}, MaxCertificate+1)
	for _, c := range []struct {
		name string
		ders [][]byte
		code reason.Code
	}{
		{"one", repeat(1), ""},
		{"as many as allowed", repeat(MaxChain), ""},
		{"one too many", repeat(MaxChain + 1), reason.ChainTooLong},
		{"none", nil, reason.ChainInvalid},
		{"empty", [][]byte{{}}, reason.ChainInvalid},
		{"large as allowed", [][]byte{large[:MaxCertificate]}, reason.ChainInvalid},
		{"too large", [][]byte{large}, reason.ChainTooLong},
		{"garbage", [][]byte{[]byte("garbage")}, reason.ChainInvalid},
		{"trailing byte", [][]byte{append(bytes.Clone(good), 0)}, reason.ChainInvalid},
		{"cut off", [][]byte{good[:len(good)-1]}, reason.ChainInvalid},
		{"second is garbage", [][]byte{good, []byte("garbage")}, reason.ChainInvalid},
		{"brainpool", one(pemBrainpoolP256r1), reason.AlgUnsupported},
		{"secp256k1", one(pemSecp256k1), reason.AlgUnsupported},
		{"P-224", one(pemSecp224r1), reason.AlgUnsupported},
		{"explicit parameters", one(pemExplicit), reason.AlgUnsupported},
		{"RSASSA-PSS key", one(pemRsapss), reason.AlgUnsupported},
		{"Ed448", one(pemEd448), reason.AlgUnsupported},
		{"short RSA", one(pemRsa1024), reason.AlgUnsupported},
		{"negative serial number", one(pemNegative), reason.ChainInvalid},
		{"brainpool behind a good leaf", [][]byte{good, der(t, pemBrainpoolP256r1)}, reason.AlgUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain, err := ParseChain(c.ders)
			want(t, err, c.code)
			if err == nil && len(chain) != len(c.ders) {
				t.Fatalf("%d certificates of %d", len(chain), len(c.ders))
			}
		})
	}
}

func FuzzParseChain(f *testing.F) {
	root := issue(f, "root", nil, true, nil)
	f.Add(root.cert.Raw)
	f.Add(issue(f, "leaf", root, false, nil).cert.Raw)
	for _, s := range []string{pemBrainpoolP256r1, pemSecp256k1, pemRsapss, pemEd448, pemExplicit, pemNegative} {
		f.Add(der(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		chain, err := ParseChain([][]byte{b})
		switch code := reason.CodeOf(err); code {
		case "", reason.ChainInvalid, reason.ChainTooLong, reason.AlgUnsupported:
		default:
			t.Fatalf("unexpected code %q", code)
		}
		if err != nil {
			return
		}
		// Whatever parses must go through every check without a panic.
		_ = BuildPath(chain, root.cert, midYear)
		_ = BuildPath(chain, chain[0], midYear)
		_ = CheckDirect(chain[0], midYear)
		_, _ = MDLDocumentSigner.Check(chain)
		_, _, _, _ = SelfSigned(chain[0]), AgreesWithAnchor(chain[0], root.cert), Country(chain[0]), State(chain[0])
	})
}
