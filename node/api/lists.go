package api

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what lists say of themselves. Their texts are as long as whoever
// signed them liked.
const (
	maxText     = 1024 // bytes of a text
	maxWarnings = 64

	maxSpread = 365 * 24 * time.Hour // beyond that a clock is wrong
)

// ListInfo is one followed trust list, as /v1/lists shows it.
type ListInfo struct {
	Name      string `json:"name"`                // as configured; a national list: the LOTL's name, a colon and the territory
	Type      string `json:"type"`                // lote, lotl, tl, vical or anchors
	Parent    string `json:"parent,omitempty"`    // of a national list: the LOTL that names it
	Territory string `json:"territory,omitempty"` // ISO 3166, or EU
	Profile   string `json:"profile,omitempty"`   // of a lote: the EU type it has to be
	URL       string `json:"url"`
	State     string `json:"state"` // fresh, stale, expired, absent, quarantined or held

	Sequence   uint64      `json:"sequence,omitempty"`
	Version    int         `json:"version,omitempty"` // TSLVersionIdentifier of a TS 119 612 list
	SHA256     string      `json:"sha256,omitempty"`  // of the signed bytes as received, hex
	Issued     time.Time   `json:"issued,omitzero"`
	NextUpdate time.Time   `json:"next_update,omitzero"`
	Signer     *SignerInfo `json:"signer,omitempty"` // nil: absent or unsigned

	LookedAt   time.Time `json:"looked_at,omitzero"`
	AgeSeconds int64     `json:"age_seconds"`         // since looked_at; 0 when there was no look
	CameFrom   string    `json:"came_from,omitempty"` // origin, peer, disk, publish or file
	From       string    `json:"from,omitempty"`      // the peer that it came from
	// SpreadSeconds is how long after it was announced the version came from a peer, by
	// the clocks of two nodes; 0: it did not, or that is not known.
	SpreadSeconds float64 `json:"spread_seconds,omitempty"`
	Durable       *bool   `json:"durable,omitempty"` // the version in force is on disk; nil: there is no data_dir

	Anchors  int      `json:"anchors"`
	Services int      `json:"services,omitempty"`
	Skipped  int      `json:"skipped,omitempty"`  // certificates that cannot be used
	Warnings []string `json:"warnings,omitempty"` // departures from the profile that do no harm

	LastError   *FailureInfo     `json:"last_error,omitempty"`  // of the latest look, if it failed
	HeldUntil   time.Time        `json:"held_until,omitzero"`   // until when removed anchors wait for an operator
	SoaksUntil  time.Time        `json:"soaks_until,omitzero"`  // until when the version is not announced to peers
	Quarantined *QuarantinedInfo `json:"quarantined,omitempty"` // a version that waits for an operator
	Conflict    *ConflictInfo    `json:"conflict,omitempty"`    // evidence of two contents under one number
	Refused     []RefusedInfo    `json:"refused"`               // the latest versions that were refused, newest last
}

// SignerInfo is the certificate that a list was verified with.
type SignerInfo struct {
	Subject           string    `json:"subject"`
	CertificateSHA256 string    `json:"certificate_sha256"`
	NotAfter          time.Time `json:"not_after,omitzero"`
}

// FailureInfo is a look at an origin that brought nothing.
type FailureInfo struct {
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

// QuarantinedInfo is a version that is held and not in force.
type QuarantinedInfo struct {
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"`
	Code     string `json:"code"`
}

// ConflictInfo names two contents that were signed under one sequence number.
type ConflictInfo struct {
	Sequence uint64 `json:"sequence"`
	Kept     string `json:"kept"`    // digest of the one in force
	Refused  string `json:"refused"` // digest of the other
}

// RefusedInfo is one version of a list that was refused.
type RefusedInfo struct {
	At     time.Time `json:"at"`
	Door   string    `json:"door"`
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
}

// Signer describes the certificate of a list's signer; nil for none.
func Signer(c *x509.Certificate) *SignerInfo {
	if c == nil {
		return nil
	}
	sum := sha256.Sum256(c.Raw)
	return &SignerInfo{c.Subject.String(), hex.EncodeToString(sum[:]), c.NotAfter}
}

func (h *handler) lists(x *exchange) {
	lists := slices.Clone(h.o.Engine.Lists())
	for i, l := range lists {
		lists[i] = l.sayable()
	}
	x.answer(http.StatusOK, struct {
		Lists []ListInfo `json:"lists"`
	}{lists})
}

// sayable returns the description with nothing in it that an encoding could not
// say, and every text within its bound.
func (l ListInfo) sayable() ListInfo {
	for _, t := range []*time.Time{&l.Issued, &l.NextUpdate, &l.LookedAt, &l.HeldUntil, &l.SoaksUntil} {
		*t = utc(*t)
	}
	l.From = shown(l.From)
	if !(l.SpreadSeconds > 0 && l.SpreadSeconds <= maxSpread.Seconds()) {
		l.SpreadSeconds = 0
	}
	l.Signer = l.Signer.sayable()
	l.Warnings = shownAll(l.Warnings, maxWarnings)
	if l.LastError != nil {
		l.LastError = &FailureInfo{utc(l.LastError.At), shown(l.LastError.Detail)}
	}
	l.Refused = slices.Clone(l.Refused)
	for i, r := range l.Refused {
		l.Refused[i].At, l.Refused[i].Detail = utc(r.At), shown(r.Detail)
	}
	return l
}

func (s *SignerInfo) sayable() *SignerInfo {
	if s == nil {
		return nil
	}
	return &SignerInfo{shown(s.Subject), s.CertificateSHA256, utc(s.NotAfter)}
}

// shown is a text of a list as an answer can hold it: valid UTF-8, and no longer
// than maxText.
func shown(s string) string {
	if len(s) > maxText {
		end := maxText
		for !utf8.RuneStart(s[end]) && end > maxText-utf8.UTFMax {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// shownAll is at most limit texts, each as shown.
func shownAll(texts []string, limit int) []string {
	out := make([]string, min(len(texts), limit))
	for i := range out {
		out[i] = shown(texts[i])
	}
	return out
}
