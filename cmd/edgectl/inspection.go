package main

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// inspection is what inspect says of a list. Verified: all of it is signed by
// somebody who may; else it is what the bytes say of themselves.
type inspection struct {
	File     string    `json:"file"`
	SHA256   string    `json:"sha256"`
	Size     int       `json:"size"`
	Kind     string    `json:"kind"` // lotl, tl, lote, vical or anchors; empty: nothing known
	At       time.Time `json:"at"`
	Verified bool      `json:"verified"`

	Type       string    `json:"type,omitempty"`
	Version    int       `json:"version,omitempty"`
	Territory  string    `json:"territory,omitempty"`
	Operator   string    `json:"operator,omitempty"`
	Sequence   uint64    `json:"sequence,omitempty"`
	Issued     time.Time `json:"issued,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	NotAfter   time.Time `json:"not_after,omitzero"`
	State      string    `json:"state,omitempty"` // at At, had it been looked at just now
	Signer     *signer   `json:"signer,omitempty"`

	Services int       `json:"services,omitempty"`
	Anchors  []anchors `json:"anchors,omitempty"`
	Pointers []pointer `json:"pointers,omitempty"`
	Pivots   []string  `json:"pivots,omitempty"` // earlier releases that it names, newest first
	Skipped  []skipped `json:"skipped,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`

	Verdict string      `json:"verdict"` // admitted or refused
	Code    reason.Code `json:"code,omitempty"`
	Detail  string      `json:"detail,omitempty"`

	form string // of the kind, for a person
}

// signer is who signed a list, and why that counts.
type signer struct {
	Subject   string    `json:"subject"`
	SHA256    string    `json:"certificate_sha256"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Trusted   string    `json:"trusted"`
}

// anchors are those of one scope.
type anchors struct {
	Kind      trustlist.Kind    `json:"kind,omitempty"` // of a bundle the configuration says it
	Territory string            `json:"territory,omitempty"`
	Purpose   trustlist.Purpose `json:"purpose,omitempty"`
	Named     int               `json:"named"`
	InForce   int               `json:"in_force"` // in good standing, and in their validity
}

// pointer is a list that a list of lists names.
type pointer struct {
	Territory string `json:"territory"`
	Signers   int    `json:"signers"`
	Location  string `json:"location"`
}

// skipped counts certificates that yield no anchor, by reason.
type skipped struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
}

// inspect collects what there is to say; info holds no list where nothing of it can
// be relied on.
func inspect(s *subject, j *judge, info cache.Info) *inspection {
	sum := sha256.Sum256(s.b)
	i := &inspection{
		File: s.name, SHA256: hex.EncodeToString(sum[:]), Size: len(s.b), Kind: string(s.kind), At: j.at.UTC().Truncate(time.Second), form: s.form,
		Type: s.typ, Territory: s.territory, Operator: s.provider, Sequence: s.sequence,
	}
	if s.pivots != nil && j.source(s).OJ != "" {
		i.Pivots, _ = s.pivots(j.source(s).OJ) // the verdict tells when they cannot be read
	}
	if l := info.List; l != nil {
		i.verified(l, s, j)
		if s.kind != artefact.Anchors {
			i.State = string(info.State)
		}
	}
	return i
}

func (i *inspection) verified(l *trustlist.List, s *subject, j *judge) {
	i.Verified = s.kind != artefact.Anchors
	i.Type, i.Version, i.Operator, i.Territory = l.Type, l.Version, l.Operator, trustlist.Territory(l.Territory)
	i.Sequence, i.Issued, i.NextUpdate, i.NotAfter = l.Sequence, l.Issued, l.NextUpdate, l.NotAfter
	if l.Unnumbered {
		i.Sequence = 0
	}
	i.Services, i.Warnings = l.Services, l.Warnings
	if l.Signer != nil {
		i.Signer = signerOf(l.Signer, trustedAs(l.Signer, s, j))
		if j.at.After(l.Signer.NotAfter) {
			i.Warnings = append(slices.Clip(i.Warnings), "the signer has expired since it signed ("+string(reason.TrustListSignerExpired)+")")
		}
	}
	i.Anchors = countAnchors(l.Anchors, s.kind, j.at)
	i.Skipped = countSkipped(l.Skipped)
	if s.kind == artefact.LOTL {
		for _, p := range l.Pointers {
			i.Pointers = append(i.Pointers, pointer{p.Territory, len(p.Signers), p.Location})
		}
		slices.SortStableFunc(i.Pointers, func(a, b pointer) int { return cmp.Compare(a.Territory, b.Territory) })
	}
}

func signerOf(c *x509.Certificate, trusted string) *signer {
	sum := sha256.Sum256(c.Raw)
	name := c.Subject
	name.Names = nil // attributes without a short name say nothing to a person
	return &signer{name.String(), hex.EncodeToString(sum[:]), c.NotBefore, c.NotAfter, trusted}
}

// trustedAs says why a signer counts.
func trustedAs(c *x509.Certificate, s *subject, j *judge) string {
	switch {
	case s.kind == artefact.TL && j.lotl != nil:
		return fmt.Sprintf("named for %s by the list of lists, sequence %d", s.territory, j.lotl.sequence)
	case s.kind == artefact.VICAL:
		return "leads to a certificate of --signers"
	case slices.ContainsFunc(j.signers, c.Equal):
		return "one of --signers"
	default:
		return "introduced by the pivots since --signers"
	}
}

// judged adds the verdict.
func (i *inspection) judged(refusal error) {
	i.Verdict = "admitted"
	if refusal == nil {
		return
	}
	i.Verdict = outcomeRefused
	if r, ok := reason.Of(refusal); ok {
		i.Code, i.Detail = r.Code, r.Detail
	} else {
		i.Code, i.Detail = reason.InternalError, refusal.Error()
	}
}
