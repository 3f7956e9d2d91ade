package verify

import (
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Verdict is the three-way outcome.
type Verdict = reason.Verdict

// The verdicts.
const (
	Valid         = reason.Valid
	Indeterminate = reason.Indeterminate
	Invalid       = reason.Invalid
)

// Reason is one reason or warning of a result. Clients treat an unknown code by
// its class.
type Reason struct {
	Code   reason.Code  `json:"code"`
	Detail string       `json:"detail"`
	Class  reason.Class `json:"class"`
	Retry  reason.Retry `json:"retry"`
}

// Result is the answer to a Request. Its member names are the API's, in JSON and
// in CBOR.
type Result struct {
	Verdict     Verdict      `json:"verdict"`
	EvaluatedAt time.Time    `json:"evaluated_at"`
	Checked     Checked      `json:"checked"`
	Credentials []Credential `json:"credentials"`
	Reasons     []Reason     `json:"reasons"` // of the answer as a whole
	Basis       []Basis      `json:"basis"`

	// Lacking is what was looked for and is not held. It is for whoever fetches, not
	// part of the answer: a URI says more of a credential than the answer may.
	Lacking []Lacking `json:"-"`
}

// Checked says which nonce and audience were checked, because the replay state is
// the relying party's.
type Checked struct {
	Flow     Flow   `json:"flow"`
	Nonce    string `json:"nonce,omitempty"`
	Audience string `json:"audience,omitempty"`
}

// Credential is the outcome for one credential: an SD-JWT VC, or one document of
// a DeviceResponse.
type Credential struct {
	ID       string         `json:"id"`
	Index    int            `json:"index"`              // within the entry of vp_token
	Document int            `json:"document,omitempty"` // within the DeviceResponse
	Format   string         `json:"format,omitempty"`   // dc+sd-jwt or mso_mdoc
	Type     string         `json:"type,omitempty"`
	Kind     trustlist.Kind `json:"kind,omitempty"`
	Verdict  Verdict        `json:"verdict"`
	Reasons  []Reason       `json:"reasons"`
	Warnings []Reason       `json:"warnings"`

	HolderBinding *HolderBinding `json:"holder_binding,omitempty"`
	Issuer        *Issuer        `json:"issuer,omitempty"` // only once the issuer's signature was good
	Validity      *Validity      `json:"validity,omitempty"`
	Status        *Status        `json:"status,omitempty"`
	Claims        map[string]any `json:"claims,omitempty"` // only when asked for, and never of an invalid credential
}

// HolderBinding says how the presentation is bound to its holder.
type HolderBinding struct {
	Method   string `json:"method"` // kb-jwt, device_signature, device_mac or none
	Verified bool   `json:"verified"`
}

// Issuer is the leaf certificate and the anchor's scope.
type Issuer struct {
	Subject           string `json:"subject"` // RFC 4514
	Territory         string `json:"territory,omitempty"`
	Entity            string `json:"entity,omitempty"`
	CertificateSHA256 string `json:"certificate_sha256"`
}

// Validity is the credential's own validity; a missing side is zero.
type Validity struct {
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
}

// The states of a status.
const (
	StatusValid        = "valid"
	StatusRevoked      = "revoked"
	StatusSuspended    = "suspended"
	StatusUndetermined = "undetermined"
	StatusNotRequired  = "not_required" // short-lived
	StatusSkipped      = "skipped"
)

// Status is the credential's status with the age of what it rests on. It never
// holds the index or the list's URI.
type Status struct {
	State      string    `json:"state"`
	Mechanism  string    `json:"mechanism,omitempty"`   // status_list or identifier_list
	AsOf       time.Time `json:"as_of,omitzero"`        // the token's iat
	AgeSeconds *int64    `json:"age_seconds,omitempty"` // since as_of; nil without one
	Expires    time.Time `json:"expires,omitzero"`
}

// Basis names a list that the answer rests on, so that it can be audited and
// repeated. A status list is named by digest and issue time only.
type Basis struct {
	List       string    `json:"list"`
	URL        string    `json:"url,omitempty"`
	Sequence   uint64    `json:"sequence,omitempty"`
	SHA256     string    `json:"sha256"`
	Issued     time.Time `json:"issued,omitzero"` // status lists: iat
	NextUpdate time.Time `json:"next_update,omitzero"`
	Stale      bool      `json:"stale"`
}
