package jose

import (
	"crypto"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
)

var headers = []string{
	`{"alg":"ES256"}`, `{"alg":"EdDSA","typ":"JWT"}`, `{"alg":"PS256","kid":"1"}`, `{"alg":"none"}`, `{"alg":"HS256"}`,
	`{"alg":"ES256","crit":["exp"],"exp":1}`, `{"alg":"ES256","b64":false,"crit":["b64"]}`, `{"alg":"ES256","b64":true}`,
	`{"alg":"ES256","x5c":["AA=="]}`, `{"alg":"ES256","alg":"none"}`, `{"alg":null}`, `{"alg":"ES256","typ":1}`, `{"ALG":"ES256"}`,
	`{"alg":"ES256","jwk":{"kty":"EC"}}`, `{"alg":"ES256","nonce":1}`, `{"alg":"ES256","x":"\ud800"}`, `{"alg":"ES256","x":1e999}`,
	`null`, `[]`, `{}`, ``, "{\"alg\":\"ES256\"}\n", `{"alg":"ES256"}x`, "{\"alg\":\"ES256\",\"\xff\":1}", `{"alg":"ES256","x":{"a":1,"a":2}}`,
}

// FuzzJWS checks what holds of every JWS that parses, and that a signature nobody
// made never verifies.
func FuzzJWS(f *testing.F) {
	made := map[string]bool{}
	for _, h := range headers {
		s := sign(sigalg.ES256, h, `{"iss":"https://issuer.example"}`)
		made[s[:strings.LastIndexByte(s, '.')]] = true
		f.Add(s)
	}
	for _, s := range []string{"", "..", "a.b.c", "e30.e30.e30", "e30..", "eyJhbGciOiJub25lIn0.e30.", "e30.e30.e30.e30.e30", `{"payload":""}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j, err := Parse(s)
		if err != nil {
			if j != nil || err != ErrMalformed && err != ErrUnsigned && err != ErrCritical {
				t.Fatalf("%v, %v", j, err)
			}
			return
		}
		parts := strings.Split(s, ".")
		if len(parts) != 3 || b64.EncodeURL(j.Payload) != parts[1] || b64.EncodeURL(j.signature) != parts[2] || len(j.Header.X5C) > MaxX5C {
			t.Fatalf("parsed as %+v", j)
		}
		_, _ = j.Chain()
		for alg, k := range keys {
			if j.Verify(k.pub, sigalg.Lists) == nil && (alg != sigalg.ES256 || !made[parts[0]+"."+parts[1]]) {
				t.Fatalf("verifies under the key of %s", alg)
			}
		}
	})
}

// FuzzJWK checks that every key that parses fits some algorithm, and that go-jose
// reads the same key.
func FuzzJWK(f *testing.F) {
	for alg := range keys {
		b, err := json.Marshal(jwkOf(alg))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{`{"kty":"EC","crv":"P-256","x":"","y":""}`, `{"kty":"oct","k":"AA"}`, `{"kty":"RSA","n":"AQ","e":"AQ"}`, `{"kty":"OKP","crv":"X25519","x":"AA"}`, `{"kty":["EC"]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := strictjson.Object(b)
		if err != nil {
			return
		}
		key, err := Key(m)
		if err != nil {
			if key != nil {
				t.Fatal("a key and an error")
			}
			return
		}
		fits := 0
		for _, alg := range sigalg.Lists {
			if sigalg.Check(alg, key) == nil {
				fits++
				_ = sigalg.Verify(alg, key, b, make([]byte, 64))
			}
		}
		if fits != 1 && fits != 6 { // an RSA key fits six
			t.Fatalf("%T fits %d algorithms", key, fits)
		}
		var other gojose.JSONWebKey
		if err := other.UnmarshalJSON(b); err != nil {
			for _, name := range []string{"kid", "alg", "use", "key_ops", "x5c", "x5t", "x5t#S256", "x5u"} {
				if _, ok := m[name]; ok {
					return // members beside the key, of which only two are read here
				}
			}
			t.Fatalf("accepted a key go-jose refuses: %v", err)
		}
		if !equal(key, other.Key) {
			t.Fatalf("%v, and go-jose has %v", key, other.Key)
		}
	})
}

