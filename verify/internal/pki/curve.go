package pki

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// The named curves of RFC 5480 that are supported here.
var namedCurves = []string{
	"1.2.840.10045.3.1.7", // P-256
	"1.3.132.0.34",        // P-384
	"1.3.132.0.35",        // P-521
}

// unsupportedForm says whether a certificate that crypto/x509 refused to parse has
// an EC key it cannot hold: a curve that is not supported (brainpool, secp256k1,
// explicit parameters), or a compressed point, which RFC 5480 allows. The
// distinction matters: such an issuer is not malformed, it is one we cannot check
// (credentials 0.4).
func unsupportedForm(der []byte) bool {
	params, key, ok := ecKey(der)
	if !ok {
		return false
	}
	var curve asn1.ObjectIdentifier
	if !params.ReadASN1ObjectIdentifier(&curve) {
		return true // explicit parameters, or none
	}
	if !slices.Contains(namedCurves, curve.String()) {
		return true
	}
	point := key.RightAlign()
	return len(point) > 0 && (point[0] == 2 || point[0] == 3)
}

// ecKey walks to the algorithm parameters and the key in subjectPublicKeyInfo (RFC
// 5280 section 4.1); ok is false where the structure is not that of a certificate
// with an EC key.
func ecKey(der []byte) (params cryptobyte.String, key asn1.BitString, ok bool) {
	input := cryptobyte.String(der)
	var cert, tbs, spki, alg cryptobyte.String
	if !input.ReadASN1(&cert, cbasn1.SEQUENCE) || !input.Empty() ||
		!cert.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) || // version
		!tbs.SkipASN1(cbasn1.INTEGER) || // serialNumber
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // signature
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // issuer
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // validity
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // subject
		!tbs.ReadASN1(&spki, cbasn1.SEQUENCE) ||
		!spki.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!spki.ReadASN1BitString(&key) {
		return nil, key, false
	}
	var oid asn1.ObjectIdentifier
	if !alg.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidECPublicKey) {
		return nil, key, false
	}
	return alg, key, true
}
