package verify

import (
	"crypto/x509"
	"encoding/hex"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Explanation says what a presentation would need to be trusted. Nothing in it was
// verified: it is for a person who wonders why an answer was what it was. It holds
// no claims.
type Explanation struct {
	Format  string         `json:"format"`
	Type    string         `json:"type,omitempty"`
	Kind    trustlist.Kind `json:"kind,omitempty"` // by the built-in and configured types; "" unknown
	Bound   bool           `json:"bound"`          // carries a key binding or device authentication
	Issuer  Needed         `json:"issuer"`
	Refused *Reason        `json:"refused,omitempty"` // it cannot even be read
}

// Needed is the certificate that signed, and the anchor it needs.
type Needed struct {
	Subject      string `json:"subject,omitempty"`
	Country      string `json:"country,omitempty"`
	SHA256       string `json:"certificate_sha256,omitempty"`
	SelfSigned   bool   `json:"self_signed,omitempty"` // needs to be in a list itself
	AnchorName   string `json:"anchor_subject,omitempty"`
	AnchorKeyID  string `json:"anchor_key_id,omitempty"` // hex
	Certificates int    `json:"certificates,omitempty"`

	NotBefore time.Time `json:"not_before,omitzero"` // in which all of them are valid
	NotAfter  time.Time `json:"not_after,omitzero"`
}

// Explain reads one presentation of vp_token.
func (v *Verifier) Explain(raw string) []Explanation {
	c := &check{Verifier: v, req: &Request{Flow: FlowRedirect}}
	list, err := c.parse(wanted{}, raw)
	if err != nil {
		r := toReason(err)
		return []Explanation{{Format: formOf(raw), Refused: &r}}
	}
	var out []Explanation
	for _, p := range list {
		e := Explanation{Format: p.format(), Type: p.unverifiedType(), Bound: p.bound()}
		e.Kind, _ = v.kindOf(e.Type)
		if certs, err := chainOf(p); err != nil {
			r := toReason(err)
			e.Refused = &r
		} else {
			e.Issuer = neededBy(certs)
		}
		out = append(out, e)
	}
	return out
}

func chainOf(p presented) ([]*x509.Certificate, error) {
	ders, err := p.chain()
	if err != nil {
		return nil, err
	}
	return pki.ParseChain(ders)
}

func neededBy(certs []*x509.Certificate) Needed {
	leaf, top := certs[0], certs[len(certs)-1]
	from, to := window(certs)
	return Needed{
		NotBefore: from, NotAfter: to,
		Subject: leaf.Subject.String(), Country: pki.Country(leaf), SHA256: fingerprint(leaf), SelfSigned: pki.SelfSigned(leaf),
		AnchorName: top.Issuer.String(), AnchorKeyID: hex.EncodeToString(top.AuthorityKeyId), Certificates: len(certs),
	}
}
