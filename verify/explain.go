package verify

import (
	"crypto/x509"
	"encoding/hex"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Explanation says what a presentation would need to be trusted. Nothing in it was
// verified: it is for a person who wonders why an answer was what it was. It holds
// no claims.
type Explanation struct {
	ID    string `json:"id,omitempty"` // within vp_token; set by ExplainRequest
	Index int    `json:"index"`

	Format  string         `json:"format"`
	Type    string         `json:"type,omitempty"`
	Kind    trustlist.Kind `json:"kind,omitempty"` // as expected, else by the built-in and configured types; "" unknown
	Bound   bool           `json:"bound"`          // carries a key binding or device authentication
	Issuer  Needed         `json:"issuer"`
	Refused *Reason        `json:"refused,omitempty"` // it cannot even be read
	Missing []Reason       `json:"missing,omitempty"` // what the request does not say; set by ExplainRequest
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
	return c.explain(wanted{}, raw, func(*Explanation, presented, *x509.Certificate) {})
}

// ExplainRequest reads every presentation of a request, in the order in which
// Verify takes them, and says of each what the request lacks to check it.
func (v *Verifier) ExplainRequest(r *Request) (all []Explanation) {
	c := &check{Verifier: v, req: r}
	for _, id := range sortedKeys(r.VPToken) {
		w, known := c.wanted(id)
		for i, raw := range r.VPToken[id] {
			list := c.explain(w, raw, func(e *Explanation, p presented, leaf *x509.Certificate) {
				if kind, err := c.kind(w, p); err == nil {
					e.Kind = kind
				}
				e.Missing = c.missing(w, known, p, leaf)
			})
			for _, e := range list {
				e.ID, e.Index = id, i
				all = append(all, e)
			}
		}
	}
	return all
}

// explain calls more for each credential that can be read; leaf is nil if its
// certificates cannot.
func (c *check) explain(w wanted, raw string, more func(e *Explanation, p presented, leaf *x509.Certificate)) []Explanation {
	list, err := c.parse(w, raw)
	if err != nil {
		r := toReason(err)
		return []Explanation{{Format: formOf(raw), Refused: &r}}
	}
	var out []Explanation
	for _, p := range list {
		e := Explanation{Format: p.format(), Type: p.unverifiedType(), Bound: p.bound()}
		e.Kind, _ = c.kindOf(e.Type)
		var leaf *x509.Certificate
		if certs, err := chainOf(p); err != nil {
			r := toReason(err)
			e.Refused = &r
		} else {
			leaf, e.Issuer = certs[0], neededBy(certs)
		}
		more(&e, p, leaf)
		out = append(out, e)
	}
	return out
}

// missing asks the same questions as credential and binding do, for their
// complaints about the request alone.
func (c *check) missing(w wanted, known bool, p presented, leaf *x509.Certificate) (list []Reason) {
	add := func(err error) {
		if err != nil {
			list = append(list, toReason(err))
		}
	}
	switch {
	case !known:
		add(reason.Refuse(reason.VPQueryIDUnknown, "neither dcql_query nor expect has an entry of this name"))
	case w.query == nil && w.expect == nil:
		add(reason.Refuse(reason.RequestContextIncomplete, "send dcql_query or expect, so that it is known what was asked for"))
	default:
		if _, err := c.kind(w, p); reason.CodeOf(err) == reason.RequestContextIncomplete {
			add(err)
		}
	}
	if p.format() == dcql.FormatSDJWT {
		add(c.need(needNonce, needAudience))
		return list
	}
	_, err := c.transcript()
	add(err)
	// Which of the two device authentications it is shows behind the issuer's
	// signature only; whether the issuer is trusted does not matter here.
	if err == nil && leaf != nil && len(c.req.EMacKey) == 0 && p.verifyIssuer(leaf, c.req.Policy) == nil {
		if _, err := p.bind(c); reason.CodeOf(err) == reason.DeviceMacKeyUnavailable {
			add(err)
		}
	}
	return list
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
