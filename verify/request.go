package verify

import (
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Flow is how the presentation reached the relying party. It decides the audience
// and the session transcript and is never guessed (OpenID4VP 1.0; ISO/IEC TS
// 18013-7).
type Flow string

// The flows.
const (
	FlowRedirect  Flow = "redirect"  // OpenID4VP with redirects, direct_post or direct_post.jwt
	FlowDCAPI     Flow = "dc_api"    // OpenID4VP over the Digital Credentials API
	FlowProximity Flow = "proximity" // ISO/IEC 18013-5, the caller gives the session transcript
	FlowISO7B     Flow = "iso_7_b"   // ISO/IEC TS 18013-7 Annex B
	FlowISO7C     Flow = "iso_7_c"   // ISO/IEC TS 18013-7 Annex C
)

// Flows lists every flow.
func Flows() []Flow {
	return []Flow{FlowRedirect, FlowDCAPI, FlowProximity, FlowISO7B, FlowISO7C}
}

// Request is one verification: what was presented, and what the relying party
// asked for. An empty string counts as absent.
type Request struct {
	// VPToken is the vp_token of OpenID4VP 1.0 section 8.1: query id to
	// presentations, each an SD-JWT or the base64url of a DeviceResponse.
	VPToken map[string][]string
	Flow    Flow

	Nonce       string
	ClientID    string // with its prefix; the audience of redirect flows
	ResponseURI string // or redirect_uri; mdoc in redirect flows
	Origin      string // without the origin: prefix; Digital Credentials API

	JWKThumbprint      []byte // RFC 7638 SHA-256, 32 bytes; nil: the response was not encrypted
	MdocGeneratedNonce string // Annex B
	EncryptionInfo     string // Annex C: base64url text as it was sent
	SessionTranscript  []byte // proximity: the CBOR array, not wrapped in tag 24
	EMacKey            []byte // 32 bytes; only for deviceMac

	TransactionData []string // as sent in the request
	Query           *dcql.Query
	Expect          map[string]Expect

	Policy        Policy
	IncludeClaims bool
}

// Expect is the short form of a query: what one entry of vp_token should be.
type Expect struct {
	Kind   trustlist.Kind // "" takes the kind that the type stands for
	Types  []string       // vct or docType values, any of which will do; empty: any of the kind
	Claims []dcql.Path    // claims that must be presented; mdoc: [namespace, element]
}

// Mode says how much a check counts.
type Mode string

// The modes of status; holder binding has its own.
const (
	Required   Mode = "required"
	BestEffort Mode = "best_effort" // what cannot be determined is a warning
	Skip       Mode = "skip"
	IfPresent  Mode = "if_present" // holder binding: checked when there, not demanded
	Forbidden  Mode = "forbidden"  // holder binding: a bare credential is demanded, as at issuance
)

// Policy is the relying party's risk decision (ARF 3.0 VCR_13, VCR_14). The zero
// value is not usable; start from DefaultPolicy.
type Policy struct {
	Name string
	// Revocation is demanded of credentials for which neither Types nor Kinds says
	// otherwise; a type goes before its kind.
	Revocation
	Kinds map[trustlist.Kind]Revocation
	// Types is by vct or docType. The entry of urn:eudi:pid:1 is also that of the
	// national types which extend it and have none; a type of aka_vcts counts where
	// vct has no entry.
	Types map[string]Revocation

	HolderBinding Mode          // required, if_present, skip or forbidden
	ClockSkew     time.Duration // tolerated on every time a credential or binding states
	KBMaxAge      time.Duration // oldest KB-JWT
	MaxListAge    time.Duration // oldest look at a trust list; 0: no limit
	Algorithms    []string      // JOSE names agreed for signatures; empty: all supported ones
	// AllowLegacyTyp also accepts typ vc+sd-jwt, used until November 2024.
	AllowLegacyTyp bool
	// AllowValidUntilAfterCert accepts an MSO that is valid for longer than its
	// document signer's certificate.
	AllowValidUntilAfterCert bool
	// AllowAudienceSlash accepts, in a KB-JWT over the DC API only, an audience
	// with a trailing slash, as the example of OpenID4VP 1.0 printed it.
	AllowAudienceSlash bool
}

// Revocation is what has to be known of whether a credential, or a certificate
// above it, was revoked. What cannot be known is a reason where the mode is
// Required, a warning where it is BestEffort.
type Revocation struct {
	Status       Mode          // the credential: required, best_effort or skip
	CRL          Mode          // the certificates of its issuer and of who signs its status: likewise
	MaxStatusAge time.Duration // oldest status list, counted from its iat; 0: no limit
	ShortLived   time.Duration // longest validity that needs no status, at most MaxShortLived; 0: each needs one
}

// MaxShortLived is the longest validity that may waive a status (ARF 3.0 VCR_01).
const MaxShortLived = 24 * time.Hour

// revocation is what the policy demands of a credential of a kind and of types, vct
// or docType first.
func (p Policy) revocation(kind trustlist.Kind, types ...string) Revocation {
	for _, typ := range types {
		if len(p.Types) == 0 {
			break
		}
		if r, ok := p.Types[typ]; ok {
			return r
		}
		if base := basePID(typ); base != "" {
			if r, ok := p.Types[base]; ok {
				return r
			}
		}
	}
	if r, ok := p.Kinds[kind]; ok {
		return r
	}
	return p.Revocation
}

// DefaultPolicy is the policy of a request that names none.
func DefaultPolicy() Policy {
	return Policy{
		Name:       "default",
		Revocation: Revocation{Status: Required, CRL: BestEffort, ShortLived: MaxShortLived}, HolderBinding: Required,
		ClockSkew: 60 * time.Second, KBMaxAge: 300 * time.Second,
	}
}

// Limits bound what one presentation may hold. Zero fields take the defaults.
type Limits struct {
	Presentation int // bytes of one presentation; default 256 KiB
	Disclosures  int // disclosures of an SD-JWT, elements of an mdoc; default 512
	Documents    int // documents of a DeviceResponse; default 16
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	if l.Presentation == 0 {
		l.Presentation = 256 << 10
	}
	if l.Disclosures == 0 {
		l.Disclosures = 512
	}
	if l.Documents == 0 {
		l.Documents = 16
	}
	return l
}
