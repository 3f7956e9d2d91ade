package cache

import (
	"cmp"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// mark is the newest version of a list that was ever admitted. It outlives the
// list's bytes and the process, so that an older version is refused by a node that
// lost them, too (trust lists 7.1, rollback).
type mark struct {
	Set        bool
	Type       string
	Sequence   uint64
	Unnumbered bool // of a VICAL: Sequence is its date
	Issued     time.Time
	Payload    [32]byte
	Digest     artefact.Digest
	Provider   string   // of a VICAL
	OJ         string   // the notice that Pivots lead back to
	Pivots     []string // which the version names, newest first
}

func markOf(r reading, d artefact.Digest, oj string) mark {
	l := r.list
	m := mark{Set: true, Type: l.Type, Sequence: l.Sequence, Unnumbered: l.Unnumbered, Issued: l.Issued, Payload: l.Payload, Digest: d, OJ: oj, Pivots: r.pivots}
	if l.Format == "vical" {
		m.Provider = l.Operator
	}
	return m
}

// pivotsTo returns the pivots that a version has to name; none if the operator has
// pinned the signers of another notice since.
func (m mark) pivotsTo(oj string) []string {
	if m.OJ != oj {
		return nil
	}
	return m.Pivots
}

// compare orders a version against the mark: by sequence number; of two VICALs of
// which one has none, by date.
func (m mark) compare(l *trustlist.List) int {
	if m.Unnumbered || l.Unnumbered {
		return l.Issued.Compare(m.Issued)
	}
	return cmp.Compare(l.Sequence, m.Sequence)
}

// follows is the sequence rule (design: higher wins; lower is a rollback; equal
// with the same signed payload is no change; equal with another payload is an
// equivocation, and the first is kept). operator: an operator vouches for a jump.
func (h *heldList) follows(l *trustlist.List, ref artefact.Ref, operator bool) (unchanged bool, err error) {
	rollback, conflict := reason.TrustListRollback, reason.TrustListConflict
	if l.Format == "vical" {
		rollback, conflict = reason.VICALRollback, reason.VICALConflict
	}
	m := h.mark
	switch {
	case l.Format == "anchors":
		// A local file has no versions: what is in it now counts.
		return h.list != nil && ref.Digest == h.ref.Digest, nil
	case !m.Set:
		// Nothing was admitted yet, or an operator had it forgotten.
		return h.list != nil && l.Payload == h.list.Payload, nil
	case l.Type != m.Type:
		return false, reason.Refuse(reason.TrustListWrongType, "the list changed its type between versions")
	case l.Format == "vical" && l.Operator != m.Provider:
		return false, reason.Refuse(reason.VICALSignerUntrusted, "the VICAL changed its provider between versions")
	}
	switch order := m.compare(l); {
	case order < 0:
		return false, reason.Refuse(rollback, "sequence %d after %d", l.Sequence, m.Sequence)
	case order == 0 && l.Payload == m.Payload:
		return h.list != nil, nil // nothing held: the bytes were lost, the mark was not
	case order == 0:
		return false, reason.Refuse(conflict, "another list with sequence %d", l.Sequence)
	case !operator && l.Format != "vical" && l.Sequence-m.Sequence > MaxJump:
		return false, reason.Refuse(reason.TrustListSequenceJump, "sequence %d after %d; if that is right, edgectl lists accept takes it", l.Sequence, m.Sequence)
	}
	return false, nil
}
