// Package verifytest is a trust ecosystem in memory: a list operator, PID
// providers of two countries, a driving licence authority, attestation providers,
// a stranger whom no list knows, wallets, status lists, identifier lists,
// certificate revocation lists, and every kind of damage on request. Tests,
// benchmarks and the demonstration of `edgenode dev` use it.
//
// Most callers use New, or NewAt where certificates are to name their revocation
// lists, then World.LoTE, World.LOTL with World.TL, and World.VICAL for the lists,
// World.Make for one named sample per kind of outcome, and World.StatusTokens and
// World.CRLs for what says whether samples and their signers are revoked. Tests that
// need something out of the ordinary issue it themselves: Authority.IssueSDJWT and
// Present, Authority.IssueMdoc and Present, Authority.StatusList,
// Authority.IdentifierList, World.CRL, Certify.
//
// Formats: SD-JWT VC (RFC 9901), ISO/IEC 18013-5 mdoc and VICAL, Token Status List
// as JWT and CWT, identifier lists of ISO/IEC 18013-5, RFC 5280 revocation lists,
// ETSI TS 119 602 lists of trusted entities, ETSI TS 119 612 trusted lists. The
// encoders are its own: nothing here uses the verifier's parsers, so that a fault of
// one is not hidden by the same fault in the other.
//
// Randomness is crypto/rand and the time is always passed in. A World may be used
// by several goroutines once New has returned, as long as its exported fields are
// left alone. Every certificate bears trustlist.TestMarker: a node that is no
// demonstration refuses it. Nothing made here may serve as a trust anchor anywhere
// else.
package verifytest
