package verifytest

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Forms of a status list token, and the identifier list, which has one form only.
const (
	FormJWT         = "jwt"
	FormCWT         = "cwt"
	FormIdentifiers = "identifiers"
)

// Claim keys of a CWT token (RFC 8392; Token Status List section 14).
const (
	claimSubject    = 2
	claimExpiry     = 4
	claimIssuedAt   = 6
	claimStatusList = 65533
	claimTTL        = 65534
)

// TokenOptions change a status list token, and what an identifier list token shares
// with one. The zero value makes a good one.
type TokenOptions struct {
	TTL           time.Duration // 0: 5 minutes; negative: none
	Expires       time.Time     // zero: 12 hours after iat
	NoExpiry      bool
	Subject       string // "": the list's URI
	Bits          int    // what the token says; 0: the list's
	Aggregation   string // aggregation_uri; "": none
	Signer        *Key   // nil: the authority's revocation key
	Chain         [][]byte
	NoChain       bool
	UnprotectedX5 bool // CWT: x5chain in the unprotected header
	Untagged      bool // CWT: no COSE_Sign1 tag

	// Deflated replaces the compressed list.
	Deflated func([]byte) []byte
	// Header and Claims change a JWT; Protected, Unprotected and CWTClaims a CWT.
	Header, Claims                    func(map[string]any)
	Protected, Unprotected, CWTClaims func(map[any]any)
	// Damage changes the finished token.
	Damage func([]byte) []byte
}

// Token signs the list as it stands. Unlike Publish it remembers nothing, so that
// two tokens of one second may contradict each other.
func (l *StatusList) Token(form string, now time.Time, o TokenOptions) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token(form, now, o)
}

func (l *StatusList) token(form string, now time.Time, o TokenOptions) ([]byte, error) {
	o = o.withDefaults(l.URI, l.authority, now)
	if o.Bits == 0 {
		o.Bits = l.Bits
	}
	lst, err := l.deflate()
	if err != nil {
		return nil, err
	}
	if o.Deflated != nil {
		lst = o.Deflated(lst)
	}
	var token []byte
	switch form {
	case FormJWT:
		token, err = o.jwt(lst, now)
	case FormCWT:
		claims := map[any]any{claimStatusList: o.list(lst)}
		token, err = o.cwt(mediaTypeCWT, claims, now)
	default:
		err = fmt.Errorf("a status list token is %q or %q, not %q", FormJWT, FormCWT, form)
	}
	if err == nil && o.Damage != nil {
		token = o.Damage(token)
	}
	return token, err
}

func (o TokenOptions) withDefaults(uri string, a *Authority, now time.Time) TokenOptions {
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	if o.Expires.IsZero() {
		o.Expires = now.Add(defaultExpiry)
	}
	setDefault(&o.Subject, uri)
	if o.Signer == nil {
		o.Signer = a.Revocation
	}
	if o.Chain == nil {
		o.Chain = o.Signer.Chain()
	}
	return o
}

// list is the status list that a token holds: lst as bytes, or as text in JSON.
func (o TokenOptions) list(lst any) map[string]any {
	list := map[string]any{"bits": o.Bits, "lst": lst}
	if o.Aggregation != "" {
		list["aggregation_uri"] = o.Aggregation
	}
	return list
}

func (o TokenOptions) jwt(lst []byte, now time.Time) ([]byte, error) {
	header := map[string]any{"typ": "statuslist+jwt", "alg": algJOSE(o.Signer.Private)}
	if !o.NoChain {
		header["x5c"] = x5c(o.Chain)
	}
	claims := map[string]any{"sub": o.Subject, "iat": now.Unix(), "status_list": o.list(URL64(lst))}
	if !o.NoExpiry {
		claims["exp"] = o.Expires.Unix()
	}
	if o.TTL > 0 {
		claims["ttl"] = int64(o.TTL / time.Second)
	}
	if o.Header != nil {
		o.Header(header)
	}
	if o.Claims != nil {
		o.Claims(claims)
	}
	jws, err := SignJWS(header, claims, o.Signer.Private)
	return []byte(jws), err
}

// cwt signs a token of a type with the claims that hold its list; those of every
// token are added. A nil type is left out.
func (o TokenOptions) cwt(typ any, claims map[any]any, now time.Time) (cbor.RawMessage, error) {
	protected := map[any]any{labelAlg: algCOSE(o.Signer.Private)}
	if typ != nil {
		protected[labelType] = typ
	}
	unprotected := map[any]any{}
	if !o.NoChain {
		place := protected // where ISO/IEC 18013-5 12.3.6 wants it
		if o.UnprotectedX5 {
			place = unprotected
		}
		place[labelX5Chain] = x5chain(o.Chain)
	}
	claims[claimSubject], claims[claimIssuedAt] = o.Subject, now.Unix()
	if !o.NoExpiry {
		claims[claimExpiry] = o.Expires.Unix()
	}
	if o.TTL > 0 {
		claims[claimTTL] = int64(o.TTL / time.Second)
	}
	for _, c := range []struct {
		change func(map[any]any)
		of     map[any]any
	}{{o.Protected, protected}, {o.Unprotected, unprotected}, {o.CWTClaims, claims}} {
		if c.change != nil {
			c.change(c.of)
		}
	}
	payload, err := encode(claims)
	if err != nil {
		return nil, err
	}
	message, err := sign1(protected, unprotected, payload, false, o.Signer.Private)
	if err != nil || o.Untagged {
		return message, err
	}
	return tagged(message)
}

// mediaTypeCWT is the protected type header (credentials 4.3).
const mediaTypeCWT = "application/statuslist+cwt"

// tagged puts the COSE_Sign1 tag before a message.
func tagged(message cbor.RawMessage) (cbor.RawMessage, error) {
	return encode(cbor.RawTag{Number: tagSign1, Content: message})
}
