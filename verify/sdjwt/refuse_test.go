package sdjwt

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// refusal is one damage and the code it must end in; "" is for what looks odd and
// is good.
type refusal struct {
	name string
	code reason.Code
	make func(c *card, k *checks)
}

func runRefusals(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, k := newCard(), newChecks()
			tt.make(c, &k)
			_, err := verify(c.build(), k)
			expect(t, err, tt.code)
		})
	}
}

func TestGood(t *testing.T) {
	for _, alg := range []string{"", "sha-256", "sha-384", "sha-512"} {
		c := newCard()
		if alg != "" {
			c.payload["_sd_alg"] = alg
			c.payload["_sd"] = []any{c.digest(c.parts[0]), c.digest(c.parts[1])}
			c.payload["nationalities"] = []any{object{"...": c.digest(c.parts[2])}, object{"...": "undisclosed"}, "EU"}
		}
		cred, err := verify(c.build(), newChecks())
		expect(t, err, "")
		claims := cred.Claims()
		if claims["given_name"] != "Erika" || claims["family_name"] != "Mustermann" {
			t.Errorf("%s: disclosed claims are missing", alg)
		}
		if got, _ := json.Marshal(claims["nationalities"]); string(got) != `["DE","EU"]` {
			t.Errorf("%s: nationalities %s", alg, got)
		}
		for _, name := range []string{"_sd", "_sd_alg"} {
			if _, ok := claims[name]; ok {
				t.Errorf("%s: %s is left in the claims", alg, name)
			}
		}
	}
}

func TestEveryCurve(t *testing.T) {
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		c, k := newCard(), newChecks()
		c.issuer, c.holder = newKey(curve), newKey(curve)
		c.header["alg"], c.kbHeader["alg"] = alg, alg
		c.payload["cnf"] = object{"jwk": publicJWK(c.holder)}
		k.issuer.Key = &c.issuer.PublicKey
		_, err := verify(c.build(), k)
		expect(t, err, "")
	}
}

