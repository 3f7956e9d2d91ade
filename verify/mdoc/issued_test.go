package mdoc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func flip(b []byte, at int) []byte {
	out := append([]byte(nil), b...)
	out[at] ^= 1
	return out
}

func TestVerifyIssuerRefuses(t *testing.T) {
	mso := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.mso = change }
	}
	payload := func(change func(mso cbor.RawMessage) any) func(m *maker) {
		return func(m *maker) { m.payload = change }
	}
	auth := func(part int) func(m *maker) {
		return func(m *maker) {
			m.issuerAuth = func(p []any) any { p[part] = flip(p[part].([]byte), len(p[part].([]byte))/2); return p }
		}
	}
	headers := func(change func(protected, unprotected map[any]any)) func(m *maker) {
		return func(m *maker) { m.headers = change }
	}
	sha512of := func(cert *x509.Certificate) []any { return []any{-44, sum("SHA-512", cert.Raw)} }
	tests := []struct {
		name string
		code reason.Code
		with func(m *maker)
	}{
		{"signature flipped", reason.IssuerSignatureInvalid, auth(3)},
		{"payload flipped", reason.IssuerSignatureInvalid, auth(2)},
		{"signature too short", reason.IssuerSignatureInvalid, func(m *maker) {
			m.issuerAuth = func(p []any) any { p[3] = p[3].([]byte)[1:]; return p }
		}},
		{"signature empty", reason.IssuerSignatureInvalid, func(m *maker) {
			m.issuerAuth = func(p []any) any { p[3] = []byte{}; return p }
		}},
		{"protected changed after signing", reason.IssuerSignatureInvalid, func(m *maker) {
			m.issuerAuth = func(p []any) any { p[0] = []byte(encode(map[any]any{1: -7, "x": 1})); return p }
		}},
		{"alg missing", reason.AlgUnsupported, headers(func(p, _ map[any]any) { delete(p, 1) })},
		{"alg unprotected", reason.AlgUnsupported, headers(func(p, u map[any]any) { delete(p, 1); u[1] = -7 })},
		{"alg as text", reason.AlgUnsupported, headers(func(p, _ map[any]any) { p[1] = "ES256" })},
		{"alg HMAC", reason.AlgUnsupported, headers(func(p, _ map[any]any) { p[1] = 5 })},
		{"alg ES384 with a P-256 key", reason.AlgUnsupported, headers(func(p, _ map[any]any) { p[1] = -35 })},
		{"x5t of another certificate", reason.MdocX5tMismatch, headers(func(p, _ map[any]any) { p[34] = []any{-16, make([]byte, 32)} })},
		{"x5t unprotected, of another certificate", reason.MdocX5tMismatch, headers(func(_, u map[any]any) { u[34] = []any{-16, make([]byte, 32)} })},
		{"x5t by another hash", reason.MdocX5tMismatch, headers(func(p, _ map[any]any) { p[34] = sha512of(german().cert) })},
		{"payload not wrapped", reason.MSOMalformed, payload(func(o cbor.RawMessage) any { return []byte(o) })},
		{"payload under another tag", reason.MSOMalformed, payload(func(o cbor.RawMessage) any { return []byte(encode(cbor.Tag{Number: 25, Content: []byte(o)})) })},
		{"payload followed by bytes", reason.MSOMalformed, payload(func(o cbor.RawMessage) any { return append([]byte(tag24(o)), 0) })},
		{"MSO followed by bytes", reason.MSOMalformed, payload(func(o cbor.RawMessage) any { return []byte(tag24(append(o, 0))) })},
		{"MSO with a duplicate key", reason.MSOMalformed, payload(func(o cbor.RawMessage) any {
			o[0]++
			return []byte(tag24(append(append(o, encode("version")...), encode("1.0")...)))
		})},
		{"payload empty", reason.MSOMalformed, payload(func(cbor.RawMessage) any { return []byte{} })},
		{"version missing", reason.MSOMalformed, mso(remove("version"))},
		{"version 2.0", reason.MdocVersionUnsupported, mso(add("version", "2.0"))},
		{"digestAlgorithm missing", reason.MSOMalformed, mso(remove("digestAlgorithm"))},
		{"digestAlgorithm SHA-1", reason.MSODigestAlgUnsupported, mso(add("digestAlgorithm", "SHA-1"))},
		{"digestAlgorithm in small letters", reason.MSODigestAlgUnsupported, mso(add("digestAlgorithm", "sha-256"))},
		{"valueDigests missing", reason.MSOMalformed, mso(remove("valueDigests"))},
		{"a digest too short", reason.MSOMalformed, mso(within("valueDigests", func(d map[string]any) {
			d[nsMDL].(map[any]any)[99] = make([]byte, 31)
		}))},
		{"a digest too long, of a namespace not presented", reason.MSOMalformed, mso(within("valueDigests", add("other", map[any]any{1: make([]byte, 33)})))},
		{"a digest empty", reason.MSOMalformed, mso(within("valueDigests", add("other", map[any]any{1: []byte{}})))},
		{"no digest but an empty one", reason.MSOMalformed, mso(add("valueDigests", map[string]any{"other": map[any]any{1: []byte{}}}))},
		{"a digestID twice", reason.MSOMalformed, mso(within("valueDigests", add("other",
			append(append(append(cbor.RawMessage{0xa2, 7}, encode(make([]byte, 32))...), 7), encode(make([]byte, 32))...))))},
		{"a digestID twice, the second in a longer form", reason.MSOMalformed, mso(within("valueDigests", add("other",
			append(append(append(cbor.RawMessage{0xa2, 7}, encode(make([]byte, 32))...), 0x18, 7), encode(make([]byte, 32))...))))},
		{"too many namespaces", reason.MSOMalformed, mso(within("valueDigests", func(d map[string]any) {
			for i := range maxNameSpaces {
				d[strings.Repeat("x", i)] = map[any]any{}
			}
		}))},
		{"deviceKeyInfo missing", reason.MSOMalformed, mso(remove("deviceKeyInfo"))},
		{"deviceKey missing", reason.MSOMalformed, mso(within("deviceKeyInfo", remove("deviceKey")))},
		{"deviceKey not a map", reason.MSOMalformed, mso(within("deviceKeyInfo", add("deviceKey", []any{})))},
		{"deviceKey with a duplicate", reason.MSOMalformed, mso(within("deviceKeyInfo", add("deviceKey", cbor.RawMessage{0xa2, 1, 2, 1, 2})))},
		{"authorised namespaces not text", reason.MSOMalformed, mso(within("deviceKeyInfo", add("keyAuthorizations", map[string]any{"nameSpaces": []any{1}})))},
		{"authorised elements not a list", reason.MSOMalformed, mso(within("deviceKeyInfo", add("keyAuthorizations", map[string]any{"dataElements": map[string]any{"a": "b"}})))},
		{"docType missing", reason.MSOMalformed, mso(remove("docType"))},
		{"docType another", reason.MdocDocTypeMismatch, mso(add("docType", typePID))},
		{"validityInfo missing", reason.MSOMalformed, mso(remove("validityInfo"))},
		{"signed missing", reason.MSOMalformed, mso(within("validityInfo", remove("signed")))},
		{"validFrom missing", reason.MSOMalformed, mso(within("validityInfo", remove("validFrom")))},
		{"validUntil missing", reason.MSOMalformed, mso(within("validityInfo", remove("validUntil")))},
		{"status not a map", reason.StatusReferenceMalformed, mso(add("status", []any{}))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			test.with(m)
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if code := reason.CodeOf(err); code != test.code || i != nil {
				t.Errorf("%v, %v, want %s", i, err, test.code)
			}
		})
	}
}

