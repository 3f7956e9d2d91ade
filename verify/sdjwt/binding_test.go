package sdjwt

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestKeyBinding(t *testing.T) {
	kb := func(name string, v any) func(c *card, k *checks) {
		return func(c *card, k *checks) { c.kb[name] = v }
	}
	without := func(name string) func(c *card, k *checks) {
		return func(c *card, k *checks) { delete(c.kb, name) }
	}
	cnf := func(change func(jwk object)) func(c *card, k *checks) {
		return func(c *card, k *checks) {
			jwk := publicJWK(holderKey)
			change(jwk)
			c.payload["cnf"] = object{"jwk": jwk}
		}
	}
	runRefusals(t, []refusal{
		{"missing", reason.KBMissing, func(c *card, k *checks) { c.kb = nil }},
		{"missing and not demanded", "", func(c *card, k *checks) { c.kb, k.binding = nil, nil }},

		{"not base64url", reason.KBMalformed, func(c *card, k *checks) { c.rawKBJWT = "!.!.!" }},
		{"header not JSON", reason.KBMalformed, func(c *card, k *checks) { c.rawKBJWT = "e30x.e30.AAAA" }},
		{"payload not JSON", reason.KBMalformed, func(c *card, k *checks) { c.rawKB = enc([]byte("x")) }},
		{"payload an array", reason.KBMalformed, func(c *card, k *checks) { c.rawKB = enc([]byte("[]")) }},
		{"payload with a repeated member", reason.KBMalformed, func(c *card, k *checks) { c.rawKB = enc([]byte(`{"nonce":"a","nonce":"b"}`)) }},
		{"payload nested beyond the limit", reason.InputTooLarge, kb("deep", json.RawMessage(nested(32)))},

		{"typ absent", reason.KBTypInvalid, func(c *card, k *checks) { delete(c.kbHeader, "typ") }},
		{"typ JWT", reason.KBTypInvalid, func(c *card, k *checks) { c.kbHeader["typ"] = "JWT" }},
		{"typ in other case", reason.KBTypInvalid, func(c *card, k *checks) { c.kbHeader["typ"] = "KB+JWT" }},
		{"crit", reason.JWTCritUnsupported, func(c *card, k *checks) { c.kbHeader["crit"] = []any{"x"} }},

		{"iat absent", reason.KBClaimMissing, without("iat")},
		{"iat a string", reason.KBClaimMissing, kb("iat", "now")},
		{"nonce absent", reason.KBClaimMissing, without("nonce")},
		{"nonce a number", reason.KBClaimMissing, kb("nonce", 1)},
		{"nonce empty", reason.KBClaimMissing, kb("nonce", "")},
		{"aud absent", reason.KBClaimMissing, without("aud")},
		{"aud an array", reason.KBClaimMissing, kb("aud", []any{testAud})},
		{"sd_hash null", reason.KBClaimMissing, kb("sd_hash", nil)},
		{"sd_hash absent", reason.KBClaimMissing, func(c *card, k *checks) { c.rawKB = encJSON(c.kb) }},

		{"no cnf", reason.CNFMissing, func(c *card, k *checks) { delete(c.payload, "cnf") }},
		{"cnf a string", reason.CNFUnsupported, func(c *card, k *checks) { c.payload["cnf"] = "x" }},
		{"cnf empty", reason.CNFUnsupported, func(c *card, k *checks) { c.payload["cnf"] = object{} }},
		{"cnf by kid", reason.CNFUnsupported, func(c *card, k *checks) { c.payload["cnf"] = object{"kid": "x"} }},
		{"cnf.jwk a string", reason.CNFUnsupported, func(c *card, k *checks) { c.payload["cnf"] = object{"jwk": "x"} }},
		{"cnf.jwk private", reason.CNFUnsupported, cnf(func(jwk object) { jwk["d"] = "AA" })},
		{"cnf.jwk symmetric", reason.CNFUnsupported, func(c *card, k *checks) {
			c.payload["cnf"] = object{"jwk": object{"kty": "oct", "k": "AA"}}
		}},
		{"cnf.jwk of an unknown curve", reason.CNFUnsupported, cnf(func(jwk object) { jwk["crv"] = "secp256k1" })},
		{"cnf.jwk off the curve", reason.CNFUnsupported, cnf(func(jwk object) { jwk["y"] = jwk["x"] })},
		{"cnf.jwk with a short coordinate", reason.CNFUnsupported, cnf(func(jwk object) { jwk["x"] = "AA" })},
		{"cnf.jwk for encryption", reason.CNFUnsupported, cnf(func(jwk object) { jwk["use"] = "enc" })},
		{"cnf.jwk for signatures", "", cnf(func(jwk object) { jwk["use"] = "sig"; jwk["key_ops"] = []any{"verify"} })},
		{"cnf.jwk not for verifying", reason.CNFUnsupported, cnf(func(jwk object) { jwk["key_ops"] = []any{"deriveKey"} })},
		{"cnf.jwk for this alg", "", cnf(func(jwk object) { jwk["alg"] = "ES256" })},
		{"cnf.jwk for another alg", reason.JWTAlgNotAllowed, cnf(func(jwk object) { jwk["alg"] = "ECDH-ES" })},
		{"cnf.jwk with a strange alg", reason.CNFUnsupported, cnf(func(jwk object) { jwk["alg"] = 1 })},

		{"alg none", reason.JWTAlgNotAllowed, func(c *card, k *checks) {
			c.kbHeader["alg"] = "none"
			c.tamper = func(s string) string { return s[:strings.LastIndex(s, ".")+1] }
		}},
		{"alg HS256", reason.JWTAlgNotAllowed, func(c *card, k *checks) { c.kbHeader["alg"] = "HS256" }},
		{"alg of another curve", reason.JWTAlgNotAllowed, func(c *card, k *checks) { c.kbHeader["alg"] = "ES384" }},
		{"alg outside the policy", reason.JWTAlgNotAllowed, func(c *card, k *checks) { k.binding.Allowed = sigalg.Set{sigalg.EdDSA} }},
		{"no signature", reason.KBSignatureInvalid, func(c *card, k *checks) {
			c.tamper = func(s string) string { return s[:strings.LastIndex(s, ".")+1] }
		}},
		{"another holder", reason.KBSignatureInvalid, func(c *card, k *checks) { c.holder = newKey(elliptic.P256()) }},
		{"signed by the issuer", reason.KBSignatureInvalid, func(c *card, k *checks) { c.holder = c.issuer }},
		{"flipped signature", reason.KBSignatureInvalid, func(c *card, k *checks) {
			c.tamper = func(s string) string { i := len(s) - 20; return s[:i] + flip(s[i]) + s[i+1:] }
		}},

		{"nonce of another request", reason.KBNonceMismatch, kb("nonce", testNonce+"x")},
		{"nonce of the same length", reason.KBNonceMismatch, kb("nonce", "x"+testNonce[1:])},
		{"no nonce asked for", reason.KBNonceMismatch, func(c *card, k *checks) { k.binding.Nonce = "" }},
		{"aud without its prefix", reason.KBAudMismatch, kb("aud", strings.TrimPrefix(testAud, "x509_hash:"))},
		{"aud in other case", reason.KBAudMismatch, kb("aud", strings.ToUpper(testAud))},
		{"no audience asked for", reason.KBAudMismatch, func(c *card, k *checks) { k.binding.Audience = "" }},
		{"sd_hash of another", reason.SDHashMismatch, kb("sd_hash", hashOf("", "other"))},
		{"sd_hash with padding", reason.SDHashMismatch, func(c *card, k *checks) {
			s := c.build()
			c.kb["sd_hash"] = hashOf("", s[:strings.LastIndex(s, "~")+1]) + "="
		}},
	})
}

