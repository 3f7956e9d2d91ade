package verify

import (
	"time"

	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TrustView is one consistent set of lists. The cache's View is the one that a
// node uses; it never changes, so a verification sees the same lists from its
// first step to its last.
type TrustView interface {
	// Epoch is raised only when the set of anchors changes in content.
	Epoch() uint64
	// Seeded says whether the node has loaded what it must have loaded once.
	Seeded() bool
	// ClockTrusted says whether now can be right, given the issue times that
	// were signed and what the clock said before.
	ClockTrusted(now time.Time) bool
	// BySubject returns the anchors whose certificate has this raw subject name.
	BySubject(rawSubject string) []Trusted
	// ByID returns the anchors that are this certificate (SHA-256 of its DER).
	ByID(id [32]byte) []Trusted
	// Entity returns the anchors of one trusted entity of a list.
	Entity(list, entity string) []Trusted
	// ListsFor returns every configured list that can hold anchors of the kind,
	// those never loaded included.
	ListsFor(kind trustlist.Kind) []*List
	// Status returns what is held for the URI of a status list or an identifier
	// list; the zero slot if nothing.
	Status(m statuslist.Mechanism, uri string) StatusSlot
	// CRLs returns what is held of an authority's revocation lists; the zero slot if
	// nothing.
	CRLs(issuer crl.IssuerID) CRLSlot
}

// Trusted is an anchor with the list it stands in, or stood in.
type Trusted struct {
	Anchor *trustlist.Anchor
	List   *List
	// Removed: the newest version of the list no longer has it.
	Removed bool
	// HeldUntil is set for an anchor that was removed in a sudden change: until
	// then its credentials are indeterminate, afterwards it counts as withdrawn.
	HeldUntil time.Time
}

// ListState is the freshness of a list.
type ListState string

// The states a list can be in when a verification reads it.
const (
	Fresh   ListState = "fresh"
	Stale   ListState = "stale"   // usable, with a warning
	Expired ListState = "expired" // its anchors have stopped counting
	Absent  ListState = "absent"  // configured, never loaded
)

// List is what a verification needs to know of a list, and what an answer's basis
// names.
type List struct {
	Name       string
	URL        string
	Territory  string
	Sequence   uint64
	SHA256     [32]byte // of the signed bytes as received
	NextUpdate time.Time
	LookedAt   time.Time // last time a node looked at the origin; carries the monotonic clock
	StaleAt    time.Time // zero: never
	ExpiresAt  time.Time // zero: never
	Loaded     bool
	// SignerExpired: good when it was signed, the signer has expired since.
	SignerNotAfter time.Time
	// Quarantined: what vouched for its signer no longer does, as when a LOTL names
	// another one. Nobody knows then whether its anchors are good.
	Quarantined bool
	// VICAL: its anchors are for the document types it names, one by one.
	VICAL bool
}

// counts says whether the list's anchors can count at now.
func (l *List) counts(now time.Time) bool { return !l.Quarantined && l.StateAt(now) != Expired }

// StateAt returns the list's state at now.
func (l *List) StateAt(now time.Time) ListState {
	switch {
	case !l.Loaded:
		return Absent
	case !l.ExpiresAt.IsZero() && !now.Before(l.ExpiresAt):
		return Expired
	case !l.StaleAt.IsZero() && !now.Before(l.StaleAt):
		return Stale
	default:
		return Fresh
	}
}

// StatusSlot is everything held for one status list URI: one entry per signing
// entity, two for an entity that published two lists in one second.
type StatusSlot struct {
	Tokens []*StatusToken
	// Refused is the code of the newest token that was refused, "" if none was
	// since the last good one.
	Refused reason.Code
}

// StatusToken is a verified status list or identifier list token with the anchors it
// rests on. Their usability is looked up in the View at each use, so that withdrawal
// and expiry of an anchor act at once.
type StatusToken struct {
	*StatusSignature // shared by the tokens of one signer
	Token            *statuslist.Token
	SHA256           [32]byte // of the signed bytes as received
}

// CRLSlot is everything held of the revocation lists of one authority.
type CRLSlot struct {
	// Lists are those with the highest number. There is more than one if the
	// authority gave one number to several: a certificate is revoked by any of them.
	Lists []*crl.List
	// Refused is the code of the newest list that was refused, "" if none was since
	// the last good one.
	Refused reason.Code
}

// AnchorRef names an anchor across Views.
type AnchorRef struct {
	List    string
	ID      [32]byte
	Kind    trustlist.Kind
	Purpose trustlist.Purpose
	Entity  string
}

// Ref returns the name of a trusted anchor.
func (t Trusted) Ref() AnchorRef {
	return AnchorRef{t.List.Name, t.Anchor.ID, t.Anchor.Kind, t.Anchor.Purpose, t.Anchor.Entity}
}

// UsableAt says whether the anchor counts at now: in force, in good standing,
// within its certificate's validity, in a list that has not expired.
func (t Trusted) UsableAt(now time.Time) bool {
	return !t.Removed && t.Anchor.GoodAt(now) && t.Anchor.ValidAt(now) && t.List.counts(now)
}
