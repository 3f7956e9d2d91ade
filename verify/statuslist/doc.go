// Package statuslist is the Token Status List (draft-ietf-oauth-status-list-20,
// sections 4 to 8): references inside credentials, signed tokens as JWT and CWT,
// and the packed array of statuses they carry.
//
// A token is Unverified until its signature was checked with a key the caller
// trusts for it; only then is the list inflated, once, into the array that lookups
// read. Whether a token's signer may speak for a credential, and whether the token
// is fresh enough, is not decided here.
package statuslist

import "time"

// Limits.
const (
	MaxCompressed = 8 << 20  // bytes of lst as sent
	MaxInflated   = 16 << 20 // bytes of the array
	MaxURI        = 2048     // bytes of a status list URI
)

// Names and numbers that the draft calls requested, and values it leaves open;
// they may change until the RFC is out.
const (
	claimSubject    = 2
	claimExpires    = 4
	claimIssuedAt   = 6
	claimList       = 65533
	claimTTL        = 65534
	TypeJWT         = "statuslist+jwt"
	TypeCWT         = "application/statuslist+cwt"
	MediaTypeJWT    = "application/statuslist+jwt"
	MediaTypeCWT    = "application/statuslist+cwt"
	memberList      = "status_list"
	tagCWT          = 61
	maxNumericDate  = 253402300799 // 9999-12-31T23:59:59Z
	defaultLifetime = 24 * time.Hour
)

// Format is the form of a token. An SD-JWT VC refers to JWTs, an mdoc to CWTs.
type Format string

// The formats.
const (
	JWT Format = "jwt"
	CWT Format = "cwt"
)
