// Package trustlist is the common model of trust lists, whatever their format:
// what a list says of itself, and the anchors it yields with their scope. Parsers
// live in the folders below, one per format.
//
// A list is Unverified until its signature was checked with a signer pinned for
// it, and Verified afterwards. The two are different types and only a parser can
// turn one into the other, so forgetting to check does not compile. Times and
// sequence rules are the cache's work.
package trustlist

import (
	"crypto/sha256"
	"crypto/x509"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sealed"
)

// Unverified is a parsed list whose signature nobody has checked. Nothing it says
// may be relied on, its own name included.
type Unverified interface {
	// Verify checks the signature with one of the pinned signers, then the
	// content against the profile. Errors carry a trustlist_* code.
	Verify(pinned []*x509.Certificate) (Verified, error)
}

// Verified is a list whose signature and content are good. Whether its times and
// its sequence number are, depends on the clock and on what was held before.
type Verified struct {
	list *List
}

// Seal makes a Verified. Only packages below verify can call it.
func Seal(_ sealed.Key, l *List) Verified { return Verified{l} }

// List returns the content; nil for the zero Verified.
func (v Verified) List() *List { return v.list }

// List is the content of a verified list. It is never changed after Seal.
type List struct {
	Format    string // "lote", "lotl", "tl", "vical", "anchors"
	Type      string // the list's own type URI; "" for bundles and VICALs
	Version   int    // TSLVersionIdentifier of a TS 119 612 list; 0 for others
	Operator  string // the scheme operator, or the VICAL's provider
	Territory string // as the list writes it: "EU" for all EU profiles and the LOTL, "EL" for Greece

	// Sequence is the list's sequence number or vicalIssueID. Unnumbered: a VICAL
	// without one, whose date in Unix seconds stands for it.
	Sequence   uint64
	Unnumbered bool
	Issued     time.Time
	NextUpdate time.Time         // zero when the format has none
	NotAfter   time.Time         // the end a VICAL sets itself; zero: none
	Closed     bool              // a TS 119 612 list without NextUpdate: kept for history, never fresh
	Payload    [sha256.Size]byte // digest of the signed content: two signatures over one payload share it
	Signer     *x509.Certificate // nil for unsigned bundles
	SignedAt   time.Time         // claimed signing time, else Issued

	Anchors  []*Anchor
	Services int       // services, or certificates of a VICAL, whether or not they yield an anchor
	Pointers []Pointer // other lists it names
	Skipped  []Skipped // certificates that could not be used, and why
	Warnings []string  // departures from the profile that do no harm

	// SelfSigners are the certificates that its pointer to itself names: those that
	// may sign its next version (trust lists 1.5).
	SelfSigners []*x509.Certificate
}

// Pointer is another list that a list names.
type Pointer struct {
	Location  string
	Type      string
	Territory string // ISO 3166 (GR, not EL), or EU
	MimeType  string
	Operators []string // names of its scheme operator, in all languages
	Signers   []*x509.Certificate
}

// Skipped is one certificate of a list that yields no anchor. One bad certificate
// never fails a list (trust lists 2.5).
type Skipped struct {
	Entity string
	SHA256 [sha256.Size]byte
	Why    string // "unsupported key", "unparsable", "not a CA", …
}
