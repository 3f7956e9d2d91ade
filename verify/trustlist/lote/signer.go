package lote

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"math"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// signerOf parses x5c[0], the only certificate of the header that counts: no path
// is built for list signers (trust lists 1.5). Keys named by jku, x5u or kid are
// never looked at.
func signerOf(jws *jose.JWS) (*x509.Certificate, error) {
	ders, err := jws.Chain()
	if err != nil || len(ders) == 0 {
		return nil, malformed("the JWS header has no usable x5c")
	}
	if t := jws.Header.X5TS256; t != "" {
		sum := sha256.Sum256(ders[0])
		if want, err := b64.URL(t); err != nil || !bytes.Equal(want, sum[:]) {
			return nil, malformed("the JWS header's x5t#S256 is not that of x5c")
		}
	}
	cert, err := pki.ParseListSigner(ders[0])
	switch reason.CodeOf(err) {
	case "":
		return cert, nil
	case reason.AlgUnsupported:
		return nil, reason.Refuse(reason.TrustListAlgForbidden, "the signer's key is of a type, curve or size that is not allowed")
	default:
		return nil, malformed("the signer's certificate does not parse")
	}
}

// checkSigner is step 4 and 5: pinned to the octet, key fit for the algorithm,
// valid at the signing time where the header says one, signature good.
func (u *Unverified) checkSigner(pinned []*x509.Certificate) (signer *x509.Certificate, signedAt time.Time, err error) {
	signer = u.signer
	same := func(p *x509.Certificate) bool { return p != nil && bytes.Equal(p.Raw, signer.Raw) }
	if !slices.ContainsFunc(pinned, same) {
		return nil, time.Time{}, reason.Refuse(reason.TrustListSignerUnknown, "the list's signer is none of the %d pinned for it", len(pinned))
	}
	if sigalg.Check(sigalg.Alg(u.jws.Header.Alg), signer.PublicKey) != nil {
		return nil, time.Time{}, reason.Refuse(reason.TrustListAlgForbidden, "the JWS algorithm does not fit the signer's key")
	}
	if signedAt, err = headerTime(u.jws.Header); err != nil {
		return nil, time.Time{}, err
	}
	if !signedAt.IsZero() {
		if err := validAt(signer, signedAt); err != nil {
			return nil, time.Time{}, err
		}
	}
	if u.jws.Verify(signer.PublicKey, sigalg.Lists) != nil {
		return nil, time.Time{}, reason.Refuse(reason.TrustListSignatureInvalid, "the list's signature does not verify with the pinned signer's key")
	}
	return signer, signedAt, nil
}

// validAt: a list is good when its signer was valid as it signed; whether it has
// expired since is a warning that needs a clock (design 3.1).
func validAt(signer *x509.Certificate, at time.Time) error {
	if at.Before(signer.NotBefore) || at.After(signer.NotAfter) {
		return reason.Refuse(reason.TrustListSignerExpired, "the list was signed outside the validity of its signer's certificate")
	}
	return nil
}

// headerTime is the claimed signing time: iat, or sigT of older JAdES; zero when
// the header has neither.
func headerTime(h jose.Header) (time.Time, error) {
	switch {
	case h.IAT != nil:
		// Beyond the year 9999 a time has no RFC 3339 form.
		if s := *h.IAT; s >= 0 && s < 253402300800 {
			return time.Unix(int64(math.Floor(s)), 0).UTC(), nil
		}
	case h.SigT != "":
		if t, _, ok := parseTime(h.SigT); ok {
			return t, nil
		}
	default:
		return time.Time{}, nil
	}
	return time.Time{}, malformed("the JWS header's signing time is no time")
}

// checkScheme is step 7, clause 6.8: the signer's country is the scheme's
// territory and its organisation an operator's name. It keeps honest lists
// consistent and stops nobody: the trust is in the pin.
func checkScheme(signer *x509.Certificate, s *scheme) error {
	if s.Territory == nil || !slices.Contains(signer.Subject.Country, *s.Territory) {
		return reason.Refuse(reason.TrustListSignerSchemeMismatch, "the signer's country is not the list's territory")
	}
	for _, name := range s.OperatorName {
		if slices.Contains(signer.Subject.Organization, *name.Value) {
			return nil
		}
	}
	return reason.Refuse(reason.TrustListSignerSchemeMismatch, "the signer's organisation is not an operator of the list")
}

// signerProfile are the rules for list signers' certificates (trust lists 1.4).
// They are warnings: the operator pinned this very certificate.
var signerProfile = []struct {
	warning string
	broken  func(*x509.Certificate) bool
}{
	{"the list signer's certificate is a CA's", func(c *x509.Certificate) bool {
		return c.IsCA
	}},
	{"the list signer's certificate has no subject key identifier", func(c *x509.Certificate) bool {
		return len(c.SubjectKeyId) == 0
	}},
	{"the list signer's key usage allows more than signatures", func(c *x509.Certificate) bool {
		return c.KeyUsage&^(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0
	}},
	{"the list signer's extended key usage is not id-tsl-kp-tslSigning", func(c *x509.Certificate) bool {
		return !pki.HasEKU(c, pki.OIDTSL)
	}},
}
