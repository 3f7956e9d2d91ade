// Package jose is the strict subset of JOSE that credentials, key bindings,
// status lists and trust lists use: compact JWS (RFC 7515) with asymmetric
// algorithms, x5c, and JWK public keys (RFC 7517). There is no JSON
// serialisation, no encryption, no symmetric algorithm, no remote key (jku, x5u),
// and no critical header that is understood.
//
// Parse checks form only. Verify checks the signature over the bytes as received,
// with a key the caller chose and an algorithm the caller allows; the header's alg
// selects among the allowed ones and must fit the key.
package jose

import (
	"crypto"
	"errors"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// Limits.
const (
	MaxHeader = 64 << 10 // bytes of the encoded protected header, chain included
	MaxX5C    = 8        // certificates in x5c; paths have a tighter limit of their own
)

// Errors of Parse and Verify, for errors.Is. None quotes the input.
var (
	ErrMalformed = errors.New("malformed JWS")
	ErrUnsigned  = errors.New("JWS without a signature")
	ErrCritical  = errors.New("JWS header marks something unknown as critical")
	ErrAlg       = errors.New("JWS algorithm not allowed")
	ErrSignature = errors.New("JWS signature does not verify")
)

// JWS is a parsed, not yet verified compact JWS.
type JWS struct {
	Header  Header
	Payload []byte

	signed    string // header.payload as received
	signature []byte
}

// Parse splits and decodes a compact JWS. The error is ErrMalformed, ErrUnsigned
// or ErrCritical.
func Parse(compact string) (*JWS, error) {
	head, rest, ok := strings.Cut(compact, ".")
	payload, sig, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || head == "" || len(head) > MaxHeader {
		return nil, ErrMalformed
	}
	j := &JWS{signed: compact[:len(head)+1+len(payload)]}
	if err := j.Header.parse(head); err != nil {
		return nil, err
	}
	// Payload and signature share one piece of memory; another dot is no base64url.
	buf, err := b64.AppendURL(make([]byte, 0, len(rest)*3/4), payload)
	if err != nil {
		return nil, ErrMalformed
	}
	n := len(buf)
	if buf, err = b64.AppendURL(buf, sig); err != nil {
		return nil, ErrMalformed
	}
	j.Payload, j.signature = buf[:n:n], buf[n:]
	if len(j.signature) == 0 {
		return nil, ErrUnsigned
	}
	return j, nil
}

// Verify checks the signature with key, if alg is allowed and fits the key. The
// error is ErrAlg or ErrSignature.
func (j *JWS) Verify(key crypto.PublicKey, allowed sigalg.Set) error {
	alg := sigalg.Alg(j.Header.Alg)
	if !allowed.Has(alg) || sigalg.Check(alg, key) != nil {
		return ErrAlg
	}
	if sigalg.VerifyString(alg, key, j.signed, j.signature) != nil {
		return ErrSignature
	}
	return nil
}

// Chain decodes x5c: DER certificates, leaf first; nil if there is none.
func (j *JWS) Chain() ([][]byte, error) {
	if len(j.Header.X5C) == 0 {
		return nil, nil
	}
	ders := make([][]byte, len(j.Header.X5C))
	for i, c := range j.Header.X5C {
		der, err := b64.Std(c)
		if err != nil || len(der) == 0 {
			return nil, ErrMalformed
		}
		ders[i] = der
	}
	return ders, nil
}
