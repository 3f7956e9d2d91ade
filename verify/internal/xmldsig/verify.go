package xmldsig

import (
	"crypto/x509"
	"errors"
	"time"
)

// Signed is a verified document.
type Signed struct {
	// Content is the canonical form of the document without its signature: the
	// bytes whose digest was signed. Values are read from nothing else.
	Content []byte
	// Signer is the pinned certificate that signed.
	Signer *x509.Certificate
	// SigningTime is when the signer claims to have signed. It lies in the
	// validity of Signer.
	SigningTime time.Time
	// SigningCertificateV2 says that the signature names its signer by the second
	// version of the property, as version 6 of trusted lists requires.
	SigningCertificateV2 bool
}

// Verify checks the signature of the document: its shape against the profile,
// that one of the pinned certificates is the one it names and was valid when it
// says it was made, the signature value, and the digests of both references. It
// refuses with one of the errors of this package.
//
// The validity of the signer is judged last, so ErrSignerExpired means that all the
// rest holds.
func (d *Document) Verify(pinned []*x509.Certificate) (*Signed, error) {
	return d.verify(pinned, false)
}

// UnsafeVerifyHistoric is Verify for pivots of the past, of which those before
// December 2017 were signed with RSA keys of 1024 bits. Nothing that is in force
// today may be verified by it.
func (d *Document) UnsafeVerifyHistoric(pinned []*x509.Certificate) (*Signed, error) {
	return d.verify(pinned, true)
}

func (d *Document) verify(pinned []*x509.Certificate, historic bool) (*Signed, error) {
	s, err := d.find()
	if err != nil {
		return nil, err
	}
	// What the references say is read from the bytes that the signature value is
	// over, and the properties from the bytes that were digested.
	infoBytes, err := exclusive(s.signedInfo, nil)
	if err != nil {
		return nil, err
	}
	info, err := readSignedInfo(infoBytes, d.root, s.signedProperties)
	if err != nil {
		return nil, err
	}
	canonicalise := func() ([]byte, error) { return exclusive(s.signedProperties, nil) }
	if info.inclusive {
		canonicalise = func() ([]byte, error) { return inclusive(s.signedProperties) }
	}
	propertyBytes, err := canonicalise()
	if err != nil {
		return nil, err
	}
	properties, err := readSignedProperties(propertyBytes)
	if err != nil {
		return nil, err
	}
	signer, expired := properties.signer(pinned)
	if expired != nil && !errors.Is(expired, ErrSignerExpired) {
		return nil, expired
	}
	if err := info.method.verify(signer.PublicKey, infoBytes, s.value, historic); err != nil {
		return nil, err
	}
	if err := info.properties.verify(propertyBytes); err != nil {
		return nil, err
	}
	content, err := canonical(make([]byte, 0, len(d.text)), d.root, s.signature, false)
	if err != nil {
		return nil, err
	}
	if err := info.document.verify(content); err != nil {
		return nil, err
	}
	if expired != nil {
		return nil, expired
	}
	return &Signed{
		Content: content, Signer: signer, SigningTime: properties.time,
		SigningCertificateV2: properties.second,
	}, nil
}
