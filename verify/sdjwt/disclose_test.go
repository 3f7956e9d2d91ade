package sdjwt

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestDisclosures(t *testing.T) {
	runRefusals(t, []refusal{
		{"sd_alg unknown", reason.SDAlgUnsupported, func(c *card, k *checks) { c.rawPayload = encJSON(with(c.payload, "_sd_alg", "sha-1")) }},
		{"sd_alg truncated", reason.SDAlgUnsupported, func(c *card, k *checks) { c.rawPayload = encJSON(with(c.payload, "_sd_alg", "sha-256-64")) }},
		{"sd_alg in other case", reason.SDAlgUnsupported, func(c *card, k *checks) { c.rawPayload = encJSON(with(c.payload, "_sd_alg", "SHA-256")) }},
		{"sd_alg a number", reason.SDAlgUnsupported, func(c *card, k *checks) { c.rawPayload = encJSON(with(c.payload, "_sd_alg", 256)) }},
		{"sd_alg in an object", reason.SDAlgNested, func(c *card, k *checks) { c.payload["address"] = object{"_sd_alg": "sha-256"} }},
		{"sd_alg in an array", reason.SDAlgNested, func(c *card, k *checks) { c.payload["list"] = []any{object{"_sd_alg": "sha-256"}} }},
		{"sd_alg in a disclosed value", reason.SDAlgNested, func(c *card, k *checks) { c.hide(c.payload, "address", object{"_sd_alg": "sha-256"}) }},
		{"sd_alg in a disclosed element", reason.SDAlgNested, func(c *card, k *checks) {
			c.payload["list"] = []any{object{"...": c.digest(c.element(object{"_sd_alg": "sha-256"}))}}
		}},
		{"sd_alg disclosed by name", reason.SDAlgNested, func(c *card, k *checks) { c.hide(c.payload, "_sd_alg", "sha-256") }},
		{"digests made with another hash", reason.DisclosureUnreferenced, func(c *card, k *checks) {
			c.rawPayload = encJSON(with(c.payload, "_sd_alg", "sha-512"))
		}},

		{"_sd a string", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["address"] = object{"_sd": "x"} }},
		{"_sd null", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["address"] = object{"_sd": nil} }},
		{"_sd of numbers", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["address"] = object{"_sd": []any{1}} }},
		{"_sd empty", "", func(c *card, k *checks) { c.payload["address"] = object{"_sd": []any{}} }},
		{"_sd malformed in a disclosed value", reason.SDDigestMalformed, func(c *card, k *checks) { c.hide(c.payload, "address", object{"_sd": 1}) }},
		{"... with other members", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["list"] = []any{object{"...": "x", "y": 1}} }},
		{"... not a string", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["list"] = []any{object{"...": 1}} }},
		{"... outside an array", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["address"] = object{"...": "x"} }},
		{"... at the top level", reason.SDDigestMalformed, func(c *card, k *checks) { c.payload["..."] = "x" }},
		{"... as a disclosed element", reason.SDDigestMalformed, func(c *card, k *checks) {
			c.payload["list"] = []any{object{"...": c.digest(c.element(object{"...": "x"}))}}
		}},

		{"digest twice in one array", reason.SDDigestDuplicate, func(c *card, k *checks) { c.addDigest(c.payload, c.digest(c.parts[0])) }},
		{"digest twice in two objects", reason.SDDigestDuplicate, func(c *card, k *checks) { c.payload["address"] = object{"_sd": []any{c.digest(c.parts[0])}} }},
		{"decoy twice", reason.SDDigestDuplicate, func(c *card, k *checks) { c.payload["address"] = object{"_sd": []any{hashOf("", "decoy")}} }},
		{"decoy in _sd and in an array", reason.SDDigestDuplicate, func(c *card, k *checks) { c.payload["list"] = []any{object{"...": hashOf("", "decoy")}} }},
		{"digest again in a disclosed value", reason.SDDigestDuplicate, func(c *card, k *checks) {
			c.hide(c.payload, "address", object{"_sd": []any{hashOf("", "decoy")}})
		}},
		{"digest again in a disclosed element", reason.SDDigestDuplicate, func(c *card, k *checks) {
			c.payload["list"] = []any{object{"...": c.digest(c.element(object{"_sd": []any{c.digest(c.parts[0])}}))}}
		}},
		{"digest of a disclosure within itself is not possible, its parent's is", reason.SDDigestDuplicate, func(c *card, k *checks) {
			child := c.disclose("child", 1)
			c.hide(c.payload, "parent", object{"_sd": []any{c.digest(child)}})
			c.addDigest(c.payload, c.digest(child))
		}},
		{"digests at the cap", "", func(c *card, k *checks) { c.decoys(maxDigests - 2) }}, // newCard has two
		{"digests over the cap", reason.InputTooLarge, func(c *card, k *checks) { c.decoys(maxDigests - 1) }},

		{"property disclosed by two members", reason.DisclosureMalformed, func(c *card, k *checks) { c.addDigest(c.payload, c.digest(c.element("x"))) }},
		{"element disclosed by three members", reason.DisclosureMalformed, func(c *card, k *checks) {
			c.payload["list"] = []any{object{"...": c.digest(c.disclose("name", "x"))}}
		}},
		{"named _sd", reason.DisclosureNameForbidden, func(c *card, k *checks) { c.hide(c.payload, "_sd", []any{}) }},
		{"named ...", reason.DisclosureNameForbidden, func(c *card, k *checks) { c.hide(c.payload, "...", "x") }},
		{"named _sd below", reason.DisclosureNameForbidden, func(c *card, k *checks) {
			address := object{}
			c.hide(address, "_sd", []any{})
			c.payload["address"] = address
		}},
		{"name in the open already", reason.DisclosureClaimCollision, func(c *card, k *checks) {
			c.payload["email"] = "a@b"
			c.hide(c.payload, "email", "c@d")
		}},
		{"name disclosed a moment ago", reason.DisclosureClaimCollision, func(c *card, k *checks) { c.hide(c.payload, "given_name", "Max") }},
		{"name in the open as null", reason.DisclosureClaimCollision, func(c *card, k *checks) {
			c.payload["email"] = nil
			c.hide(c.payload, "email", "c@d")
		}},
		{"name at another level", "", func(c *card, k *checks) {
			address := object{"_sd": []any{}}
			c.hide(address, "given_name", "x")
			c.payload["address"] = address
		}},
		{"unreferenced", reason.DisclosureUnreferenced, func(c *card, k *checks) { c.disclose("stray", 1) }},
		{"unreferenced element", reason.DisclosureUnreferenced, func(c *card, k *checks) { c.element(1) }},
		{"child without its parent", reason.DisclosureUnreferenced, func(c *card, k *checks) {
			child := c.disclose("child", 1)
			parent := encJSON([]any{salt(), "parent", object{"_sd": []any{c.digest(child)}}})
			c.addDigest(c.payload, c.digest(parent))
		}},
		{"flipped disclosure", reason.DisclosureUnreferenced, func(c *card, k *checks) { c.parts[0] = encJSON([]any{"salt", "given_name", "Max"}) }},
		{"same disclosure twice", reason.DisclosureDuplicate, func(c *card, k *checks) { c.parts = append(c.parts, c.parts[0]) }},
		{"same unreferenced disclosure twice", reason.DisclosureDuplicate, func(c *card, k *checks) {
			c.disclose("stray", 1)
			c.parts = append(c.parts, c.parts[3])
		}},
		{"disclosures in another order", "", func(c *card, k *checks) { c.parts[0], c.parts[2] = c.parts[2], c.parts[0] }},
		{"null disclosed", "", func(c *card, k *checks) { c.hide(c.payload, "nothing", nil) }},
		{"empty name disclosed", "", func(c *card, k *checks) { c.hide(c.payload, "", 1) }},
	})
}