func TestStructure(t *testing.T) {
	repeat := func(c *card, n int) {
		for range n {
			c.element("x")
		}
	}
	runRefusals(t, []refusal{
		{"bytes over the cap", reason.InputTooLarge, func(c *card, k *checks) { k.limits.Bytes = len(c.build()) - 20 }},
		{"disclosures at the cap", "", func(c *card, k *checks) { k.limits.Disclosures = 3 }},
		{"disclosures over the cap", reason.InputTooLarge, func(c *card, k *checks) { k.limits.Disclosures = 2 }},
		{"disclosures over the default", reason.InputTooLarge, func(c *card, k *checks) { repeat(c, 510) }},
		{"no tilde", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.tamper = func(s string) string { return strings.ReplaceAll(s, "~", "") }
		}},
		{"nothing", reason.SDJWTMalformed, func(c *card, k *checks) { c.tamper = func(string) string { return "" } }},
		{"only a tilde", reason.SDJWTMalformed, func(c *card, k *checks) { c.tamper = func(string) string { return "~" } }},
		{"JSON serialisation", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.tamper = func(s string) string {
				jwt := strings.Split(strings.Split(s, "~")[0], ".")
				return `{"payload":"` + jwt[1] + `","protected":"` + jwt[0] + `","signature":"` + jwt[2] + `","header":{"disclosures":["~"]}}`
			}
		}},
		{"empty part", reason.SDJWTMalformed, func(c *card, k *checks) { c.parts = append(c.parts, "") }},
		{"no trailing tilde", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.kb, k.binding = nil, nil
			c.tamper = func(s string) string { return strings.TrimSuffix(s, "~") }
		}},
		{"no tilde before the KB-JWT", reason.KBMalformed, func(c *card, k *checks) {
			c.tamper = func(s string) string { i := strings.LastIndex(s, "~"); return s[:i] + s[i+1:] }
		}},
		{"two parts in the JWT", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.tamper = func(s string) string { return strings.Replace(s, ".", "", 1) }
		}},
		{"payload not base64url", reason.SDJWTMalformed, func(c *card, k *checks) { c.rawPayload = "e30=" }},
		{"payload with a line break", reason.SDJWTMalformed, func(c *card, k *checks) { c.rawPayload = encJSON(c.payload)[:8] + "\n" + encJSON(c.payload)[8:] }},
		{"payload not JSON", reason.SDJWTMalformed, func(c *card, k *checks) { c.rawPayload = enc([]byte("{")) }},
		{"payload an array", reason.SDJWTMalformed, func(c *card, k *checks) { c.rawPayload = enc([]byte("[]")) }},
		{"payload with a repeated member", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.rawPayload = enc([]byte(`{"vct":"urn:eudi:pid:1","vct":"urn:eudi:pid:1"}`))
		}},
		{"payload with bad UTF-8", reason.SDJWTMalformed, func(c *card, k *checks) { c.rawPayload = enc([]byte("{\"vct\":\"\xff\"}")) }},
		{"payload nested to the limit", "", func(c *card, k *checks) { c.payload["deep"] = json.RawMessage(nested(31)) }},
		{"payload nested beyond the limit", reason.InputTooLarge, func(c *card, k *checks) { c.payload["deep"] = json.RawMessage(nested(32)) }},
		{"disclosure not base64url", reason.SDJWTMalformed, func(c *card, k *checks) { c.parts[0] += "=" }},
		{"disclosure with loose bits at its end", reason.SDJWTMalformed, func(c *card, k *checks) { c.parts = append(c.parts, "WyJh") }},
		{"disclosure with trailing data", reason.SDJWTMalformed, func(c *card, k *checks) { c.parts = append(c.parts, enc([]byte(`["a","b","c"] x`))) }},
		{"disclosure with a repeated member", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.parts = append(c.parts, enc([]byte(`["a","b",{"c":1,"c":2}]`)))
		}},
		{"disclosure nested beyond the limit", reason.InputTooLarge, func(c *card, k *checks) { c.part("salt", "deep", json.RawMessage(nested(32))) }},
		{"disclosures nested beyond the limit together", reason.InputTooLarge, func(c *card, k *checks) {
			c.hide(c.payload, "deep", object{"a": json.RawMessage(nested(15)), "_sd": []any{c.digest(c.disclose("b", json.RawMessage(nested(31))))}})
		}},
		{"disclosed objects nested beyond the limit together", reason.InputTooLarge, func(c *card, k *checks) {
			deep := json.RawMessage(strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20))
			parent := json.RawMessage(strings.Repeat(`{"a":`, 19) + `{"_sd":["` + c.digest(c.disclose("b", deep)) + `"]}` + strings.Repeat("}", 19))
			c.hide(c.payload, "deep", parent)
		}},
		{"brackets in a string are no nesting", reason.SDJWTMalformed, func(c *card, k *checks) {
			c.rawPayload = enc([]byte(`{"a":"\"` + strings.Repeat("[", 40) + `"`))
		}},
		{"disclosures nested to the limit together", "", func(c *card, k *checks) {
			c.hide(c.payload, "deep", object{"_sd": []any{c.digest(c.disclose("b", json.RawMessage(nested(30))))}})
		}},
		{"disclosure an object", reason.DisclosureMalformed, func(c *card, k *checks) { c.parts = append(c.parts, encJSON(object{"a": 1})) }},
		{"disclosure of one member", reason.DisclosureMalformed, func(c *card, k *checks) { c.part("salt") }},
		{"disclosure of four members", reason.DisclosureMalformed, func(c *card, k *checks) { c.part("salt", "name", 1, 2) }},
		{"salt not a string", reason.DisclosureMalformed, func(c *card, k *checks) { c.part(1, "name", 1) }},
		{"name not a string", reason.DisclosureMalformed, func(c *card, k *checks) { c.part("salt", 1, 1) }},
	})
}