func TestKeyBindingTime(t *testing.T) {
	const skew, age = 60, 300
	at := func(name string, offset int64) func(c *card, k *checks) {
		return func(c *card, k *checks) { c.kb[name] = now.Unix() + offset }
	}
	runRefusals(t, []refusal{
		{"iat as far ahead as allowed", "", at("iat", skew)},
		{"iat further ahead", reason.KBIATOutOfWindow, at("iat", skew+1)},
		{"iat as old as allowed", "", at("iat", -age)},
		{"iat older", reason.KBIATOutOfWindow, at("iat", -age-1)},
		{"no age allowed", reason.KBIATOutOfWindow, func(c *card, k *checks) { c.kb["iat"] = now.Unix() - 1; k.binding.MaxAge = 0 }},
		{"exp within the skew", "", at("exp", -skew+1)},
		{"exp at the skew", reason.KBExpired, at("exp", -skew)},
		{"nbf at the skew", "", at("nbf", skew)},
		{"nbf past the skew", reason.KBExpired, at("nbf", skew+1)},
		{"exp a string", reason.KBMalformed, func(c *card, k *checks) { c.kb["exp"] = "x" }},
		{"nbf null", reason.KBMalformed, func(c *card, k *checks) { c.kb["nbf"] = nil }},
	})
}