func with(m object, name string, v any) object {
	out := object{name: v}
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (c *card) decoys(n int) {
	for i := range n {
		c.addDigest(c.payload, hashOf("", fmt.Sprint(i)))
	}
}

func TestNeverDisclosable(t *testing.T) {
	values := map[string]any{
		"iss": "https://x", "nbf": 1, "exp": 1893456000, "vct": "urn:x", "vct#integrity": "sha256-x",
		"aka_vcts": []any{"urn:y"}, "status": object{}, "aud": testAud, "cnf": object{"jwk": publicJWK(holderKey)},
	}
	for name, v := range values {
		c, k := newCard(), newChecks()
		delete(c.payload, name)
		c.hide(c.payload, name, v)
		_, err := verify(c.build(), k)
		t.Log(name)
		expect(t, err, reason.ClaimMustNotBeDisclosable)

		// The same names lower down are ordinary claims.
		c, k = newCard(), newChecks()
		c.payload["nested"] = object{}
		c.hide(c.payload["nested"].(object), name, v)
		_, err = verify(c.build(), k)
		expect(t, err, "")
	}
	runRefusals(t, []refusal{
		{"key within cnf", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			cnf := object{}
			c.hide(cnf, "jwk", publicJWK(holderKey))
			c.payload["cnf"] = cnf
		}},
		{"coordinate within cnf.jwk", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			jwk := publicJWK(holderKey)
			x := jwk["x"]
			delete(jwk, "x")
			c.hide(jwk, "x", x)
			c.payload["cnf"] = object{"jwk": jwk}
		}},
		{"entry within status", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			c.hide(c.payload["status"].(object), "identifier_list", object{})
		}},
		// What a holder may leave out as well: else a status could be hidden.
		{"entry within status, not disclosed", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			c.payload["status"] = object{"_sd": []any{hashOf("", "status")}}
		}},
		{"entry of aka_vcts", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			c.payload["aka_vcts"] = []any{"urn:a", object{"...": c.digest(c.element("urn:b"))}}
		}},
		{"entry of aud", "", func(c *card, k *checks) {
			c.payload["aud"] = []any{"other", object{"...": c.digest(c.element(testAud))}}
		}},
		{"entry of aud, not disclosed", reason.CredentialAudMismatch, func(c *card, k *checks) {
			c.payload["aud"] = []any{object{"...": hashOf("", testAud)}}
		}},
		{"within an entry of aud", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			c.payload["aud"] = []any{[]any{object{"...": c.digest(c.element(testAud))}}}
		}},
		{"within a disclosed entry of aud", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			inner := object{}
			c.hide(inner, "x", 1)
			c.payload["aud"] = []any{object{"...": c.digest(c.element(inner))}}
		}},
		{"aud an object", reason.ClaimMustNotBeDisclosable, func(c *card, k *checks) {
			aud := object{}
			c.hide(aud, "x", 1)
			c.payload["aud"] = aud
		}},
		{"iat", "", func(c *card, k *checks) { delete(c.payload, "iat"); c.hide(c.payload, "iat", issued.Unix()) }},
		{"sub", "", func(c *card, k *checks) { c.hide(c.payload, "sub", "x") }},
	})
}

