package pki

import (
	"bytes"
	"crypto/x509"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// BuildPath checks the RFC 5280 path from chain[0] over the other certificates,
// in the order presented, to the anchor, which is a CA and not part of chain, at
// now. Everything cheap is checked before the first signature, and there is one
// signature verification per certificate of the chain.
//
// The refusals are chain_too_long, chain_invalid, chain_expired (before or after
// the validity of any certificate, the anchor's included), chain_profile_violation
// (a forbidden extension anywhere) and alg_unsupported (a signature algorithm not
// known here).
func BuildPath(chain []*x509.Certificate, anchor *x509.Certificate, now time.Time) error {
	switch {
	case len(chain) == 0 || anchor == nil:
		return reason.Refuse(reason.ChainInvalid, "there is no certificate")
	case len(chain) > MaxChain:
		return reason.Refuse(reason.ChainTooLong, "more than %d certificates", MaxChain)
	}
	path := append(append(make([]*x509.Certificate, 0, MaxChain+1), chain...), anchor)
	for i, cert := range path {
		if err := checkCertificate(cert, i, now); err != nil {
			return err
		}
	}
	for i, cert := range chain {
		// RFC 5280 section 4.1.2.2. An anchor's serial number is its list's affair.
		if n := cert.SerialNumber; n.Sign() <= 0 || len(n.Bytes()) > 20 {
			return reason.Refuse(reason.ChainInvalid, "the serial number of certificate %d is not positive or too long", i)
		}
		if err := checkIssuer(path, i); err != nil {
			return err
		}
	}
	for i, cert := range chain {
		if path[i+1].CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
			return reason.Refuse(reason.ChainInvalid, "the signature of certificate %d does not verify with its issuer's key", i)
		}
	}
	return nil
}

// CheckDirect is for an anchor that is the signer itself (direct trust, trust
// lists 5.2): there is no path, so only the certificate's own validity and
// extensions are checked. That leaf is the anchor, octet for octet, is the
// caller's to compare.
func CheckDirect(leaf *x509.Certificate, now time.Time) error {
	if leaf == nil {
		return reason.Refuse(reason.ChainInvalid, "there is no certificate")
	}
	return checkCertificate(leaf, 0, now)
}

// CutAnchor drops the anchor, and what comes after it, from a presented chain.
// HAIP and ISO/IEC 18013-5 say that the anchor is not sent; it is tolerated, and
// the caller warns with chain_contains_anchor. A leaf that is the anchor stays:
// that is direct trust.
func CutAnchor(chain []*x509.Certificate, anchor *x509.Certificate) (rest []*x509.Certificate, cut bool) {
	for i := 1; i < len(chain); i++ {
		if bytes.Equal(chain[i].Raw, anchor.Raw) {
			return chain[:i], true
		}
	}
	return chain, false
}

// checkCertificate is what every certificate of a path must satisfy by itself.
func checkCertificate(cert *x509.Certificate, i int, now time.Time) error {
	if err := checkForbidden(cert, i); err != nil {
		return err
	}
	switch {
	case len(cert.UnhandledCriticalExtensions) > 0:
		// crypto/x509 lists here what it did not process; nothing below
		// processes more, so one entry is one too many (RFC 5280 section 4.2).
		return reason.Refuse(reason.ChainInvalid, "certificate %d has a critical extension that is not understood", i)
	case cert.Version != 3:
		return reason.Refuse(reason.ChainInvalid, "certificate %d is not X.509 version 3", i)
	case len(cert.Issuer.Names) == 0:
		return reason.Refuse(reason.ChainInvalid, "certificate %d names no issuer", i)
	case now.Before(cert.NotBefore):
		return reason.Refuse(reason.ChainExpired, "certificate %d is not valid yet", i)
	case now.After(cert.NotAfter):
		return reason.Refuse(reason.ChainExpired, "certificate %d has expired", i)
	}
	return nil
}

// checkIssuer checks everything about the link from path[i] to path[i+1] that
// needs no arithmetic: RFC 5280 sections 6.1.3 (a)(4) and 6.1.4 (k) to (n).
func checkIssuer(path []*x509.Certificate, i int) error {
	cert, issuer := path[i], path[i+1]
	switch {
	case !bytes.Equal(cert.RawIssuer, issuer.RawSubject):
		return reason.Refuse(reason.ChainInvalid, "the issuer of certificate %d is not the next one's subject", i)
	case !keyIDsAgree(cert, issuer):
		return reason.Refuse(reason.ChainInvalid, "the authority key identifier of certificate %d is not the next one's key", i)
	case !issuer.BasicConstraintsValid || !issuer.IsCA:
		return reason.Refuse(reason.ChainInvalid, "certificate %d is no CA", i+1)
	case hasExtension(issuer, oidKeyUsage) && issuer.KeyUsage&x509.KeyUsageCertSign == 0:
		return reason.Refuse(reason.ChainInvalid, "certificate %d may not sign certificates", i+1)
	case hasPathLen(issuer) && below(path, i+1) > issuer.MaxPathLen:
		return reason.Refuse(reason.ChainInvalid, "there are more certificates below certificate %d than it allows", i+1)
	}
	return checkAlgorithm(cert, i)
}

// hasPathLen tells an absent pathLenConstraint from one of zero; crypto/x509
// writes both as MaxPathLen and MaxPathLenZero.
func hasPathLen(c *x509.Certificate) bool {
	return c.MaxPathLen > 0 || (c.MaxPathLen == 0 && c.MaxPathLenZero)
}

// below counts the intermediate certificates under path[i] that are not
// self-issued (RFC 5280 section 4.2.1.9); the leaf is none.
func below(path []*x509.Certificate, i int) (n int) {
	for _, c := range path[1:i] {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			n++
		}
	}
	return n
}
