// Package mdoc is ISO/IEC 18013-5 as a verifier of presentations needs it:
// DeviceResponse, IssuerSigned, the MobileSecurityObject, and device
// authentication by signature or MAC, with the session transcripts of proximity,
// OpenID4VP 1.0 and ISO/IEC TS 18013-7.
//
// Parse checks form only. A Document becomes Issued when its issuer's signature
// was checked; everything else hangs on Issued, so it cannot be forgotten.
// Digests and signatures are computed over the bytes as received; nothing is
// encoded again. Clause numbers are those of the second edition's working draft.
package mdoc

// Limits that no configuration raises.
const (
	maxNameSpaces = 64
	minRandom     = 16      // bytes of an IssuerSignedItem's random
	maxDigestID   = 1 << 31 // exclusive
	maxText       = 512     // bytes of a docType, namespace or element identifier
)

// Limits of one DeviceResponse. Zero means no limit of that kind.
type Limits struct {
	Bytes     int
	Documents int
	Elements  int // of one document, issuer-signed and device-signed together
}