func TestVerifyIssuerKeys(t *testing.T) {
	m := newMaker()
	d := parseOne(t, m.make())
	if _, err := d.VerifyIssuer(newSigner("DE", "").cert, sigalgs); reason.CodeOf(err) != reason.IssuerSignatureInvalid {
		t.Error("another signer:", err)
	}
	if _, err := d.VerifyIssuer(m.signer.cert, sigalg.Set{sigalg.ES384}); reason.CodeOf(err) != reason.AlgUnsupported {
		t.Error("an algorithm not allowed:", err)
	}
	m.headers = func(protected, _ map[any]any) {
		sum := sha256.Sum256(m.signer.cert.Raw)
		protected[34] = []any{-16, sum[:]}
	}
	verifyAll(t, m.make(), m.signer.cert, m.transcript)

	for _, curve := range []struct {
		elliptic.Curve
		alg int
	}{{elliptic.P384(), -35}, {elliptic.P521(), -36}} {
		m := newMaker()
		key := must(ecdsa.GenerateKey(curve.Curve, rand.Reader))
		m.signer = &signer{key, &x509.Certificate{PublicKey: &key.PublicKey, Raw: []byte{1},
			NotBefore: german().cert.NotBefore, NotAfter: german().cert.NotAfter, Subject: german().cert.Subject}}
		m.headers = func(protected, _ map[any]any) { protected[1] = curve.alg }
		verifyAll(t, m.make(), m.signer.cert, m.transcript)
	}
}