func equal(a crypto.PublicKey, b any) bool {
	return a.(interface{ Equal(crypto.PublicKey) bool }).Equal(b)
}

// FuzzAgainstGoJOSE signs whatever header and payload are, changes the outcome a
// little or not at all, and asks another implementation too. Neither may verify
// what the other does not, except where this package reads more strictly or go-jose
// looks at members that are not read here.
func FuzzAgainstGoJOSE(f *testing.F) {
	algs := []sigalg.Alg{sigalg.ES256, sigalg.EdDSA, sigalg.PS256}
	for i, h := range headers {
		f.Add(h, `{"a":1}`, uint8(i), uint16(0), byte(0))
		f.Add(h, "", uint8(0), uint16(i), byte('A'))
	}
	for i, alg := range algs {
		f.Add(`{"alg":"`+string(alg)+`"}`, "{}", uint8(i), uint16(0), byte(0))
		f.Add(`{"alg":"`+string(alg)+`"}`, "{}", uint8(i), uint16(21), byte('\n'))
	}
	f.Fuzz(func(t *testing.T, header, payload string, which uint8, at uint16, c byte) {
		alg := algs[int(which)%len(algs)]
		s := sign(alg, header, payload)
		if c != 0 {
			i := int(at) % len(s)
			s = s[:i] + string(c) + s[i+1:]
		}
		pub := keys[alg].pub
		j, err := Parse(s)
		if err == nil {
			err = j.Verify(pub, sigalg.Set{alg})
		}
		o, otherErr := gojose.ParseSignedCompact(s, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
		if otherErr == nil {
			_, otherErr = o.Verify(pub)
		}
		if header == `{"alg":"`+string(alg)+`"}` && c == 0 && (err != nil || otherErr != nil) {
			t.Fatalf("a good one is refused: %v, go-jose: %v", err, otherErr)
		}
		if err == nil && otherErr != nil && !looser(j) {
			t.Fatalf("accepted what go-jose refuses: %v", otherErr)
		}
		if err != nil && otherErr == nil {
			if why := stricter(s, err); why == "" {
				t.Fatalf("refused (%v) what go-jose accepts", err)
			}
		}
	})
}

// looser: go-jose parses the certificates and keys of a header and the nonce of
// ACME while it parses the JWS. Here the chain is decoded when it is asked for, and
// the others are not read at all.
func looser(j *JWS) bool {
	raw, err := b64.URL(strings.SplitN(j.signed, ".", 2)[0])
	if err != nil {
		return false
	}
	m, err := strictjson.Object(raw)
	if err != nil {
		return false
	}
	for _, name := range []string{"jwk", "x5c", "nonce", "b64", "zip", "enc", "epk", "apu", "apv", "cty", "p2c", "p2s", "iv", "tag"} {
		if _, ok := m[name]; ok {
			return true
		}
	}
	return false
}

// stricter names the rule of this package by which s is refused, "" if there is
// none.
func stricter(s string, err error) string {
	if errors.Is(err, ErrCritical) {
		return "crit and b64 are refused whatever they say"
	}
	parts := strings.Split(s, ".")
	raw, err := b64.URL(parts[0])
	if err != nil {
		return "base64url has one encoding"
	}
	for _, p := range parts[1:] {
		if _, err := b64.URL(p); err != nil {
			return "base64url has one encoding"
		}
	}
	if !utf8.Valid(raw) {
		return "a header is UTF-8"
	}
	if _, err := strictjson.Object(raw); err != nil {
		return "a header has one meaning, and limits"
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	for name, v := range m {
		switch name {
		case "alg", "typ", "kid", "x5t#S256", "sigT":
			if !strings.HasPrefix(string(v), `"`) {
				return "a member that is there has its type"
			}
		case "x5c", "crit", "iat", "b64":
			return "a member that is there has its type"
		}
	}
	return ""
}
