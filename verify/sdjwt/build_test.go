package sdjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// An issuer and a wallet in a few lines, with none of the verifier's code: JSON by
// encoding/json, signatures by crypto/ecdsa.

type object = map[string]any

var (
	issuerKey = newKey(elliptic.P256())
	holderKey = newKey(elliptic.P256())
	issued    = time.Unix(1_700_000_000, 0)
	now       = issued.Add(24 * time.Hour)
)

const (
	testNonce = "n-0S6_WzA2Mj"
	testAud   = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"
)

func newKey(c elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func enc(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func encJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return enc(b)
}

func publicJWK(k *ecdsa.PrivateKey) object {
	n := (k.Curve.Params().BitSize + 7) / 8
	return object{
		"kty": "EC", "crv": k.Curve.Params().Name,
		"x": enc(k.X.FillBytes(make([]byte, n))), "y": enc(k.Y.FillBytes(make([]byte, n))),
	}
}

// sign returns head.payload.signature over two texts that are encoded already.
func sign(k *ecdsa.PrivateKey, head, payload string) string {
	msg := head + "." + payload
	var sum []byte
	switch k.Curve {
	case elliptic.P384():
		d := sha512.Sum384([]byte(msg))
		sum = d[:]
	case elliptic.P521():
		d := sha512.Sum512([]byte(msg))
		sum = d[:]
	default:
		d := sha256.Sum256([]byte(msg))
		sum = d[:]
	}
	r, s, err := ecdsa.Sign(rand.Reader, k, sum)
	if err != nil {
		panic(err)
	}
	n := (k.Curve.Params().BitSize + 7) / 8
	return msg + "." + enc(append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...))
}

func hashOf(alg, s string) string {
	h := map[string]crypto.Hash{"": crypto.SHA256, "sha-256": crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}[alg].New()
	h.Write([]byte(s))
	return enc(h.Sum(nil))
}

// card is one presentation in the making: change a field, then build.
type card struct {
	header   object
	payload  object
	kbHeader object
	kb       object // nil: no KB-JWT
	issuer   *ecdsa.PrivateKey
	holder   *ecdsa.PrivateKey
	parts    []string // disclosures, encoded

	rawPayload string              // instead of payload
	rawKB      string              // instead of kb
	rawKBJWT   string              // instead of the whole KB-JWT
	tamper     func(string) string // of the finished text
}

// newCard is a good credential with two disclosable claims and an array entry.
func newCard() *card {
	c := &card{
		header: object{"alg": "ES256", "typ": "dc+sd-jwt"},
		payload: object{
			"iss": "https://issuer.example", "vct": "urn:eudi:pid:1",
			"iat": issued.Unix(), "nbf": issued.Unix(), "exp": issued.Add(48 * time.Hour).Unix(),
			"cnf":    object{"jwk": publicJWK(holderKey)},
			"status": object{"status_list": object{"idx": 3, "uri": "https://issuer.example/s/1"}},
		},
		kbHeader: object{"alg": "ES256", "typ": "kb+jwt"},
		kb:       object{"iat": now.Unix(), "nonce": testNonce, "aud": testAud},
		issuer:   issuerKey, holder: holderKey,
	}
	given := c.disclose("given_name", "Erika")
	family := c.disclose("family_name", "Mustermann")
	c.payload["_sd"] = []any{c.digest(given), c.digest(family), hashOf("", "decoy")}
	nationality := c.element("DE")
	c.payload["nationalities"] = []any{object{"...": c.digest(nationality)}, object{"...": hashOf("", "other")}, "EU"}
	return c
}

func (c *card) alg() string { s, _ := c.payload["_sd_alg"].(string); return s }

func (c *card) digest(part string) string { return hashOf(c.alg(), part) }

// part adds an arbitrary disclosure and returns its text.
func (c *card) part(members ...any) string {
	s := encJSON(members)
	c.parts = append(c.parts, s)
	return s
}

func salt() string { b := make([]byte, 16); rand.Read(b); return enc(b) }

func (c *card) disclose(name string, v any) string { return c.part(salt(), name, v) }
func (c *card) element(v any) string               { return c.part(salt(), v) }

// hide puts a disclosable claim into obj.
func (c *card) hide(obj object, name string, v any) {
	c.addDigest(obj, c.digest(c.disclose(name, v)))
}

func (c *card) addDigest(obj object, digest any) {
	list, _ := obj["_sd"].([]any)
	obj["_sd"] = append(list, digest)
}

func (c *card) build() string {
	payload := c.rawPayload
	if payload == "" {
		payload = encJSON(c.payload)
	}
	s := sign(c.issuer, encJSON(c.header), payload) + "~"
	for _, p := range c.parts {
		s += p + "~"
	}
	switch {
	case c.rawKBJWT != "":
		s += c.rawKBJWT
	case c.rawKB != "":
		s += sign(c.holder, encJSON(c.kbHeader), c.rawKB)
	case c.kb != nil:
		kb := maps.Clone(c.kb)
		if _, ok := kb["sd_hash"]; !ok {
			kb["sd_hash"] = hashOf(c.alg(), s)
		}
		s += sign(c.holder, encJSON(c.kbHeader), encJSON(kb))
	}
	if c.tamper != nil {
		s = c.tamper(s)
	}
	return s
}

// checks are the relying party's inputs.
type checks struct {
	limits  Limits
	issuer  IssuerCheck
	now     time.Time
	skew    time.Duration
	aud     string
	binding *Binding
	data    []string
}

func newChecks() checks {
	return checks{
		issuer: IssuerCheck{Key: &issuerKey.PublicKey, Allowed: sigalg.Credentials},
		now:    now, skew: time.Minute, aud: testAud,
		binding: &Binding{
			Nonce: testNonce, Audience: testAud, Now: now, Skew: time.Minute, MaxAge: 5 * time.Minute,
			Allowed: sigalg.Credentials,
		},
	}
}

// verify runs every step and returns the credential or the first refusal.
func verify(s string, k checks) (*Credential, error) {
	p, err := Parse(s, k.limits)
	if err != nil {
		return nil, err
	}
	i, err := p.VerifyIssuer(k.issuer)
	if err != nil {
		return nil, err
	}
	c, err := i.Disclose()
	if err != nil {
		return nil, err
	}
	return c, finish(c, k)
}

func finish(c *Credential, k checks) error {
	if err := c.CheckTime(k.now, k.skew); err != nil {
		return err
	}
	if err := c.CheckAudience(k.aud); err != nil {
		return err
	}
	if k.binding == nil {
		return nil
	}
	if err := c.CheckBinding(*k.binding); err != nil {
		return err
	}
	return c.CheckTransactionData(k.data)
}

// expect fails unless err is a refusal with code; "" expects none.
func expect(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	var r *reason.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal with %s", err, code)
	}
	if r.Code != code {
		t.Fatalf("got %s (%s), want %s", r.Code, r.Detail, code)
	}
	if r.Detail == "" {
		t.Errorf("%s without a detail", code)
	}
	for _, secret := range []string{"Erika", "Mustermann", testNonce, testAud, "issuer.example", "urn:eudi"} {
		if strings.Contains(r.Detail, secret) {
			t.Errorf("the detail of %s quotes what was presented", code)
		}
	}
}

func nested(depth int) string {
	return fmt.Sprintf("%s1%s", strings.Repeat("[", depth), strings.Repeat("]", depth))
}