func TestIssuerJWT(t *testing.T) {
	publicDER, _ := x509.MarshalPKIXPublicKey(&issuerKey.PublicKey)
	runRefusals(t, []refusal{
		{"typ absent", reason.VCTypInvalid, func(c *card, k *checks) { delete(c.header, "typ") }},
		{"typ of another case", reason.VCTypInvalid, func(c *card, k *checks) { c.header["typ"] = "DC+SD-JWT" }},
		{"typ as media type", reason.VCTypInvalid, func(c *card, k *checks) { c.header["typ"] = "application/dc+sd-jwt" }},
		{"typ example", reason.VCTypInvalid, func(c *card, k *checks) { c.header["typ"] = "example+sd-jwt" }},
		{"legacy typ", reason.VCTypInvalid, func(c *card, k *checks) { c.header["typ"] = "vc+sd-jwt" }},
		{"legacy typ allowed", "", func(c *card, k *checks) { c.header["typ"] = "vc+sd-jwt"; k.issuer.AllowLegacyTyp = true }},
		{"other typ with legacy allowed", reason.VCTypInvalid, func(c *card, k *checks) { c.header["typ"] = "jwt"; k.issuer.AllowLegacyTyp = true }},
		{"alg none", reason.JWTAlgNotAllowed, func(c *card, k *checks) {
			c.header["alg"] = "none"
			c.tamper = func(s string) string {
				jwt, rest, _ := strings.Cut(s, "~")
				return jwt[:strings.LastIndex(jwt, ".")+1] + "~" + rest
			}
		}},
		{"alg none with a signature", reason.JWTAlgNotAllowed, func(c *card, k *checks) { c.header["alg"] = "none" }},
		{"no signature", reason.IssuerSignatureInvalid, func(c *card, k *checks) {
			c.tamper = func(s string) string {
				jwt, rest, _ := strings.Cut(s, "~")
				return jwt[:strings.LastIndex(jwt, ".")+1] + "~" + rest
			}
		}},
		{"HS256 with the public key as secret", reason.JWTAlgNotAllowed, func(c *card, k *checks) {
			c.header["alg"] = "HS256"
			c.tamper = func(s string) string {
				jwt, rest, _ := strings.Cut(s, "~")
				msg := jwt[:strings.LastIndex(jwt, ".")]
				mac := hmac.New(sha256.New, publicDER)
				mac.Write([]byte(msg))
				return msg + "." + enc(mac.Sum(nil)) + "~" + rest
			}
		}},
		{"alg absent", reason.JWTAlgNotAllowed, func(c *card, k *checks) { delete(c.header, "alg") }},
		{"alg of another curve", reason.JWTAlgNotAllowed, func(c *card, k *checks) { c.header["alg"] = "ES384" }},
		{"alg outside the policy", reason.JWTAlgNotAllowed, func(c *card, k *checks) { k.issuer.Allowed = sigalg.Set{sigalg.ES384} }},
		{"no alg allowed", reason.JWTAlgNotAllowed, func(c *card, k *checks) { k.issuer.Allowed = nil }},
		{"crit", reason.JWTCritUnsupported, func(c *card, k *checks) { c.header["crit"] = []any{"exp"}; c.header["exp"] = 1 }},
		{"b64", reason.JWTCritUnsupported, func(c *card, k *checks) { c.header["b64"] = true }},
		{"no key", reason.IssuerKeyUnresolved, func(c *card, k *checks) { k.issuer.Key = nil }},
		{"another issuer's key", reason.IssuerSignatureInvalid, func(c *card, k *checks) { c.issuer = newKey(elliptic.P256()) }},
		{"flipped signature", reason.IssuerSignatureInvalid, func(c *card, k *checks) {
			c.tamper = func(s string) string {
				i := strings.Index(s, "~") - 20
				return s[:i] + flip(s[i]) + s[i+1:]
			}
		}},
		{"flipped digest in the payload", reason.IssuerSignatureInvalid, func(c *card, k *checks) {
			good := encJSON(c.payload)
			c.addDigest(c.payload, "x")
			other := encJSON(c.payload)
			c.tamper = func(s string) string { return strings.Replace(s, other, good, 1) }
		}},
	})
}

