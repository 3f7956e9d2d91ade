package verifytest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// issueOne makes a PID with everything that can be hidden.
func issueOne(t *testing.T, w *World, change func(*SDJWTOptions)) *SDJWT {
	t.Helper()
	o := must[SDJWTOptions](t)(w.SDJWT(w.PID("DE"), pidDE, testNow))
	if change != nil {
		change(&o)
	}
	return must[*SDJWT](t)(w.PID("DE").IssueSDJWT(o))
}

// digestsIn collects every digest of a JSON value, those of disclosures aside.
func digestsIn(v any) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			switch name {
			case "_sd":
				for _, d := range x.([]any) {
					found = append(found, d.(string))
				}
			case "...":
				found = append(found, x.(string))
			default:
				found = append(found, digestsIn(x)...)
			}
		}
	case []any:
		for _, x := range v {
			found = append(found, digestsIn(x)...)
		}
	}
	return found
}

func TestSDJWTDigests(t *testing.T) {
	w := testWorld(t)
	for _, alg := range []string{"sha-256", "sha-384", "sha-512"} {
		c := issueOne(t, w, func(o *SDJWTOptions) { o.SDAlg, o.Decoys = alg, 2 })
		header, payload := openJWS(t, c.JWT, &w.PID("DE").Signer.Private.PublicKey)
		if header["typ"] != "dc+sd-jwt" || header["alg"] != "ES256" || payload["_sd_alg"] != alg || payload["vct"] != pidDE {
			t.Fatalf("header %v", header)
		}
		digests := digestsIn(payload)
		for _, d := range c.Disclosures {
			var tuple []any
			if err := json.Unmarshal(unbase64(t, d.Encoded), &tuple); err != nil {
				t.Fatal(err)
			}
			digests = append(digests, digestsIn(tuple[len(tuple)-1])...)
		}
		for _, d := range c.Disclosures {
			at := slices.Index(digests, URL64(digest(alg, []byte(d.Encoded))))
			if at < 0 {
				t.Fatalf("%s: no digest of %s", alg, d.Path)
			}
			digests = slices.Delete(digests, at, at+1)
		}
		// What is left are decoys: two at the top, in place_of_birth, address and
		// nationalities each.
		if len(digests) != 8 {
			t.Errorf("%s: %d decoys", alg, len(digests))
		}
	}
}

func TestSDJWTPresent(t *testing.T) {
	w := testWorld(t)
	c := issueOne(t, w, nil)
	p := Presentation{Nonce: "n", Audience: "a", IssuedAt: testNow, Disclose: []string{"family_name", "address.locality"}}
	parts := strings.Split(must[string](t)(c.Present(p)), "~")
	// The JWT, family_name, address, address.locality, the KB-JWT.
	if len(parts) != 5 || parts[0] != c.JWT || !slices.Contains(parts, c.Disclosure("address")) || slices.Contains(parts, c.Disclosure("address.country")) {
		t.Fatalf("%d parts", len(parts))
	}
	header, payload := openJWS(t, parts[4], &c.Holder.PublicKey)
	bound := strings.Join(parts[:4], "~") + "~"
	if header["typ"] != "kb+jwt" || payload["nonce"] != "n" || payload["aud"] != "a" || payload["sd_hash"] != URL64(digest("sha-256", []byte(bound))) {
		t.Errorf("KB-JWT %v %v", header, payload)
	}
	_, issued := openJWS(t, c.JWT, &w.PID("DE").Signer.Private.PublicKey)
	jwk := issued["cnf"].(map[string]any)["jwk"].(map[string]any)
	if jwk["x"] != JWK(&c.Holder.PublicKey)["x"] {
		t.Error("cnf is not the holder's key")
	}

	bare := must[string](t)(c.Present(Presentation{NoKeyBinding: true, Disclose: []string{}}))
	if bare != c.JWT+"~" {
		t.Error("a bare SD-JWT without disclosures is the JWT and a tilde")
	}
}

func TestSDJWTTransactionData(t *testing.T) {
	c := issueOne(t, testWorld(t), nil)
	s := must[string](t)(c.Present(Presentation{IssuedAt: testNow, TransactionData: []string{"eyJ9", "eyJ8"}}))
	_, payload := openJWS(t, s[strings.LastIndex(s, "~")+1:], &c.Holder.PublicKey)
	hashes, _ := payload["transaction_data_hashes"].([]any)
	if len(hashes) != 2 || hashes[1] != URL64(digest("sha-256", []byte("eyJ8"))) || payload["transaction_data_hashes_alg"] != "sha-256" {
		t.Errorf("KB-JWT %v", payload)
	}
}

// TestSDJWTMutators: every kind of damage reaches its place.
func TestSDJWTMutators(t *testing.T) {
	w := testWorld(t)
	c := issueOne(t, w, func(o *SDJWTOptions) {
		o.MutateHeader = func(h map[string]any) { h["crit"] = []string{"x"} }
		o.MutatePayload = func(p map[string]any) { p["extra"] = 1 }
		o.MutateDisclosure = func(path string, d []any) []any {
			if path == "sex" {
				d[1] = "..."
			}
			return d
		}
		o.Status = &Ref{URI: "u", Index: 7, Flat: true}
		o.NoHolder, o.NoX5C, o.NoAlg = true, true, true
	})
	header, payload := openJWS(t, c.JWT, &w.PID("DE").Signer.Private.PublicKey)
	for _, name := range []string{"cnf", "_sd_alg"} {
		if _, there := payload[name]; there {
			t.Errorf("%s is there", name)
		}
	}
	status, _ := payload["status"].(map[string]any)
	if header["crit"] == nil || header["x5c"] != nil || payload["extra"] == nil || status["index"] != 7.0 {
		t.Errorf("%v %v", header, payload)
	}
	if !strings.Contains(string(unbase64(t, c.Disclosure("sex"))), `"..."`) {
		t.Error("the disclosure was not changed")
	}
	s := must[string](t)(c.Present(Presentation{
		IssuedAt:    testNow.Add(time.Second),
		HolderKey:   w.Stranger().Signer.Private,
		Disclosures: func(d []string) []string { return ReplaceDisclosed(d[:], "family_name", "X") },
		MutateKB:    func(h, p map[string]any) { h["typ"], p["exp"] = "jwt", 1 },
		Damage:      func(parts []string) []string { return append(parts, "tail") },
	}))
	parts := strings.Split(s, "~")
	kbHeader, kb := openJWS(t, parts[len(parts)-2], &w.Stranger().Signer.Private.PublicKey)
	if kbHeader["typ"] != "jwt" || kb["exp"] != 1.0 || parts[len(parts)-1] != "tail" || slices.Contains(parts, c.Disclosure("family_name")) {
		t.Errorf("%v %v", kbHeader, kb)
	}
}
