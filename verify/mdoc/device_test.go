package mdoc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestCheckDevice(t *testing.T) {
	key := bytes.Repeat([]byte{9}, EMacKeySize)
	proof := func(change func(parts []any) any) func(m *maker) {
		return func(m *maker) { m.proof = change }
	}
	withMAC := func(more func(m *maker)) func(m *maker) {
		return func(m *maker) {
			m.emacKey = key
			if more != nil {
				more(m)
			}
		}
	}
	deviceAuth := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.deviceSigned = within("deviceAuth", change) }
	}
	deviceKey := func(change func(map[any]any)) func(m *maker) {
		return func(m *maker) { change(m.deviceKey.(map[any]any)) }
	}
	okp := func(crv int) func(m *maker) {
		return func(m *maker) { m.deviceKey = map[any]any{1: 1, -1: crv, -2: make([]byte, 32)} }
	}
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	tests := []struct {
		name   string
		method string
		code   reason.Code
		with   func(m *maker)
	}{
		{"signature", MethodSignature, "", func(*maker) {}},
		{"signature, fully specified algorithm", MethodSignature, "", func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { p[1] = -9 }
		}},
		{"signature over device elements", MethodSignature, "", func(m *maker) {
			m.device = map[string]any{"a": map[string]any{"b": 1}}
		}},
		{"signature flipped", MethodSignature, reason.DeviceSignatureInvalid, proof(func(p []any) any { p[3] = flip(p[3].([]byte), 3); return p })},
		{"signature by another key", MethodSignature, reason.DeviceSignatureInvalid, func(m *maker) { m.deviceKey = coseKey(&other.PublicKey) }},
		{"signature over another docType", MethodSignature, reason.DeviceSignatureInvalid, func(m *maker) {
			m.document = add("docType", typePID)
			m.mso = add("docType", typePID)
		}},
		{"signature over other device elements", MethodSignature, reason.DeviceSignatureInvalid, func(m *maker) {
			m.deviceSigned = add("nameSpaces", tag24([]byte{0xa1, 0x61, 'a', 0xa1, 0x61, 'b', 1}))
		}},
		{"device elements encoded again with a longer length", MethodSignature, reason.DeviceSignatureInvalid, func(m *maker) {
			m.deviceSigned = add("nameSpaces", cbor.RawMessage{0xd8, 24, 0x58, 1, 0xa0})
		}},
		{"signature with its payload", MethodSignature, reason.MdocMalformed, proof(func(p []any) any { p[2] = []byte("x"); return p })},
		{"signature tagged", MethodSignature, reason.MdocMalformed, proof(func(p []any) any { return cbor.Tag{Number: 18, Content: p} })},
		{"signature of three", MethodSignature, reason.MdocMalformed, proof(func(p []any) any { return p[:3] })},
		{"signature with crit", MethodSignature, reason.MdocMalformed, func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { p[2] = []any{100}; p[100] = 0 }
		}},
		{"signature by HMAC", MethodSignature, reason.AlgUnsupported, func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { p[1] = 5 }
		}},
		{"signature of another curve's algorithm", MethodSignature, reason.AlgUnsupported, func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { p[1] = -35 }
		}},
		{"device key X25519", MethodSignature, reason.AlgUnsupported, okp(4)},
		{"device key Ed448", MethodSignature, reason.AlgUnsupported, okp(7)},
		{"device key Ed25519 with ES256", MethodSignature, reason.AlgUnsupported, okp(6)},
		{"device key brainpoolP256r1", MethodSignature, reason.AlgUnsupported, deviceKey(func(k map[any]any) { k[-1] = 256 })},
		{"device key secp256k1", MethodSignature, reason.AlgUnsupported, deviceKey(func(k map[any]any) { k[-1] = 8 })},
		{"device key symmetric", MethodSignature, reason.AlgUnsupported, deviceKey(func(k map[any]any) { k[1] = 4 })},
		{"device key without x", MethodSignature, reason.MSOMalformed, deviceKey(func(k map[any]any) { delete(k, -2) })},
		{"device key off the curve", MethodSignature, reason.MSOMalformed, deviceKey(func(k map[any]any) { k[-2] = make([]byte, 32) })},
		{"device key x too short", MethodSignature, reason.MSOMalformed, deviceKey(func(k map[any]any) { k[-2] = k[-2].([]byte)[1:] })},
		{"device key private", MethodSignature, reason.MSOMalformed, deviceKey(func(k map[any]any) { k[-4] = make([]byte, 32) })},
		{"MAC", MethodMAC, "", withMAC(nil)},
		{"MAC, device key of a curve that cannot sign", MethodMAC, "", withMAC(okp(4))},
		{"MAC flipped", MethodMAC, reason.DeviceMacInvalid, withMAC(proof(func(p []any) any { p[3] = flip(p[3].([]byte), 3); return p }))},
		{"MAC truncated", MethodMAC, reason.DeviceMacInvalid, withMAC(proof(func(p []any) any { p[3] = p[3].([]byte)[:8]; return p }))},
		{"MAC empty", MethodMAC, reason.DeviceMacInvalid, withMAC(proof(func(p []any) any { p[3] = []byte{}; return p }))},
		{"MAC by another key", MethodMAC, reason.DeviceMacInvalid, func(m *maker) { m.emacKey = make([]byte, EMacKeySize) }},
		{"MAC with its payload", MethodMAC, reason.MdocMalformed, withMAC(proof(func(p []any) any { p[2] = []byte("x"); return p }))},
		{"MAC tagged", MethodMAC, reason.MdocMalformed, withMAC(proof(func(p []any) any { return cbor.Tag{Number: 17, Content: p} }))},
		{"MAC by another algorithm", MethodMAC, reason.AlgUnsupported, withMAC(func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { p[1] = 4 } // HMAC 256/64
		})},
		{"MAC without an algorithm", MethodMAC, reason.AlgUnsupported, withMAC(func(m *maker) {
			m.deviceHeaders = func(p map[any]any) { delete(p, 1) }
		})},
		{"both", MethodSignature, reason.DeviceAuthAmbiguous, deviceAuth(add("deviceMac", []any{[]byte{}, map[any]any{}, nil, []byte{}}))},
		{"neither", MethodSignature, reason.DeviceAuthMissing, deviceAuth(remove("deviceSignature"))},
		{"an unknown one", MethodSignature, reason.DeviceAuthMissing, deviceAuth(func(a map[string]any) {
			a["deviceSeal"] = a["deviceSignature"]
			delete(a, "deviceSignature")
		})},
		{"no deviceAuth", MethodSignature, reason.DeviceAuthMissing, func(m *maker) { m.deviceSigned = remove("deviceAuth") }},
		{"no deviceSigned", MethodSignature, reason.DeviceAuthMissing, func(m *maker) { m.document = remove("deviceSigned") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			test.with(m)
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if err != nil {
				t.Fatal(err)
			}
			method, err := i.CheckDevice(m.transcript, key, sigalgs)
			if reason.CodeOf(err) != test.code || method != test.method {
				t.Errorf("%s, %v, want %s, %q", method, err, test.method, test.code)
			}
		})
	}
}

