package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// disclosure is one part of the compact form (RFC 9901 section 4.2).
type disclosure struct {
	encoded []byte // as received: its bytes are what the digest covers
	name    string // of an object property
	element bool   // two members: an array element, which has no name
	value   any
}

// parse decodes encoded into d. scratch is a buffer to decode into, and comes back
// grown.
func (d *disclosure) parse(encoded string, scratch []byte) ([]byte, error) {
	if encoded == "" {
		return nil, reason.Refuse(reason.SDJWTMalformed, "an empty part between two ~")
	}
	raw, err := b64.AppendURL(scratch[:0], encoded)
	if err != nil {
		return nil, reason.Refuse(reason.SDJWTMalformed, "a disclosure is %v", err)
	}
	if _, name, value, ok := strictjson.Named(raw); ok {
		d.name, d.value = name, value
		return raw, nil
	}
	v, err := strictjson.Decode(raw)
	if err != nil {
		return nil, refuseJSON(raw, reason.SDJWTMalformed, "a disclosure", err)
	}
	members, ok := v.([]any)
	if !ok {
		return nil, reason.Refuse(reason.DisclosureMalformed, "a disclosure is not a JSON array")
	}
	if len(members) != 2 && len(members) != 3 {
		return nil, reason.Refuse(reason.DisclosureMalformed, "a disclosure has neither two nor three members")
	}
	if _, ok := members[0].(string); !ok {
		return nil, reason.Refuse(reason.DisclosureMalformed, "a disclosure's salt is not a string")
	}
	d.element, d.value = len(members) == 2, members[len(members)-1]
	if !d.element {
		if d.name, ok = members[1].(string); !ok {
			return nil, reason.Refuse(reason.DisclosureMalformed, "a disclosure's name is not a string")
		}
	}
	return raw, nil
}

// hashName is a hash algorithm by its name in the IANA Named Information registry,
// as _sd_alg and transaction_data_hashes_alg give it. Truncated forms such as
// sha-256-64 are not supported.
type hashName string

const (
	sha256Name  hashName = "sha-256"
	sha384Name  hashName = "sha-384"
	sha512Name  hashName = "sha-512"
	defaultHash          = sha256Name // RFC 9901 section 4.1.1, OpenID4VP 1.0 appendix B.3.3.1
)

func (h hashName) supported() bool {
	return h == sha256Name || h == sha384Name || h == sha512Name
}

// digest returns base64url(hash(b)). h must be supported.
func (h hashName) digest(b []byte) string {
	switch h {
	case sha384Name:
		d := sha512.Sum384(b)
		return b64.EncodeURL(d[:])
	case sha512Name:
		d := sha512.Sum512(b)
		return b64.EncodeURL(d[:])
	default:
		d := sha256.Sum256(b)
		return b64.EncodeURL(d[:])
	}
}