// The shapes of RFC 9901 sections 4.2.4 to 4.2.7 and 6: structured, flat,
// recursive, arrays within arrays, decoys.
func TestShapes(t *testing.T) {
	tests := []struct {
		name string
		make func(c *card)
		want string // of the claim "x"; "" for none
	}{
		{"structured, all", func(c *card) {
			x := object{"open": 1}
			c.hide(x, "a", 1)
			c.hide(x, "b", object{"c": 2})
			c.payload["x"] = x
		}, `{"a":1,"b":{"c":2},"open":1}`},
		{"structured, none", func(c *card) {
			c.payload["x"] = object{"_sd": []any{hashOf("", "a"), hashOf("", "b")}}
		}, `{}`},
		{"flat, undisclosed", func(c *card) { c.addDigest(c.payload, hashOf("", "x")) }, ""},
		{"recursive", func(c *card) {
			inner := object{}
			c.hide(inner, "a", 1)
			c.addDigest(inner, hashOf("", "b"))
			c.hide(c.payload, "x", inner)
		}, `{"a":1}`},
		{"recursive over three levels", func(c *card) {
			leaf, middle := object{}, object{}
			c.hide(leaf, "a", 1)
			c.hide(middle, "leaf", leaf)
			c.hide(c.payload, "x", middle)
		}, `{"leaf":{"a":1}}`},
		{"recursive, child withheld", func(c *card) { c.hide(c.payload, "x", object{"_sd": []any{hashOf("", "a")}}) }, `{}`},
		{"array, first and last", func(c *card) {
			c.payload["x"] = []any{
				object{"...": c.digest(c.element("a"))}, object{"...": hashOf("", "b")}, "open", object{"...": c.digest(c.element(object{"c": nil}))},
			}
		}, `["a","open",{"c":null}]`},
		{"array, none", func(c *card) {
			c.payload["x"] = []any{object{"...": hashOf("", "a")}, object{"...": hashOf("", "b")}}
		}, `[]`},
		{"array within an array", func(c *card) {
			c.payload["x"] = []any{[]any{object{"...": c.digest(c.element("a"))}, object{"...": hashOf("", "b")}}, []any{object{"...": hashOf("", "c")}}}
		}, `[["a"],[]]`},
		{"disclosed array with concealed entries", func(c *card) {
			c.hide(c.payload, "x", []any{object{"...": c.digest(c.element(1))}, object{"...": hashOf("", "b")}, 3})
		}, `[1,3]`},
		{"disclosed element that is an array", func(c *card) {
			c.payload["x"] = []any{object{"...": c.digest(c.element([]any{object{"...": c.digest(c.element(1))}, object{"...": hashOf("", "b")}}))}}
		}, `[[1]]`},
		{"object in an array with concealed properties", func(c *card) {
			x := object{"open": true}
			c.hide(x, "a", "b")
			c.payload["x"] = []any{x}
		}, `[{"a":"b","open":true}]`},
		{"decoys that are no digests", func(c *card) {
			c.payload["x"] = object{"_sd": []any{"", "not base64url!"}, "a": 1}
		}, `{"a":1}`},
		{"numbers keep their value", func(c *card) {
			c.hide(c.payload, "x", json.RawMessage(`[9007199254740993,0.5,-1]`))
		}, `[9007199254740993,0.5,-1]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCard()
			tt.make(c)
			cred, err := verify(c.build(), newChecks())
			expect(t, err, "")
			x, ok := cred.Claims()["x"]
			got, _ := json.Marshal(x)
			if ok != (tt.want != "") || (ok && string(got) != tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