func TestChain(t *testing.T) {
	m := newMaker()
	m.headers = func(p, u map[any]any) { p[33] = u[33]; delete(u, 33) }
	chain, err := parseOne(t, m.make()).Chain()
	if err != nil || len(chain) != 1 || string(chain[0]) != string(m.signer.cert.Raw) {
		t.Error("protected x5chain:", err)
	}
	m.headers = func(_, u map[any]any) { u[33] = []any{[]byte("leaf"), []byte("ca")} }
	chain, err = parseOne(t, m.make()).Chain()
	if err != nil || len(chain) != 2 || string(chain[0]) != "leaf" {
		t.Error("x5chain of two:", chain, err)
	}
	m.headers = func(_, u map[any]any) { delete(u, 33) }
	if _, err := parseOne(t, m.make()).Chain(); reason.CodeOf(err) != reason.MdocX5ChainMissing {
		t.Error("no x5chain:", err)
	}
}

func TestCheckDigests(t *testing.T) {
	wire := func(change func(raw cbor.RawMessage) cbor.RawMessage) func(m *maker) {
		return func(m *maker) {
			m.onWire = func(_ string, n int, raw cbor.RawMessage) cbor.RawMessage {
				if n == 0 {
					return change(raw)
				}
				return raw
			}
		}
	}
	tests := []struct {
		name string
		code reason.Code
		with func(m *maker)
	}{
		{"good", "", func(*maker) {}},
		{"good by SHA-384", "", func(m *maker) { m.digestAlg = "SHA-384" }},
		{"good by SHA-512", "", func(m *maker) { m.digestAlg = "SHA-512" }},
		{"a value changed", reason.MdocDigestMismatch, wire(func(raw cbor.RawMessage) cbor.RawMessage { return flip(raw, bytes.Index(raw, []byte("Mustermann"))) })},
		{"a value changed, SHA-384", reason.MdocDigestMismatch, func(m *maker) {
			m.digestAlg = "SHA-384"
			wire(func(raw cbor.RawMessage) cbor.RawMessage { return flip(raw, bytes.Index(raw, []byte("Mustermann"))) })(m)
		}},
		{"a value changed, SHA-512", reason.MdocDigestMismatch, func(m *maker) {
			m.digestAlg = "SHA-512"
			wire(func(raw cbor.RawMessage) cbor.RawMessage { return flip(raw, bytes.Index(raw, []byte("Mustermann"))) })(m)
		}},
		{"encoded again with a longer length", reason.MdocDigestMismatch, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			content := content24(raw)
			return append(cbor.RawMessage{0xd8, 24, 0x59, byte(len(content) >> 8), byte(len(content))}, content...)
		})},
		{"encoded again with keys in another order", reason.MdocDigestMismatch, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			var it map[string]cbor.RawMessage
			if err := cbor.Unmarshal(content24(raw), &it); err != nil {
				t.Fatal(err)
			}
			content := content24(raw)
			last := 0 // of the keys, where it stands now: it shall be the first
			var name string
			for k := range it {
				if at := bytes.Index(content, encode(k)); at > last {
					last, name = at, k
				}
			}
			again := cbor.RawMessage{0xa4}
			again = append(append(again, encode(name)...), it[name]...)
			for k, v := range it {
				if k != name {
					again = append(append(again, encode(k)...), v...)
				}
			}
			return tag24(again)
		})},
		{"no digest for its id", reason.MdocDigestMissing, func(m *maker) {
			m.mso = within("valueDigests", func(d map[string]any) { delete(d[nsMDL].(map[any]any), 0) })
		}},
		{"the digest of another namespace", reason.MdocDigestMissing, func(m *maker) {
			m.mso = within("valueDigests", func(d map[string]any) { d["other"] = d[nsMDL]; delete(d, nsMDL) })
		}},
		{"two digests swapped", reason.MdocDigestMismatch, func(m *maker) {
			m.mso = within("valueDigests", func(d map[string]any) {
				ids := d[nsMDL].(map[any]any)
				ids[0], ids[1] = ids[1], ids[0]
			})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			test.with(m)
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if err != nil {
				t.Fatal(err)
			}
			if err := i.CheckDigests(); reason.CodeOf(err) != test.code {
				t.Errorf("%v, want %q", err, test.code)
			}
		})
	}
}

