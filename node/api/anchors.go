package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Bounds of one answer about anchors.
const (
	maxAnchors = 500 // more are had with after
	maxSkipped = 500
)

// Standing says whether an anchor counts now, and if not, why.
type Standing string

// The standings.
const (
	InForce           Standing = "in_force"
	Withdrawn         Standing = "withdrawn"            // the list no longer names it
	Held              Standing = "held"                 // removed suddenly: waits for an operator, or for held_until
	Expired           Standing = "expired"              // its certificate, or the list, is past its limits
	NotInGoodStanding Standing = "not_in_good_standing" // the list says so itself
)

// ListAnchors is one list with its anchors, as /v1/lists/{name}/anchors shows it:
// what each answers for, and which bytes say so.
type ListAnchors struct {
	List       string        `json:"list"`
	Type       string        `json:"type"`
	URL        string        `json:"url"`
	State      string        `json:"state"`
	Sequence   uint64        `json:"sequence,omitempty"`
	SHA256     string        `json:"sha256,omitempty"`
	Issued     time.Time     `json:"issued,omitzero"`
	NextUpdate time.Time     `json:"next_update,omitzero"`
	Signer     *SignerInfo   `json:"signer,omitempty"`
	SignedAt   time.Time     `json:"signed_at,omitzero"`
	CameFrom   string        `json:"came_from,omitempty"`
	Anchors    []AnchorInfo  `json:"anchors"`
	Skipped    []SkippedInfo `json:"skipped"`
	Warnings   []string      `json:"warnings"`
}

// AnchorInfo is one anchor with its scope (trust lists 5.3).
type AnchorInfo struct {
	CertificateSHA256 string    `json:"certificate_sha256"`
	SPKISHA256        string    `json:"spki_sha256"`
	SKI               string    `json:"ski,omitempty"` // hex
	Subject           string    `json:"subject"`
	Mode              string    `json:"mode"` // direct or pkix
	Kind              string    `json:"kind"`
	Purpose           string    `json:"purpose"`
	Territory         string    `json:"territory,omitempty"`
	Types             []string  `json:"types"` // empty: any of the kind
	Entity            string    `json:"entity,omitempty"`
	EntityName        string    `json:"entity_name,omitempty"`
	Service           string    `json:"service,omitempty"` // type URI
	Status            string    `json:"status,omitempty"`  // URI
	StatusSince       time.Time `json:"status_since,omitzero"`
	Usable            bool      `json:"usable"` // what the list says of it
	Standing          Standing  `json:"standing"`
	HeldUntil         time.Time `json:"held_until,omitzero"`
	NotBefore         time.Time `json:"not_before,omitzero"`
	NotAfter          time.Time `json:"not_after,omitzero"`
	SeenAt            time.Time `json:"seen_at,omitzero"` // when the node first had it from the list
}

// SkippedInfo is one certificate of a list that yields no anchor.
type SkippedInfo struct {
	Entity string `json:"entity,omitempty"`
	SHA256 string `json:"sha256"`
	Why    string `json:"why"`
}

// Anchor describes an anchor as its list names it. Its standing at an instant,
// and when it was first seen, are the caller's to add.
func Anchor(a *trustlist.Anchor) AnchorInfo {
	spki := sha256.Sum256(a.Cert.RawSubjectPublicKeyInfo)
	return AnchorInfo{
		CertificateSHA256: hex.EncodeToString(a.ID[:]), SPKISHA256: hex.EncodeToString(spki[:]), SKI: hex.EncodeToString(a.Cert.SubjectKeyId),
		Subject: a.Cert.Subject.String(), Mode: string(a.Mode), Kind: string(a.Kind), Purpose: string(a.Purpose),
		Territory: a.Territory, Types: a.Types, Entity: a.Entity, EntityName: a.EntityName,
		Service: a.Service, Status: a.Status, StatusSince: a.StatusSince, Usable: a.Usable,
		NotBefore: a.Cert.NotBefore, NotAfter: a.Cert.NotAfter,
	}
}

