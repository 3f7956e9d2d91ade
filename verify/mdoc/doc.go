// Package mdoc is ISO/IEC 18013-5 as a verifier of presentations needs it:
// DeviceResponse, IssuerSigned, the MobileSecurityObject, and device
// authentication by signature or MAC, with the session transcripts of proximity,
// OpenID4VP 1.0 and ISO/IEC TS 18013-7. Clause numbers are those of the public
// second-edition working draft of 18013-5.
//
// Most callers parse a response, take Chain to a trust anchor, and then call, for
// each document and in this order, VerifyIssuer, CheckDigests, CheckTime,
// CheckDevice, CheckDeviceElements and CheckCountry. Parse checks form only. A
// Document becomes Issued when its issuer's signature was checked; everything else
// hangs on Issued, so it cannot be forgotten.
//
// Digests and signatures are computed over the bytes as received; nothing is
// encoded again. What Parse returns shares memory with its input, which must not
// be changed afterwards.
//
// The package builds no certificate path, fetches no status, decrypts nothing and
// derives no keys: a MAC is checked with the EMacKey that the relying party
// derived.
package mdoc

import "github.com/edgetrust/edgetrust/verify/internal/strictcbor"

// Limits that no configuration raises.
const (
	maxDepth      = strictcbor.MaxDepth - 8 // of a value within the structures, which are themselves nested
	maxEntries    = strictcbor.MaxElements  // of one array or map
	maxNameSpaces = 64
	maxText       = 512      // bytes of a docType, namespace or element identifier
	maxTranscript = 64 << 10 // bytes of a session transcript
	maxDate       = 30       // bytes of a date-time: nine digits of fraction
	maxBignum     = 64       // bytes of an integer that Claims writes in decimal

	minRandom   = 16      // bytes of an IssuerSignedItem's random (12.3.4)
	maxDigestID = 1 << 31 // exclusive (12.3.4)
)

// Limits of one DeviceResponse. Zero means no limit of that kind.
type Limits struct {
	Bytes     int // of the response
	Documents int
	Elements  int // of one document, issuer-signed and device-signed together
}