func TestCheckTime(t *testing.T) {
	const hour, s = time.Hour, time.Second
	cert := german().cert
	tests := []struct {
		name                string
		signed, from, until time.Time
		code                reason.Code
		allow               bool
	}{
		{"good", now.Add(-hour), now.Add(-hour), now.Add(hour), "", false},
		{"valid from in a skew", now, now.Add(skew), now.Add(hour), "", false},
		{"valid from a second later", now, now.Add(skew + s), now.Add(hour), reason.CredentialNotYetValid, false},
		{"valid until a skew ago", now.Add(-hour), now.Add(-hour), now.Add(-skew), "", false},
		{"valid until a second earlier", now.Add(-hour), now.Add(-hour), now.Add(-skew - s), reason.CredentialExpired, false},
		{"signed when the certificate begins", cert.NotBefore, now.Add(-hour), now.Add(hour), "", false},
		{"signed a second before", cert.NotBefore.Add(-s), now.Add(-hour), now.Add(hour), reason.MSOSignedOutsideCert, false},
		{"signed when the certificate ends", cert.NotAfter, cert.NotAfter, cert.NotAfter, reason.CredentialNotYetValid, false},
		{"signed a second after", cert.NotAfter.Add(s), cert.NotAfter.Add(s), cert.NotAfter.Add(s), reason.MSOSignedOutsideCert, false},
		{"valid from a second before signed", now.Add(-hour), now.Add(-hour - s), now.Add(hour), reason.MSOMalformed, false},
		{"valid until when valid from", now, now, now, "", false},
		{"valid until a second before valid from", now, now, now.Add(-s), reason.MSOMalformed, false},
		{"valid until the certificate ends", now, now, cert.NotAfter, "", false},
		{"valid a second longer", now, now, cert.NotAfter.Add(s), reason.MdocValidUntilAfterCert, false},
		{"valid longer, as is allowed", now, now, cert.NotAfter.Add(hour), "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			m.mso = add("validityInfo", map[string]any{"signed": date(test.signed), "validFrom": date(test.from), "validUntil": date(test.until)})
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if err != nil {
				t.Fatal(err)
			}
			if err := i.CheckTime(now, skew, cert, test.allow); reason.CodeOf(err) != test.code {
				t.Errorf("%v, want %q", err, test.code)
			}
			if !i.SignedAt().Equal(test.signed) || !i.NotBefore().Equal(test.from) || !i.NotAfter().Equal(test.until) {
				t.Error("other times than were signed")
			}
		})
	}
}