// A KB-JWT is worth nothing with other disclosures, another issuer JWT, or
// another hash than _sd_alg.
func TestBoundToThePresentation(t *testing.T) {
	runRefusals(t, []refusal{
		{"a disclosure taken away", reason.SDHashMismatch, func(c *card, k *checks) {
			c.tamper = func(s string) string { return strings.Replace(s, c.parts[0]+"~", "", 1) }
		}},
		{"disclosures swapped", reason.SDHashMismatch, func(c *card, k *checks) {
			c.tamper = func(s string) string {
				return strings.Replace(s, c.parts[0]+"~"+c.parts[1], c.parts[1]+"~"+c.parts[0], 1)
			}
		}},
		{"KB-JWT of a presentation with fewer disclosures", reason.SDHashMismatch, func(c *card, k *checks) {
			all := c.parts
			c.parts = all[:1]
			_, other, _ := strings.Cut(c.build(), all[0]+"~")
			c.parts, c.rawKBJWT = all, other
		}},
		{"issuer JWT signed anew", reason.SDHashMismatch, func(c *card, k *checks) {
			s := c.build()
			c.rawKBJWT = s[strings.LastIndex(s, "~")+1:]
		}},
		{"sd_hash by the default hash under sha-512", reason.SDHashMismatch, func(c *card, k *checks) {
			c.parts, c.payload["_sd"], c.payload["nationalities"] = nil, []any{}, []any{}
			c.payload["_sd_alg"] = "sha-512"
			s := sign(c.issuer, encJSON(c.header), encJSON(c.payload)) + "~"
			c.kb["sd_hash"] = hashOf("", s)
			c.tamper = func(built string) string { return s + built[strings.LastIndex(built, "~")+1:] }
		}},
	})
}

func TestAudienceSlash(t *testing.T) {
	const origin, client = "origin:https://verifier.example", "redirect_uri:https://verifier.example"
	for _, tt := range []struct {
		name, expected, presented string
		allow                     bool
		code                      reason.Code
	}{
		{"exact", origin, origin, false, ""},
		{"slash", origin, origin + "/", false, reason.KBAudMismatch},
		{"slash allowed", origin, origin + "/", true, ""},
		{"exact with slash allowed", origin, origin, true, ""},
		{"two slashes", origin, origin + "//", true, reason.KBAudMismatch},
		{"path", origin, origin + "/x", true, reason.KBAudMismatch},
		{"without prefix", origin, "https://verifier.example/", true, reason.KBAudMismatch},
		{"slash left out", origin + "/", origin, true, reason.KBAudMismatch},
		{"client_id instead", origin, client, true, reason.KBAudMismatch},
		{"slash on a client_id", client, client + "/", true, reason.KBAudMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, k := newCard(), newChecks()
			c.kb["aud"] = tt.presented
			k.binding.Audience, k.binding.AllowAudienceSlash = tt.expected, tt.allow
			_, err := verify(c.build(), k)
			expect(t, err, tt.code)
		})
	}
}

// Without CheckBinding nothing in the KB-JWT is believed.
func TestUncheckedBinding(t *testing.T) {
	c, k := newCard(), newChecks()
	c.kb["transaction_data_hashes"] = []any{hashOf("", "e30")}
	k.binding = nil
	cred, err := verify(c.build(), k)
	expect(t, err, "")
	expect(t, cred.CheckTransactionData([]string{"e30"}), reason.TransactionDataMissing)

	bad := *newChecks().binding
	bad.Nonce = "other"
	expect(t, cred.CheckBinding(bad), reason.KBNonceMismatch)
	expect(t, cred.CheckTransactionData([]string{"e30"}), reason.TransactionDataMissing)
	expect(t, cred.CheckBinding(*newChecks().binding), "")
	expect(t, cred.CheckTransactionData([]string{"e30"}), "")
	expect(t, cred.CheckBinding(bad), reason.KBNonceMismatch)
	expect(t, cred.CheckTransactionData([]string{"e30"}), reason.TransactionDataMissing)
}

func TestEd25519Holder(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newCard()
	c.payload["cnf"] = object{"jwk": object{"kty": "OKP", "crv": "Ed25519", "x": enc(public)}}
	c.kb = nil
	s := c.build()
	msg := encJSON(object{"alg": "EdDSA", "typ": "kb+jwt"}) + "." + encJSON(object{
		"iat": now.Unix(), "nonce": testNonce, "aud": testAud, "sd_hash": hashOf("", s),
	})
	s += msg + "." + enc(ed25519.Sign(private, []byte(msg)))
	_, err = verify(s, newChecks())
	expect(t, err, "")
}

