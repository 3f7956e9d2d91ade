package verifytest

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// SDJWTOptions describe an SD-JWT VC to issue. Zero times and empty members are
// left out of the credential, except where a field says otherwise.
type SDJWTOptions struct {
	VCT    string
	Issuer string // iss; "": the authority's URL
	// Claims are selectively disclosable one by one, Open ones are not. Hidden
	// marks what is disclosable further inside.
	Claims, Open map[string]any

	IssuedAt, NotBefore, NotAfter time.Time
	Status                        *Ref
	Holder                        *ecdsa.PrivateKey // nil: a new key, as in every copy of a batch
	NoHolder                      bool              // without cnf

	Typ    string // "": dc+sd-jwt
	SDAlg  string // "": sha-256
	NoAlg  bool   // without _sd_alg, which means sha-256
	Decoys int    // beside the digests of every object and array that hides something

	Signer *Key     // nil: the authority's
	Chain  [][]byte // x5c; nil: the signer's
	NoX5C  bool

	// MutateDisclosure changes the array that a disclosure encodes, before its
	// digest is taken.
	MutateDisclosure func(path string, disclosure []any) []any
	// MutateHeader and MutatePayload change the JWT before it is signed.
	MutateHeader, MutatePayload func(map[string]any)
	// Rewrite changes the JWT after it was signed.
	Rewrite func(jwt string) string
}

// SDJWT is a credential in a wallet.
type SDJWT struct {
	JWT         string // the issuer-signed JWT
	Disclosures []Disclosure
	SDAlg       string
	Holder      *ecdsa.PrivateKey
}

// IssueSDJWT issues a credential.
func (a *Authority) IssueSDJWT(o SDJWTOptions) (*SDJWT, error) {
	if o.Signer == nil {
		o.Signer = a.Signer
	}
	if o.Issuer == "" {
		o.Issuer = a.URL
	}
	if o.SDAlg == "" {
		o.SDAlg = "sha-256"
	}
	if o.Holder == nil {
		var err error
		if o.Holder, err = newKey(nil); err != nil {
			return nil, err
		}
	}
	c := &concealer{alg: o.SDAlg, decoys: o.Decoys, change: o.MutateDisclosure}
	payload, err := c.object(o.claims(), "")
	if err != nil {
		return nil, err
	}
	if !o.NoAlg {
		payload["_sd_alg"] = o.SDAlg
	}
	if o.MutatePayload != nil {
		o.MutatePayload(payload)
	}
	jwt, err := SignJWS(o.header(), payload, o.Signer.Private)
	if err != nil {
		return nil, err
	}
	if o.Rewrite != nil {
		jwt = o.Rewrite(jwt)
	}
	return &SDJWT{JWT: jwt, Disclosures: c.disclosures, SDAlg: o.SDAlg, Holder: o.Holder}, nil
}

// claims is the payload before anything is concealed.
func (o SDJWTOptions) claims() map[string]any {
	m := map[string]any{"vct": o.VCT, "iss": o.Issuer}
	for name, t := range map[string]time.Time{"iat": o.IssuedAt, "nbf": o.NotBefore, "exp": o.NotAfter} {
		if !t.IsZero() {
			m[name] = t.Unix()
		}
	}
	if !o.NoHolder {
		m["cnf"] = map[string]any{"jwk": JWK(&o.Holder.PublicKey)}
	}
	if o.Status != nil {
		m["status"] = o.Status.json()
	}
	maps.Copy(m, o.Open)
	for name, v := range o.Claims {
		m[name] = Hidden{v}
	}
	return m
}

func (o SDJWTOptions) header() map[string]any {
	if o.Typ == "" {
		o.Typ = "dc+sd-jwt"
	}
	if o.Chain == nil {
		o.Chain = o.Signer.Chain()
	}
	h := map[string]any{"typ": o.Typ, "alg": algJOSE(o.Signer.Private)}
	if !o.NoX5C {
		h["x5c"] = x5c(o.Chain)
	}
	if o.MutateHeader != nil {
		o.MutateHeader(h)
	}
	return h
}

// Payload decodes the issuer-signed payload, digests and all.
func (s *SDJWT) Payload() (map[string]any, error) {
	var payload map[string]any
	_, err := RewriteJWS(s.JWT, func(_, p map[string]any) { payload = p })
	return payload, err
}

// Disclosure returns the encoded disclosure of a path, "" if there is none.
func (s *SDJWT) Disclosure(path string) string {
	for _, d := range s.Disclosures {
		if d.Path == path {
			return d.Encoded
		}
	}
	return ""
}

// EncodeDisclosure makes a disclosure of an array, for presentations that hold
// what the issuer never made.
func EncodeDisclosure(disclosure ...any) (string, error) {
	b, err := json.Marshal(disclosure)
	if err != nil {
		return "", fmt.Errorf("failed to encode a disclosure: %w", err)
	}
	return URL64(b), nil
}
