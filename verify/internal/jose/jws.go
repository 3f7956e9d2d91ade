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
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
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

// Header is the protected header (RFC 7515 section 4). Members that no profile of
// ours reads are ignored, unless crit names them.
type Header struct {
	Alg     string   `json:"alg"`
	Typ     string   `json:"typ"`
	Kid     string   `json:"kid"`
	X5C     []string `json:"x5c"`      // standard base64 of DER, leaf first
	X5TS256 string   `json:"x5t#S256"` // base64url of the leaf's SHA-256
	Crit    []string `json:"crit"`
	B64     *bool    `json:"b64"`
	IAT     *float64 `json:"iat"`  // JAdES: claimed signing time, NumericDate
	SigT    string   `json:"sigT"` // older JAdES: claimed signing time, RFC 3339
}

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
	if !ok || !ok2 || strings.Contains(sig, ".") || head == "" || len(head) > MaxHeader {
		return nil, ErrMalformed
	}
	rawHead, err := b64.URL(head)
	if err != nil {
		return nil, ErrMalformed
	}
	j := &JWS{signed: compact[:len(head)+1+len(payload)]}
	if !looksLikeObject(rawHead) || strictjson.Into(rawHead, &j.Header) != nil {
		return nil, ErrMalformed
	}
	if j.Payload, err = b64.URL(payload); err != nil {
		return nil, ErrMalformed
	}
	if j.signature, err = b64.URL(sig); err != nil {
		return nil, ErrMalformed
	}
	if len(j.signature) == 0 {
		return nil, ErrUnsigned
	}
	// No extension is understood here, so any crit is one too many; b64 without
	// crit would change what was signed (RFC 7797 section 6).
	if j.Header.Crit != nil || j.Header.B64 != nil {
		return nil, ErrCritical
	}
	if len(j.Header.X5C) > MaxX5C {
		return nil, ErrMalformed
	}
	return j, nil
}

// Into would read null and leave the header empty: a header is an object.
func looksLikeObject(b []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(b), " \t\r\n"), "{")
}

// Verify checks the signature with key, if alg is allowed and fits the key. The
// error is ErrAlg or ErrSignature.
func (j *JWS) Verify(key crypto.PublicKey, allowed sigalg.Set) error {
	alg := sigalg.Alg(j.Header.Alg)
	if !allowed.Has(alg) || sigalg.Check(alg, key) != nil {
		return ErrAlg
	}
	if sigalg.Verify(alg, key, []byte(j.signed), j.signature) != nil {
		return ErrSignature
	}
	return nil
}

// Chain decodes x5c: DER certificates, leaf first; nil if there is none.
func (j *JWS) Chain() ([][]byte, error) {
	var ders [][]byte
	for _, c := range j.Header.X5C {
		der, err := b64.Std(c)
		if err != nil || len(der) == 0 {
			return nil, ErrMalformed
		}
		ders = append(ders, der)
	}
	return ders, nil
}