func TestDateForms(t *testing.T) {
	tests := []struct {
		value any
		ok    bool
	}{
		{date(now), true},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00.5Z"}, true},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00.123456789Z"}, true},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00.1234567891Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00.Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00,5Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T13:00:00+01:00"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00+00:00"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23t12:00:00Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23 12:00:00Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T1:00:00Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T24:00:00Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-31T12:00:00Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23T12:00:60Z"}, false},
		{cbor.Tag{Number: 0, Content: "2026-11-23"}, false},
		{cbor.Tag{Number: 0, Content: ""}, false},
		{cbor.Tag{Number: 1004, Content: "2026-11-23"}, false},
		{cbor.Tag{Number: 1, Content: 1795435200}, false},
		{"2026-11-23T12:00:00Z", false},
		{cbor.Tag{Number: 0, Content: cbor.Tag{Number: 0, Content: "2026-11-23T12:00:00Z"}}, false},
	}
	for _, test := range tests {
		c := open(encode(test.value))
		got := c.tdate("it")
		if err := c.end("it"); (err == nil) != test.ok {
			t.Errorf("%v: %v, %v", test.value, got, err)
		} else if test.ok && !got.Truncate(time.Second).Equal(now) {
			t.Errorf("%v: %v", test.value, got)
		}
	}
}

func TestCheckCountry(t *testing.T) {
	const country, state = reason.IssuingCountryMismatch, reason.IssuingJurisdictionMismatch
	tests := []struct {
		name     string
		c, st    string // of the certificate
		elements []element
		code     reason.Code
	}{
		{"agrees", "DE", "", []element{{"issuing_country", "DE"}}, ""},
		{"not presented", "DE", "", []element{{"family_name", "x"}}, ""},
		{"not presented, certificate without", "", "", []element{{"family_name", "x"}}, ""},
		{"differs", "DE", "", []element{{"issuing_country", "FR"}}, country},
		{"certificate without", "", "", []element{{"issuing_country", "DE"}}, country},
		{"Greece by its ISO code", "GR", "", []element{{"issuing_country", "GR"}}, ""},
		{"Greece by its other code in the certificate", "EL", "", []element{{"issuing_country", "GR"}}, ""},
		{"Greece by its other code in the element", "GR", "", []element{{"issuing_country", "EL"}}, ""},
		{"not text", "DE", "", []element{{"issuing_country", 49}}, country},
		{"empty", "DE", "", []element{{"issuing_country", ""}}, country},
		{"state agrees", "US", "US-UT", []element{{"issuing_country", "US"}, {"issuing_jurisdiction", "US-UT"}}, ""},
		{"state differs", "US", "US-UT", []element{{"issuing_country", "US"}, {"issuing_jurisdiction", "US-NY"}}, state},
		{"state not text", "US", "US-UT", []element{{"issuing_jurisdiction", []byte("US-UT")}}, state},
		{"certificate without a state", "US", "", []element{{"issuing_jurisdiction", "US-NY"}}, ""},
		{"state not presented", "US", "US-UT", []element{{"issuing_country", "US"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			m.signer = newSigner(test.c, test.st)
			m.spaces = map[string][]element{"a": {{"family_name", "x"}}, "b": test.elements}
			i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
			if err != nil {
				t.Fatal(err)
			}
			if err := i.CheckCountry(m.signer.cert); reason.CodeOf(err) != test.code {
				t.Errorf("%v, want %q", err, test.code)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	m := newMaker()
	i, err := parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil || i.Status() != nil {
		t.Error(i.Status(), err)
	}
	status := map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://status.example/1"}}
	m.mso = add("status", encode(status))
	i, err = parseOne(t, m.make()).VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]any
	if err := cbor.Unmarshal(i.Status(), &got); err != nil || got["status_list"]["uri"] != "https://status.example/1" {
		t.Error(got, err)
	}
}