func TestTransactionData(t *testing.T) {
	pay := encJSON(object{"type": "payment", "credential_ids": []any{"card"}, "amount": "1.00"})
	sign := encJSON(object{"type": "qes", "credential_ids": []any{"card"}})
	listed := encJSON(object{"type": "payment", "credential_ids": []any{"card"}, "transaction_data_hashes_alg": []any{"sha-384", "sha-512"}})
	hashes := func(alg string, data ...string) []any {
		var a []any
		for _, s := range data {
			a = append(a, hashOf(alg, s))
		}
		return a
	}
	many := make([]string, maxTransactionData+1)
	for i := range many {
		many[i] = pay
	}
	for _, tt := range []struct {
		name  string
		sent  []string
		bound any // nil: absent
		alg   any // nil: absent
		code  reason.Code
	}{
		{"nothing sent, nothing bound", nil, nil, nil, ""},
		{"one", []string{pay}, hashes("", pay), nil, ""},
		{"one, alg named", []string{pay}, hashes("", pay), "sha-256", ""},
		{"two", []string{pay, sign}, hashes("", pay, sign), nil, ""},
		{"two in another order", []string{pay, sign}, hashes("", sign, pay), nil, ""},
		{"the same twice", []string{pay, pay}, hashes("", pay, pay), nil, ""},
		{"sha-384", []string{pay}, hashes("sha-384", pay), "sha-384", ""},
		{"sha-512", []string{pay}, hashes("sha-512", pay), "sha-512", ""},
		{"alg among those listed", []string{listed, pay}, hashes("sha-384", listed, pay), "sha-384", ""},

		{"sent, not bound", []string{pay}, nil, nil, reason.TransactionDataMissing},
		{"bound, not sent", nil, hashes("", pay), nil, reason.TransactionDataHashMismatch},
		{"other data", []string{pay}, hashes("", sign), nil, reason.TransactionDataHashMismatch},
		{"one too few", []string{pay, sign}, hashes("", pay), nil, reason.TransactionDataHashMismatch},
		{"one too many", []string{pay}, hashes("", pay, sign), nil, reason.TransactionDataHashMismatch},
		{"one twice instead of both", []string{pay, sign}, hashes("", pay, pay), nil, reason.TransactionDataHashMismatch},
		{"hash of the decoded text", []string{"e30"}, hashes("", "{}"), nil, reason.TransactionDataHashMismatch},
		{"other alg than named", []string{pay}, hashes("", pay), "sha-512", reason.TransactionDataHashMismatch},
		{"alg unknown", []string{pay}, hashes("", pay), "sha-1", reason.TransactionDataHashMismatch},
		{"alg a number", []string{pay}, hashes("", pay), 256, reason.TransactionDataHashMismatch},
		{"hashes a string", []string{pay}, hashOf("", pay), nil, reason.TransactionDataHashMismatch},
		{"hashes of numbers", []string{pay}, []any{1}, nil, reason.TransactionDataHashMismatch},
		{"hashes empty", []string{pay}, []any{}, nil, reason.TransactionDataHashMismatch},
		{"listed and not named", []string{listed}, hashes("", listed), nil, reason.TransactionDataHashMismatch},
		{"not among those listed", []string{pay, listed}, hashes("", pay, listed), "sha-256", reason.TransactionDataHashMismatch},

		{"item not base64url", []string{"!"}, hashes("", "!"), nil, reason.RequestContextIncomplete},
		{"item not an object", []string{"W10"}, hashes("", "W10"), nil, reason.RequestContextIncomplete},
		{"list not an array", []string{encJSON(object{"transaction_data_hashes_alg": "sha-256"})}, hashes("", "x"), "sha-256", reason.RequestContextIncomplete},
		{"list empty", []string{encJSON(object{"transaction_data_hashes_alg": []any{}})}, hashes("", "x"), "sha-256", reason.RequestContextIncomplete},
		{"list of numbers", []string{encJSON(object{"transaction_data_hashes_alg": []any{1}})}, hashes("", "x"), "sha-256", reason.RequestContextIncomplete},
		{"as many as allowed", many[:maxTransactionData], hashes("", many[:maxTransactionData]...), nil, ""},
		{"more than allowed", many, hashes("", many...), nil, reason.InputTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, k := newCard(), newChecks()
			k.data = tt.sent
			if tt.bound != nil {
				c.kb["transaction_data_hashes"] = tt.bound
			}
			if tt.alg != nil {
				c.kb["transaction_data_hashes_alg"] = tt.alg
			}
			_, err := verify(c.build(), k)
			expect(t, err, tt.code)
		})
	}
}

// A credential without KB-JWT binds no transaction data.
func TestTransactionDataWithoutBinding(t *testing.T) {
	c, k := newCard(), newChecks()
	c.kb, k.binding = nil, nil
	cred, err := verify(c.build(), k)
	expect(t, err, "")
	expect(t, cred.CheckTransactionData(nil), "")
	expect(t, cred.CheckTransactionData([]string{"e30"}), reason.TransactionDataMissing)
	expect(t, cred.CheckBinding(Binding{Now: now, MaxAge: time.Hour}), reason.KBMissing)
}
