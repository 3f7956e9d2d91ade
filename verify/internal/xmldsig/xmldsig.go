// Package xmldsig verifies the one shape of XML signature that EU trusted lists
// carry: an enveloped XAdES baseline B signature under exclusive canonicalisation
// (ETSI TS 119 612, EN 319 132-1; XML Signature 1.1, Exclusive XML
// Canonicalization 1.0).
//
// Callers use Parse, then Document.Verify with the certificates that may have
// signed, and read every value from Signed.Content, by Signed.Reader. The bytes in
// Content are the very bytes whose digest was signed, with the signature taken out;
// the document they came from is to be forgotten. That, and the refusal of
// everything outside the profile, is the defence against signature wrapping (trust
// lists section 2.3).
//
// The package builds no certificate path, asks no clock and takes no key from the
// document: the signer is one of the pinned certificates, whole. It does not look
// at what the root element is, at the unsigned properties or at DataObjectFormat.
package xmldsig

import "errors"

// Limits of one document (trust lists section 2.3).
const (
	MaxBytes      = 16 << 20 // as received
	MaxDepth      = 64       // elements within each other
	MaxAttributes = 64       // of one element, namespace declarations included
	MaxNodes      = 2_000_000

	// maxWritten bounds a document as it is written out. References make it up to six
	// times as long, and canonicalisation may repeat a namespace declaration at each
	// element that uses it, so that a long one would turn a small document into an
	// endless one. It is looked at from token to token: one may pass it.
	maxWritten = 2 * MaxBytes

	maxSignature  = 2048 // characters of SignatureValue; RSA of 8192 bits needs 1368
	maxDigest     = 256  // characters of a DigestValue; SHA-512 needs 88
	maxCertDigest = 8    // Cert elements in SigningCertificate and its second version
)

// What Parse and Verify refuse a document with. The text of an error never quotes
// the document.
var (
	// ErrTooLarge: a limit of this package is passed.
	ErrTooLarge = errors.New("XML document passes a limit")
	// ErrDTD: a document type, an entity that XML does not predefine, or a
	// processing instruction other than the XML declaration.
	ErrDTD = errors.New("XML document type, entity or processing instruction")
	// ErrMalformed: not well-formed XML 1.0 in UTF-8 with namespaces, or a part of
	// the signature that is missing or cannot be read.
	ErrMalformed = errors.New("malformed XML document")
	// ErrUnsigned: there is no signature anywhere.
	ErrUnsigned = errors.New("XML document is not signed")
	// ErrWrapping: the signature does not cover exactly the whole document and its
	// own signed properties: more than one signature, one that is no child of the
	// root, a foreign transform or reference, an identifier used twice.
	ErrWrapping = errors.New("XML signature does not cover exactly the document")
	// ErrAlgorithm: an algorithm, or a key, that the profile does not allow.
	ErrAlgorithm = errors.New("XML signature algorithm not allowed")
	// ErrSigner: the certificate that the signature names is not a pinned one.
	ErrSigner = errors.New("XML signer is not a pinned certificate")
	// ErrSignerExpired: the signing time is outside the validity of the signer.
	ErrSignerExpired = errors.New("XML signer not valid at the signing time")
	// ErrSignature: a digest or the signature value does not fit.
	ErrSignature = errors.New("XML signature does not verify")
)

// The namespaces and algorithms of the profile.
const (
	nsDSig  = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES = "http://uri.etsi.org/01903/v1.3.2#"
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"

	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

	typeSignedProperties = "http://uri.etsi.org/01903#SignedProperties"
)
