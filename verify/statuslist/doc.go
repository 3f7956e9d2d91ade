// Package statuslist is the Token Status List (draft-ietf-oauth-status-list-20,
// sections 4 to 8) and the identifier list of mdocs (ISO/IEC 18013-5 12.3.6, second
// edition, unconfirmed): references inside credentials, signed tokens as JWT and
// CWT, and the packed array of statuses or the set of identifiers they carry.
//
// Most callers read a credential's status with ReferencesJSON or ReferencesCBOR,
// and a list with ParseJWT, ParseCWT or ParseIdentifierList, followed by Verify. A
// token is Unverified until its signature was checked with a key that the caller
// trusts for it; only then is the list inflated, once, into the array that Value
// reads, or the set built that Has looks into. A Token never changes, keeps nothing
// of the signed bytes, and costs its array or set and little more.
//
// Not decided here: whether a token's signer may speak for a credential, whether
// its sub is the URI it was asked for at, and whether it is fresh enough. There is
// no clock.
package statuslist

import "time"

// Limits.
const (
	MaxToken      = 16 << 20 // bytes of a token as sent: a full list in base64url twice
	MaxCompressed = 8 << 20  // bytes of lst, decoded
	MaxInflated   = 16 << 20 // bytes of the array, unless Options say otherwise
	MaxURI        = 2048     // bytes of a status list URI
	MaxMechanisms = 16       // members of a credential's status that are not understood

	MaxIdentifiers = 1 << 20 // of an identifier list
	MaxIdentifier  = 256     // bytes of the identifier in a reference

	maxMembers     = 64           // claims of an identifier list token, and members of the list
	maxCertificate = 16 << 10     // bytes of the certificate an mdoc may name
	maxNumericDate = 253402300799 // 9999-12-31T23:59:59Z
)

// Names of the claims and types (sections 5.1, 5.2 and 6).
const (
	TypeJWT      = "statuslist+jwt"
	TypeCWT      = "application/statuslist+cwt"
	MediaTypeJWT = "application/statuslist+jwt"
	MediaTypeCWT = "application/statuslist+cwt"

	TypeIdentifierList      = "application/identifierlist+cwt" // nothing shorter (credentials 5)
	MediaTypeIdentifierList = "application/identifierlist+cwt"

	memberList        = "status_list"
	memberBits        = "bits"
	memberEntries     = "lst"
	memberAggregation = "aggregation_uri"

	memberIdentifierList = "identifier_list"
	memberIdentifiers    = "identifiers"

	claimSubject  = 2 // RFC 8392 section 3.1
	claimExpires  = 4
	claimIssuedAt = 6
)

// Numbers that the draft requests from IANA and that can change until its RFC is
// out. The CBOR status claim (65535) is not among them: an MSO calls it "status".
const (
	claimList = 65533
	claimTTL  = 65534

	// claimIdentifierList is ISO's, from a working draft, and registered nowhere yet
	// (unconfirmed).
	claimIdentifierList = 65530

	// EKUStatusSigning is the object identifier of id-kp-oauthStatusSigning,
	// 1.3.6.1.5.5.7.3 and a number to come: empty, so that no profile can demand it.
	EKUStatusSigning = ""
	// CoAPContentFormat would be the short form of TypeCWT in the type header. None
	// is assigned, so every number there is of another type.
	CoAPContentFormat = -1
)

// defaultLifetime is how long a token without exp is relied on: this product's
// choice, the draft leaves it open.
const defaultLifetime = 24 * time.Hour

// Format is the form of a token. An SD-JWT VC refers to JWTs, an mdoc to CWTs.
type Format string

// The formats.
const (
	JWT Format = "jwt"
	CWT Format = "cwt"
)
