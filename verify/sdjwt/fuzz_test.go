package sdjwt

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// seeds are presentations: our own, and those made by others where they are there.
func seeds(f *testing.F) []string {
	c := newCard()
	recursive := object{}
	c.hide(recursive, "a", []any{object{"...": c.digest(c.element(1))}})
	c.hide(c.payload, "x", recursive)
	s := []string{c.build(), newCard().build(), benchCard(true), "~", "a.b.c~~", "e30.e30.AA~WyJhIiwxXQ~"}
	dir, err := vectortest.Find()
	if err != nil {
		f.Log(err)
		return s
	}
	files, _ := filepath.Glob(filepath.Join(dir, "sdjwt", "*.txt"))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		s = append(s, strings.TrimSpace(string(b)))
	}
	return s
}

// refused fails unless err is a refusal whose code is registered.
func refused(t *testing.T, err error) {
	t.Helper()
	var r *reason.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("not a refusal: %v", err)
	}
	if _, ok := reason.Lookup(r.Code); !ok {
		t.Fatalf("unknown code %s", r.Code)
	}
}

// through runs what comes after the issuer's signature as if that were good.
func through(t *testing.T, p *Presentation) {
	t.Helper()
	p.Chain()
	cred, err := testOnlyIssued(p).Disclose()
	if err != nil {
		refused(t, err)
		return
	}
	assertNoArtefacts(t, cred.Claims())
	if cred.Type() == "" || len(cred.Types()) == 0 {
		t.Error("no type")
	}
	if _, err := json.Marshal(cred.PublicClaims()); err != nil {
		t.Errorf("claims cannot be written: %v", err)
	}
	for _, at := range []interface{ MarshalText() ([]byte, error) }{cred.NotBefore(), cred.NotAfter(), cred.IssuedAt()} {
		if _, err := at.MarshalText(); err != nil {
			t.Errorf("a time cannot be written: %v", err)
		}
	}
	k := newChecks()
	for _, err := range []error{
		cred.CheckTime(k.now, k.skew), cred.CheckAudience(k.aud), cred.CheckBinding(*k.binding),
		cred.CheckTransactionData(nil), cred.CheckTransactionData([]string{"e30"}),
	} {
		if err != nil {
			refused(t, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s, Limits{})
		if err != nil {
			refused(t, err)
			return
		}
		if p.HasKeyBinding() == strings.HasSuffix(s, "~") {
			t.Error("key binding is what stands after the last ~")
		}
		through(t, p)
	})
}

// FuzzDisclosures mutates the JSON itself, which base64 hides from FuzzParse.
func FuzzDisclosures(f *testing.F) {
	f.Add(`{"vct":"x","_sd":["a"],"l":[{"...":"b"}],"exp":1.5}`, `["s","n",{"_sd":[]}]`, `["s",[1,{"...":"c"}]]`)
	f.Add(`{"vct":"x","aud":["a",{"...":"b"}],"aka_vcts":["y"],"cnf":{"jwk":{"kty":"EC"}}}`, `["s","exp",1]`, `["s",null]`)
	f.Add(`{"vct":"x","_sd_alg":"sha-512","a":{"_sd":[],"b":[[{"...":"x"}]]}}`, `["s","_sd",[]]`, `["","",""]`)
	f.Add(`{"vct":"x","_sd":["%1","%2"]}`, `["s","a",{"b":1}]`, `["s","c",[2]]`)
	f.Add(`{"vct":"x","_sd":["%1"],"l":[3]}`, `["s","a",[{"...":"%2"}]]`, `["s",{"_sd":[]}]`)
	f.Add(`{"vct":"x","l":[{"...":"%1"}]}`, `["s",{"_sd":["%2"],"d":1}]`, `["s","iat",1700000000]`)
	head := encJSON(object{"alg": "ES256", "typ": "dc+sd-jwt"})
	f.Fuzz(func(t *testing.T, payload, one, two string) {
		// %1 and %2 in the payload and in one stand for the digests.
		parts := []string{enc([]byte(one)), enc([]byte(two))}
		one = strings.ReplaceAll(one, "%2", hashOf("", parts[1]))
		parts[0] = enc([]byte(one))
		payload = strings.NewReplacer("%1", hashOf("", parts[0]), "%2", hashOf("", parts[1])).Replace(payload)
		p, err := Parse(head+"."+enc([]byte(payload))+".AA~"+strings.Join(parts, "~")+"~", Limits{})
		if err != nil {
			refused(t, err)
			return
		}
		through(t, p)
	})
}
