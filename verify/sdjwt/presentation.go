package sdjwt

import (
	"errors"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Presentation is a parsed SD-JWT or SD-JWT+KB. Nothing in it is verified.
type Presentation struct {
	issuer      *jose.JWS
	payload     map[string]any
	disclosures []disclosure
	bound       []byte // everything up to and including the last ~: what sd_hash covers
	keyBinding  string // the KB-JWT, "" if there is none

	// Processing consumes payload, so its outcome is kept.
	processed  bool
	credential *Credential
	err        error
}

// Parse reads the compact form (RFC 9901 section 4) and decodes the issuer's JWT
// and every disclosure strictly; it verifies nothing. The KB-JWT is looked at by
// CheckBinding only, beyond having three parts. Codes: input_too_large, sdjwt_malformed,
// disclosure_malformed, jwt_crit_unsupported, and for a JWT without signature
// jwt_alg_not_allowed or issuer_signature_invalid.
func Parse(s string, l Limits) (*Presentation, error) {
	l = l.withDefaults()
	if len(s) > l.Bytes {
		return nil, reason.Refuse(reason.InputTooLarge, "the presentation is longer than %d bytes", l.Bytes)
	}
	parts := strings.Count(s, "~")
	if parts == 0 {
		return nil, reason.Refuse(reason.SDJWTMalformed, "no ~: not an SD-JWT in compact form")
	}
	if parts-1 > l.Disclosures {
		return nil, reason.Refuse(reason.InputTooLarge, "more than %d disclosures", l.Disclosures)
	}
	raw := []byte(s) // for all hashes: one copy of what was received
	jwt, rest, _ := strings.Cut(s, "~")
	p := &Presentation{disclosures: make([]disclosure, parts-1)}
	if err := p.parseIssuer(jwt); err != nil {
		return nil, err
	}
	var scratch []byte
	for i := range p.disclosures {
		var encoded string
		at := len(s) - len(rest)
		encoded, rest, _ = strings.Cut(rest, "~")
		d := &p.disclosures[i]
		d.encoded = raw[at : at+len(encoded)]
		var err error
		if scratch, err = d.parse(encoded, scratch); err != nil {
			return nil, err
		}
	}
	// The last part of an SD-JWT without key binding is empty, so a disclosure in
	// that place means that the trailing ~ is missing.
	if rest != "" && strings.Count(rest, ".") != 2 {
		return nil, reason.Refuse(reason.SDJWTMalformed, "after the last ~ stands something other than a KB-JWT")
	}
	p.keyBinding = rest
	p.bound = raw[:len(s)-len(rest)]
	return p, nil
}

func (p *Presentation) parseIssuer(jwt string) error {
	var err error
	if p.issuer, err = jose.Parse(jwt); err != nil {
		return refuseJWS(err, jwt, reason.SDJWTMalformed, reason.IssuerSignatureInvalid)
	}
	if p.payload, err = strictjson.Object(p.issuer.Payload); err != nil {
		return refuseJSON(p.issuer.Payload, reason.SDJWTMalformed, "the issuer's payload", err)
	}
	return nil
}

// ChainText returns x5c as it was received, nil if there is none. Base64 is decoded
// strictly, so that one chain has one text.
func (p *Presentation) ChainText() []string { return p.issuer.Header.X5C }

// Chain returns the certificates of x5c as DER, leaf first. issuer_key_unresolved
// if there are none: x5c is the only key mechanism here (HAIP 1.0 section 6.1.1).
func (p *Presentation) Chain() ([][]byte, error) {
	chain, err := p.issuer.Chain()
	if err != nil {
		return nil, reason.Refuse(reason.SDJWTMalformed, "x5c is not an array of standard base64 strings")
	}
	if len(chain) == 0 {
		return nil, reason.Refuse(reason.IssuerKeyUnresolved, "the issuer's JWT has no x5c header")
	}
	return chain, nil
}

// UnverifiedType is vct as presented, "" if there is none. It serves to choose a
// scope before the signature is verified, and for nothing else.
func (p *Presentation) UnverifiedType() string {
	vct, _ := p.payload["vct"].(string)
	return vct
}

// HasKeyBinding says whether a KB-JWT was presented, not whether it is any good.
// Whether one is needed is for the policy to say, never for the presentation (RFC
// 9901 section 7.3).
func (p *Presentation) HasKeyBinding() bool { return p.keyBinding != "" }

// refuseJWS turns an error of jose.Parse into a refusal. A JWT without signature
// is refused for its alg, unless that is one that would have had to sign.
func refuseJWS(err error, jwt string, malformed, unsigned reason.Code) error {
	switch {
	case errors.Is(err, jose.ErrCritical):
		return reason.Refuse(reason.JWTCritUnsupported, "the JWT header has crit or b64, and no extension is supported")
	case !errors.Is(err, jose.ErrUnsigned):
		return reason.Refuse(malformed, "not a compact JWS")
	}
	var header struct {
		Alg string `json:"alg"`
	}
	encoded, _, _ := strings.Cut(jwt, ".")
	raw, err := b64.URL(encoded)
	if err == nil && strictjson.Into(raw, &header) == nil && sigalg.Credentials.Has(sigalg.Alg(header.Alg)) {
		return reason.Refuse(unsigned, "the JWT has no signature")
	}
	return reason.Refuse(reason.JWTAlgNotAllowed, "the JWT is not signed")
}

// refuseJSON tells a document that is nested too deeply from one that is not JSON.
func refuseJSON(b []byte, malformed reason.Code, what string, err error) error {
	if nesting(b) > strictjson.MaxDepth {
		return reason.Refuse(reason.InputTooLarge, "%s is nested deeper than %d", what, strictjson.MaxDepth)
	}
	return reason.Refuse(malformed, "%s: %v", what, err)
}

// nesting counts the deepest nesting of brackets outside strings.
func nesting(b []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
