package mdoc

import (
	"crypto/x509"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// readValidity reads validityInfo (12.3.2); expectedUpdate is no rule for a
// verifier.
func (m *mso) readValidity(c *cursor) {
	const what = "validityInfo"
	var keys keySet
	for n := c.count(majorMap, what); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, what)) {
		case "signed":
			m.signed = c.tdate("signed")
		case "validFrom":
			m.validFrom = c.tdate("validFrom")
		case "validUntil":
			m.validUntil = c.tdate("validUntil")
		default:
			c.skip(what, maxDepth)
		}
	}
	if c.err == nil && (m.signed.IsZero() || m.validFrom.IsZero() || m.validUntil.IsZero()) {
		c.fail(what, "lacks signed, validFrom or validUntil")
	}
}

// tdate reads tag 0 over an RFC 3339 date-time in UTC, written with Z. The profile
// also forbids fractions of a second (8.1); they are read all the same, because the
// EU's own reference issuer and Google's wallet write them and they leave no doubt
// about the instant. An offset or a missing tag is refused.
func (c *cursor) tdate(what string) time.Time {
	const fault = "is not tag 0 over a date-time in UTC"
	if c.expect(majorTag, what, fault) != 0 {
		c.fail(what, fault)
		return time.Time{}
	}
	s := c.text(what)
	if !isUTC(s) {
		c.fail(what, fault)
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, string(s))
	if err != nil {
		c.fail(what, fault)
		return time.Time{}
	}
	return t
}

// isUTC holds time.Parse to the one form that is allowed: it would also take an
// offset, a comma before the fraction, and hours of one digit.
func isUTC(s []byte) bool {
	const form = "2006-01-02T15:04:05"
	if len(s) < len(form)+1 || len(s) > maxDate || s[len(s)-1] != 'Z' {
		return false
	}
	for i, x := range s[:len(s)-1] {
		switch {
		case i == len(form):
			if x != '.' || len(s) == len(form)+2 {
				return false
			}
		case i > len(form) || form[i] >= '0' && form[i] <= '9':
			if x < '0' || x > '9' {
				return false
			}
		case x != form[i]:
			return false
		}
	}
	return true
}

// NotBefore is validFrom.
func (i *Issued) NotBefore() time.Time { return i.mso.validFrom }

// NotAfter is validUntil.
func (i *Issued) NotAfter() time.Time { return i.mso.validUntil }

// SignedAt is when the issuer says it signed.
func (i *Issued) SignedAt() time.Time { return i.mso.signed }

// CheckTime checks validityInfo (12.3.4): signed within the certificate's
// validity, validFrom not before signed, now between validFrom and validUntil, and,
// unless allowed, validUntil not after the certificate's end. The skew is for
// clocks that differ from ours, so it applies to now alone. Codes:
// mso_signed_outside_cert, mso_malformed, credential_not_yet_valid,
// credential_expired, mdoc_valid_until_after_cert.
func (i *Issued) CheckTime(now time.Time, skew time.Duration, leaf *x509.Certificate, allowValidUntilAfterCert bool) error {
	m := i.mso
	switch {
	case m.signed.Before(leaf.NotBefore) || m.signed.After(leaf.NotAfter):
		return reason.Refuse(reason.MSOSignedOutsideCert, "signed outside the validity of the document signer's certificate")
	case m.validFrom.Before(m.signed) || m.validUntil.Before(m.validFrom):
		return badMSO("signed, validFrom and validUntil are out of order")
	case now.Add(skew).Before(m.validFrom):
		return reason.Refuse(reason.CredentialNotYetValid, "valid from %s", m.validFrom.Format(time.RFC3339))
	case now.Add(-skew).After(m.validUntil):
		return reason.Refuse(reason.CredentialExpired, "valid until %s", m.validUntil.Format(time.RFC3339))
	case m.validUntil.After(leaf.NotAfter) && !allowValidUntilAfterCert:
		return reason.Refuse(reason.MdocValidUntilAfterCert, "valid for longer than the document signer's certificate")
	}
	return nil
}
