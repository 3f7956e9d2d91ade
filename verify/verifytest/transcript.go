package verifytest

import (
	"crypto/sha256"
	"fmt"
)

// The flows of a Context, by the names of the API.
const (
	FlowRedirect  = "redirect"
	FlowDCAPI     = "dc_api"
	FlowProximity = "proximity"
	FlowISO7B     = "iso_7_b"
	FlowISO7C     = "iso_7_c"
)

// Context is what the relying party asked, and what a presentation is bound to.
// Make fills in what is missing.
type Context struct {
	Flow        string // "": redirect
	Nonce       string
	ClientID    string // with its prefix
	ResponseURI string
	Origin      string // without the origin: prefix

	JWKThumbprint      []byte // nil: the response was not encrypted
	MdocGeneratedNonce string // Annex B
	EncryptionInfo     string // Annex C
	SessionTranscript  []byte // proximity

	TransactionData []string
	StatusBase      string // "": the World's
}

// WithDefaults fills in a relying party and a fresh nonce.
func (c Context) WithDefaults() (Context, error) {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.Flow, FlowRedirect},
		{&c.Nonce, URL64(randomBytes(16))},
		{&c.ClientID, "x509_san_dns:verifier.example"},
		{&c.ResponseURI, "https://verifier.example/response"},
		{&c.Origin, "https://verifier.example"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	var err error
	switch {
	case c.Flow == FlowISO7B && c.MdocGeneratedNonce == "":
		c.MdocGeneratedNonce = URL64(randomBytes(16))
	case c.Flow == FlowISO7C && c.EncryptionInfo == "":
		c.EncryptionInfo, err = encryptionInfo()
	case c.Flow == FlowProximity && c.SessionTranscript == nil:
		var r *Reader
		if r, err = NewReader(); err == nil {
			c.SessionTranscript, err = proximityTranscript(r)
		}
	}
	return c, err
}

// Audience is the aud of a KB-JWT (OpenID4VP 1.0 sections 5.9 and A.4).
func (c Context) Audience() string {
	if c.Flow == FlowDCAPI {
		return "origin:" + c.Origin
	}
	return c.ClientID
}

// Transcript is the encoded SessionTranscript of the flow: two nulls and a
// handover, or what was agreed in proximity (credentials 2.3).
func (c Context) Transcript() ([]byte, error) {
	var thumbprint any
	if c.JWKThumbprint != nil {
		thumbprint = c.JWKThumbprint
	}
	switch c.Flow {
	case FlowRedirect:
		return handover("OpenID4VPHandover", []any{c.ClientID, c.Nonce, thumbprint, c.ResponseURI})
	case FlowDCAPI:
		return handover("OpenID4VPDCAPIHandover", []any{c.Origin, c.Nonce, thumbprint})
	case FlowISO7B:
		client, err := hashed([]any{c.ClientID, c.MdocGeneratedNonce})
		if err != nil {
			return nil, err
		}
		uri, err := hashed([]any{c.ResponseURI, c.MdocGeneratedNonce})
		if err != nil {
			return nil, err
		}
		return encode([]any{nil, nil, []any{client, uri, c.Nonce}})
	case FlowISO7C:
		return handover("dcapi", []any{c.EncryptionInfo, c.Origin})
	case FlowProximity:
		return c.SessionTranscript, nil
	default:
		return nil, fmt.Errorf("unknown flow %q", c.Flow)
	}
}

func handover(name string, info []any) ([]byte, error) {
	sum, err := hashed(info)
	if err != nil {
		return nil, err
	}
	return encode([]any{nil, nil, []any{name, sum}})
}

func hashed(info []any) ([]byte, error) {
	b, err := encode(info)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}

// encryptionInfo is what an Annex C request carries (ISO/IEC TS 18013-7 C.2).
func encryptionInfo() (string, error) {
	r, err := NewReader()
	if err != nil {
		return "", err
	}
	b, err := encode([]any{"dcapi", map[string]any{
		"nonce": randomBytes(16), "recipientPublicKey": COSEKey(&r.Private.PublicKey),
	}})
	return URL64(b), err
}

// proximityTranscript is that of a session started by a QR code: the wallet's
// engagement and the reader's ephemeral key.
func proximityTranscript(r *Reader) ([]byte, error) {
	device, err := newKey(nil)
	if err != nil {
		return nil, err
	}
	return ProximityTranscript(&device.PublicKey, &r.Private.PublicKey)
}