func flip(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

func TestClaims(t *testing.T) {
	set := func(name string, v any) func(c *card, k *checks) {
		return func(c *card, k *checks) { c.payload[name] = v }
	}
	runRefusals(t, []refusal{
		{"vct absent", reason.VCTMissing, func(c *card, k *checks) { delete(c.payload, "vct") }},
		{"vct empty", reason.VCTMissing, set("vct", "")},
		{"vct a number", reason.VCTMissing, set("vct", 1)},
		{"vct in other case", reason.VCTMissing, func(c *card, k *checks) { c.payload["VCT"] = c.payload["vct"]; delete(c.payload, "vct") }},
		{"aka_vcts", "", set("aka_vcts", []any{"urn:a", "urn:b"})},
		{"aka_vcts empty", reason.SDJWTMalformed, set("aka_vcts", []any{})},
		{"aka_vcts a string", reason.SDJWTMalformed, set("aka_vcts", "urn:a")},
		{"aka_vcts of numbers", reason.SDJWTMalformed, set("aka_vcts", []any{1})},
		{"aka_vcts repeats vct", reason.SDJWTMalformed, set("aka_vcts", []any{"urn:a", "urn:eudi:pid:1"})},
		{"iss a number", reason.SDJWTMalformed, set("iss", 1)},
		{"iss absent", "", func(c *card, k *checks) { delete(c.payload, "iss") }},
		{"no times", "", func(c *card, k *checks) {
			delete(c.payload, "iat")
			delete(c.payload, "nbf")
			delete(c.payload, "exp")
		}},
		{"exp a string", reason.SDJWTMalformed, set("exp", "1883000000")},
		{"exp null", reason.SDJWTMalformed, set("exp", nil)},
		{"exp negative", reason.SDJWTMalformed, set("exp", -1)},
		{"exp beyond the year 9999", reason.SDJWTMalformed, set("exp", 253402300800)},
		{"exp beyond int64", reason.SDJWTMalformed, set("exp", 1e40)},
		{"exp in the year 9999", "", set("exp", 253402300799)},
		{"exp a fraction", "", set("exp", json.RawMessage("1883000000.5"))},
		{"exp in exponent form", "", set("exp", json.RawMessage("1.883e9"))},
		{"nbf a boolean", reason.SDJWTMalformed, set("nbf", true)},
		{"iat a string", reason.SDJWTMalformed, set("iat", "now")},
		{"aud the verifier", "", set("aud", testAud)},
		{"aud among others", "", set("aud", []any{"other", testAud})},
		{"aud another", reason.CredentialAudMismatch, set("aud", "other")},
		{"aud with a slash", reason.CredentialAudMismatch, set("aud", testAud+"/")},
		{"aud others", reason.CredentialAudMismatch, set("aud", []any{"other", "another"})},
		{"aud nobody", reason.CredentialAudMismatch, set("aud", []any{})},
		{"aud a number", reason.SDJWTMalformed, set("aud", 1)},
		{"aud null", reason.SDJWTMalformed, set("aud", nil)},
		{"aud of numbers", reason.SDJWTMalformed, set("aud", []any{1})},
	})
}

// Each limit, one second on either side of it.
func TestTime(t *testing.T) {
	const skew = 60
	at := func(name string, offset int64) func(c *card, k *checks) {
		return func(c *card, k *checks) { c.payload[name] = now.Unix() + offset }
	}
	disclosedIAT := func(offset int64) func(c *card, k *checks) {
		return func(c *card, k *checks) { delete(c.payload, "iat"); c.hide(c.payload, "iat", now.Unix()+offset) }
	}
	runRefusals(t, []refusal{
		{"nbf at the skew", "", at("nbf", skew)},
		{"nbf past the skew", reason.CredentialNotYetValid, at("nbf", skew+1)},
		{"exp within the skew", "", at("exp", -skew+1)},
		{"exp at the skew", reason.CredentialExpired, at("exp", -skew)},
		{"exp past the skew", reason.CredentialExpired, at("exp", -skew-1)},
		{"iat at the skew", "", at("iat", skew)},
		{"iat past the skew", reason.CredentialIATFuture, at("iat", skew+1)},
		{"disclosed iat at the skew", "", disclosedIAT(skew)},
		{"disclosed iat past the skew", reason.CredentialIATFuture, disclosedIAT(skew + 1)},
		{"disclosed iat of the wrong type", reason.SDJWTMalformed, func(c *card, k *checks) {
			delete(c.payload, "iat")
			c.hide(c.payload, "iat", "yesterday")
		}},
		{"fraction of a second early", reason.CredentialNotYetValid, func(c *card, k *checks) { c.payload["nbf"] = float64(now.Unix()+skew) + 0.5 }},
	})
}

func TestAccessors(t *testing.T) {
	c := newCard()
	c.payload["aka_vcts"] = []any{"urn:a"}
	s := c.build()
	p, err := Parse(s, Limits{})
	expect(t, err, "")
	if p.UnverifiedType() != "urn:eudi:pid:1" || !p.HasKeyBinding() {
		t.Error("unverified type or key binding")
	}
	_, err = p.Chain()
	expect(t, err, reason.IssuerKeyUnresolved)
	i, err := p.VerifyIssuer(newChecks().issuer)
	expect(t, err, "")
	cred, err := i.Disclose()
	expect(t, err, "")
	if again, err := i.Disclose(); err != nil || again != cred {
		t.Error("a second Disclose differs")
	}
	if got := cred.Types(); len(got) != 2 || got[0] != cred.Type() || got[1] != "urn:a" {
		t.Error("types")
	}
	if !cred.NotBefore().Equal(issued) || !cred.IssuedAt().Equal(issued) || !cred.NotAfter().Equal(issued.Add(48*time.Hour)) {
		t.Error("times")
	}
	public := cred.PublicClaims()
	for _, name := range []string{"status", "cnf", "_sd", "_sd_alg"} {
		if _, ok := public[name]; ok {
			t.Errorf("%s is among the public claims", name)
		}
	}
	if public["given_name"] != "Erika" || cred.Claims()["cnf"] == nil || cred.Claims()["status"] == nil {
		t.Error("claims")
	}

	c.kb, c.header["x5c"] = nil, []any{"MAA=", "MAE="}
	p, err = Parse(c.build(), Limits{})
	expect(t, err, "")
	if p.HasKeyBinding() {
		t.Error("key binding out of nothing")
	}
	if chain, err := p.Chain(); err != nil || len(chain) != 2 || len(chain[0]) != 2 {
		t.Errorf("chain: %v", err)
	}
	c.header["x5c"] = []any{"MAA"} // without padding
	p, err = Parse(c.build(), Limits{})
	expect(t, err, "")
	_, err = p.Chain()
	expect(t, err, reason.SDJWTMalformed)
}

// A refused Disclose stays refused: processing has consumed the payload.
func TestRefusedOnce(t *testing.T) {
	c := newCard()
	c.disclose("stray", 1)
	p, err := Parse(c.build(), Limits{})
	expect(t, err, "")
	for range 2 {
		i, err := p.VerifyIssuer(newChecks().issuer)
		expect(t, err, "")
		_, err = i.Disclose()
		expect(t, err, reason.DisclosureUnreferenced)
	}
}