// anchorsAnswer is the body of /v1/lists/{name}/anchors.
type anchorsAnswer struct {
	ListAnchors
	Total int `json:"total"`          // anchors that fit the filters
	Next  int `json:"next,omitempty"` // after for the next answer; absent: that was all
}

// anchors answers GET /v1/lists/{name}/anchors.
func (h *handler) anchors(x *exchange) {
	f, p := x.anchorFilter()
	if p != nil {
		x.problem(p)
		return
	}
	l, ok := h.o.Holdings.Anchors(x.part)
	if !ok {
		x.problem(NewProblem(NotFound, "no list of that name is followed; GET /v1/lists names those that are"))
		return
	}
	x.answer(http.StatusOK, f.page(l))
}

// anchorFilter chooses anchors. Empty members choose all.
type anchorFilter struct {
	kind, territory, purpose string
	after                    int // that many have been shown before
}

func (x *exchange) anchorFilter() (f anchorFilter, p *Problem) {
	given, p := x.parameters("kind", "territory", "purpose", "after")
	if p != nil {
		return f, p
	}
	r := &reader{}
	for name, v := range given {
		switch name {
		case "kind":
			f.kind = v
			if !slices.Contains(kinds, trustlist.Kind(v)) {
				r.fail(NewProblem(MalformedRequest, "kind is one of pid, qeaa, pubeaa, eaa, mdl, wallet, wrpac, wrprc and register"))
			}
		case "territory":
			f.territory = trustlist.Territory(v)
			if len(v) != 2 || strings.Trim(f.territory, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				r.fail(NewProblem(MalformedRequest, "territory is two letters of ISO 3166"))
			}
		case "purpose":
			f.purpose = v
			if v != string(trustlist.Issuance) && v != string(trustlist.Revocation) {
				r.fail(NewProblem(MalformedRequest, "purpose is issuance or revocation"))
			}
		case "after":
			n, err := strconv.ParseUint(v, 10, 31)
			if err != nil {
				r.fail(NewProblem(MalformedRequest, "after is the next of the answer before"))
			}
			f.after = int(n)
		}
	}
	return f, r.problem
}

// page is the part of the list that one answer holds. What is not an anchor stands
// on the first page alone.
func (f anchorFilter) page(l ListAnchors) anchorsAnswer {
	fit := slices.DeleteFunc(slices.Clone(l.Anchors), func(a AnchorInfo) bool { return !f.fits(a) })
	a := anchorsAnswer{ListAnchors: l, Total: len(fit)}
	begin := min(f.after, len(fit))
	end := min(begin+maxAnchors, len(fit))
	if end < len(fit) {
		a.Next = end
	}
	a.Anchors = fit[begin:end]
	if begin > 0 {
		a.Skipped, a.Warnings = nil, nil
	}
	a.sayable()
	return a
}

func (f anchorFilter) fits(a AnchorInfo) bool {
	return (f.kind == "" || f.kind == a.Kind) && (f.territory == "" || f.territory == a.Territory) && (f.purpose == "" || f.purpose == a.Purpose)
}

// sayable takes out of the answer's own copies what an encoding could not say, and
// cuts texts and tables to their bounds.
func (a *anchorsAnswer) sayable() {
	a.Issued, a.NextUpdate, a.SignedAt = utc(a.Issued), utc(a.NextUpdate), utc(a.SignedAt)
	a.Signer = a.Signer.sayable()
	a.Warnings = shownAll(a.Warnings, maxWarnings)
	a.Skipped = slices.Clone(a.Skipped[:min(len(a.Skipped), maxSkipped)])
	for i := range a.Skipped {
		s := &a.Skipped[i]
		s.Entity, s.Why = shown(s.Entity), shown(s.Why)
	}
	for i := range a.Anchors {
		c := &a.Anchors[i]
		for _, s := range []*string{&c.Subject, &c.Entity, &c.EntityName, &c.Service, &c.Status} {
			*s = shown(*s)
		}
		c.Types = shownAll(c.Types, maxTypes)
		for _, t := range []*time.Time{&c.StatusSince, &c.HeldUntil, &c.NotBefore, &c.NotAfter, &c.SeenAt} {
			*t = utc(*t)
		}
	}
}
