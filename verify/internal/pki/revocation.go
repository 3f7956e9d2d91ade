package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of what a certificate may say of its revocation.
const (
	maxCRLPoints = 4    // URLs; the rest is left out
	maxCRLURL    = 1024 // bytes; a longer one is left out
)

var (
	oidCRLPoints = asn1.ObjectIdentifier{2, 5, 29, 31}
	// noRevocation are the extensions of certificates that nobody will revoke.
	noRevocation = []asn1.ObjectIdentifier{
		{2, 5, 29, 56},          // noRevAvail (RFC 9608)
		{0, 4, 0, 194121, 2, 1}, // validity-assured short term (ETSI EN 319 412-1 5.2)
	}
)

// CRLPoints returns the http and https URLs where the certificate says that the full
// revocation list of its issuer is: those of distribution points that name neither
// reasons nor another cRLIssuer (RFC 5280 section 4.2.1.13; ISO/IEC 18013-5 Annex
// B). At most four are returned, as they are written, none longer than 1024 bytes.
//
// The extension is read here because CRLDistributionPoints of crypto/x509 holds the
// URLs of every point and does not tell what else the point names.
func CRLPoints(cert *x509.Certificate) (urls []string) {
	var points cryptobyte.String
	i := slices.IndexFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidCRLPoints) })
	if i < 0 {
		return nil
	}
	value := cryptobyte.String(cert.Extensions[i].Value)
	if !value.ReadASN1(&points, cbasn1.SEQUENCE) || !value.Empty() {
		return nil
	}
	for !points.Empty() {
		var point cryptobyte.String
		if !points.ReadASN1(&point, cbasn1.SEQUENCE) {
			return nil
		}
		found, ok := pointURLs(point)
		if !ok {
			return nil
		}
		urls = append(urls, found...)
	}
	return urls[:min(len(urls), maxCRLPoints):min(len(urls), maxCRLPoints)]
}

// Tags of DistributionPoint, DistributionPointName and GeneralName.
var (
	tagPointName = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagFullName  = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagURI       = cbasn1.Tag(6).ContextSpecific()
)

// pointURLs is not ok for a point that cannot be read.
func pointURLs(point cryptobyte.String) (urls []string, ok bool) {
	var name, names cryptobyte.String
	var named bool
	if !point.ReadOptionalASN1(&name, &named, tagPointName) {
		return nil, false
	}
	// What follows the name are reasons and cRLIssuer.
	if !named || !point.Empty() || !name.PeekASN1Tag(tagFullName) {
		return nil, true
	}
	if !name.ReadASN1(&names, tagFullName) || !name.Empty() {
		return nil, false
	}
	for !names.Empty() {
		var general cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&general, &tag) {
			return nil, false
		}
		if tag == tagURI && isWebURL(string(general)) {
			urls = append(urls, string(general))
		}
	}
	return urls, true
}

// isWebURL leaves the rest to whoever fetches.
func isWebURL(s string) bool {
	scheme, rest, _ := strings.Cut(s, "://")
	return len(s) <= maxCRLURL && rest != "" && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) &&
		!strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

// NoRevocation says whether the certificate itself tells that no revocation will be
// published of it: it is valid for too short a time for that.
func NoRevocation(cert *x509.Certificate) bool {
	return slices.ContainsFunc(noRevocation, func(oid asn1.ObjectIdentifier) bool { return hasExtension(cert, oid) })
}

// MaySignCRLs says whether the certificate is a CA's that may sign revocation lists,
// with a key whose signature could be verified (RFC 5280 section 6.3.3 (f)).
func MaySignCRLs(cert *x509.Certificate) bool {
	return cert.BasicConstraintsValid && cert.IsCA && supportedKey(cert.PublicKey) &&
		(!hasExtension(cert, oidKeyUsage) || cert.KeyUsage&x509.KeyUsageCRLSign != 0)
}

// StrongAlgorithm says whether certificates and revocation lists may be signed with
// an algorithm: it is known here and not broken, as SHA-1 is.
func StrongAlgorithm(a x509.SignatureAlgorithm) bool { return algorithms[a] }
