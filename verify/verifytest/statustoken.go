package verifytest

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Forms of a status list token.
const (
	FormJWT = "jwt"
	FormCWT = "cwt"
)

// Claim keys of a CWT token (RFC 8392; Token Status List section 14).
const (
	claimSubject    = 2
	claimExpiry     = 4
	claimIssuedAt   = 6
	claimStatusList = 65533
	claimTTL        = 65534
)

// TokenOptions change a status list token. The zero value makes a good one.
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
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	if o.Expires.IsZero() {
		o.Expires = now.Add(defaultExpiry)
	}
	if o.Subject == "" {
		o.Subject = l.URI
	}
	if o.Bits == 0 {
		o.Bits = l.Bits
	}
	if o.Signer == nil {
		o.Signer = l.authority.Revocation
	}
	if o.Chain == nil {
		o.Chain = o.Signer.Chain()
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
		token, err = o.cwt(lst, now)
	default:
		err = fmt.Errorf("a status list token is %q or %q, not %q", FormJWT, FormCWT, form)
	}
	if err == nil && o.Damage != nil {
		token = o.Damage(token)
	}
	return token, err
}

func (o TokenOptions) jwt(lst []byte, now time.Time) ([]byte, error) {
	header := map[string]any{"typ": "statuslist+jwt", "alg": algJOSE(o.Signer.Private)}
	if !o.NoChain {
		header["x5c"] = x5c(o.Chain)
	}
	list := map[string]any{"bits": o.Bits, "lst": URL64(lst)}
	if o.Aggregation != "" {
		list["aggregation_uri"] = o.Aggregation
	}
	claims := map[string]any{"sub": o.Subject, "iat": now.Unix(), "status_list": list}
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

func (o TokenOptions) cwt(lst []byte, now time.Time) ([]byte, error) {
	protected := map[any]any{labelAlg: algCOSE(o.Signer.Private), labelType: mediaTypeCWT}
	unprotected := map[any]any{}
	if !o.NoChain {
		place := protected // where ISO/IEC 18013-5 12.3.6 wants it
		if o.UnprotectedX5 {
			place = unprotected
		}
		place[labelX5Chain] = x5chain(o.Chain)
	}
	list := map[string]any{"bits": o.Bits, "lst": lst}
	if o.Aggregation != "" {
		list["aggregation_uri"] = o.Aggregation
	}
	claims := map[any]any{claimSubject: o.Subject, claimIssuedAt: now.Unix(), claimStatusList: list}
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