func TestHasDeviceAuth(t *testing.T) {
	tests := []struct {
		name string
		want bool
		with func(m *maker)
	}{
		{"signature", true, func(*maker) {}},
		{"an unknown member", true, func(m *maker) { m.deviceSigned = add("deviceAuth", map[string]any{"x": 1}) }},
		{"empty", false, func(m *maker) { m.deviceSigned = add("deviceAuth", map[string]any{}) }},
		{"no deviceSigned", false, func(m *maker) { m.document = remove("deviceSigned") }},
	}
	for _, test := range tests {
		m := newMaker()
		test.with(m)
		i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
		if err != nil {
			t.Fatal(err)
		}
		if got := i.HasDeviceAuth(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestDeviceAlgorithms covers what the caller allows and the curves beside P-256.
func TestDeviceAlgorithms(t *testing.T) {
	m := newMaker()
	i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.CheckDevice(m.transcript, nil, sigalg.Set{sigalg.ES384}); reason.CodeOf(err) != reason.AlgUnsupported {
		t.Error(err)
	}
	for _, curve := range []struct {
		elliptic.Curve
		alg int
	}{{elliptic.P384(), -35}, {elliptic.P521(), -36}} {
		m, key := newMaker(), must(ecdsa.GenerateKey(curve.Curve, rand.Reader))
		m.deviceKey = coseKey(&key.PublicKey)
		m.deviceHeaders = func(p map[any]any) { p[1] = curve.alg }
		m.proof = func(p []any) any {
			tbs := tag24(encode([]any{"DeviceAuthentication", cbor.RawMessage(m.transcript), m.docType, tag24([]byte{0xa0})}))
			p[3] = sign(key, p[0].([]byte), tbs)
			return p
		}
		verifyAll(t, m.make(), m.signer.cert, m.transcript)
	}
}

// TestDeviceSession has a good signature and a session that is another, or none.
func TestDeviceSession(t *testing.T) {
	m := newMaker()
	i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		transcript []byte
		code       reason.Code
	}{
		{"its own", m.transcript, ""},
		{"another nonce", TranscriptRedirect("x509_hash:abc", "other", nil, "https://rp.example/response"), reason.DeviceSignatureInvalid},
		{"another client", TranscriptRedirect("abc", "nonce", nil, "https://rp.example/response"), reason.DeviceSignatureInvalid},
		{"another response URI", TranscriptRedirect("x509_hash:abc", "nonce", nil, "https://rp.example/response/"), reason.DeviceSignatureInvalid},
		{"encrypted", TranscriptRedirect("x509_hash:abc", "nonce", make([]byte, 32), "https://rp.example/response"), reason.DeviceSignatureInvalid},
		{"another flow", TranscriptDCAPI("https://rp.example", "nonce", nil), reason.DeviceSignatureInvalid},
		{"none", nil, reason.SessionTranscriptMissing},
		{"not an array", []byte{0xa0}, reason.SessionTranscriptMissing},
		{"in tag 24", tag24(m.transcript), reason.SessionTranscriptMissing},
		{"with more behind it", append(bytes.Clone(m.transcript), 0), reason.SessionTranscriptMissing},
	}
	for _, test := range tests {
		if _, err := i.CheckDevice(test.transcript, nil, sigalgs); reason.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %q", test.name, err, test.code)
		}
	}
}

func TestEMacKeySize(t *testing.T) {
	m := newMaker()
	m.emacKey = bytes.Repeat([]byte{9}, EMacKeySize)
	i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 16, EMacKeySize - 1, EMacKeySize + 1, 64} {
		if _, err := i.CheckDevice(m.transcript, make([]byte, n), sigalgs); reason.CodeOf(err) != reason.DeviceMacKeyUnavailable {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	other := TranscriptDCAPI("https://rp.example", "nonce", nil)
	if _, err := i.CheckDevice(other, m.emacKey, sigalgs); reason.CodeOf(err) != reason.DeviceMacInvalid {
		t.Error("another session:", err)
	}
}

func TestCheckDeviceElements(t *testing.T) {
	authorise := func(v any) func(m *maker) {
		return func(m *maker) { m.mso = within("deviceKeyInfo", add("keyAuthorizations", v)) }
	}
	elements := map[string]any{"a": map[string]any{"x": 1, "y": 2}, "b": map[string]any{"z": 3}}
	tests := []struct {
		name   string
		device any
		forbid bool
		ok     bool
		with   func(m *maker)
	}{
		{"none", map[string]any{}, false, true, nil},
		{"none in a PID", map[string]any{}, true, true, nil},
		{"without authorisation", elements, false, false, nil},
		{"namespaces authorised", elements, false, true, authorise(map[string]any{"nameSpaces": []string{"a", "b"}})},
		{"one namespace authorised", elements, false, false, authorise(map[string]any{"nameSpaces": []string{"b"}})},
		{"elements authorised", elements, false, true, authorise(map[string]any{"dataElements": map[string]any{"a": []string{"y", "x"}, "b": []string{"z"}}})},
		{"one element not authorised", elements, false, false, authorise(map[string]any{"dataElements": map[string]any{"a": []string{"x"}, "b": []string{"z"}}})},
		{"authorised in another namespace", elements, false, false, authorise(map[string]any{"dataElements": map[string]any{"c": []string{"x", "y", "z"}}})},
		{"both ways", elements, false, true, authorise(map[string]any{"nameSpaces": []string{"a"}, "dataElements": map[string]any{"b": []string{"z"}}})},
		{"authorised in a PID", elements, true, false, authorise(map[string]any{"nameSpaces": []string{"a", "b"}})},
		{"an empty namespace in a PID", map[string]any{"a": map[string]any{}}, true, false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			m.device = test.device
			if test.with != nil {
				test.with(m)
			}
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := i.CheckDevice(m.transcript, nil, sigalgs); err != nil {
				t.Error(err)
			}
			err = i.CheckDeviceElements(test.forbid)
			if test.ok != (err == nil) || !test.ok && reason.CodeOf(err) != reason.DeviceKeyNotAuthorized {
				t.Error(err)
			}
			if got := i.DeviceElements(); len(got) != len(test.device.(map[string]any)) {
				t.Error(got)
			}
		})
	}
}
