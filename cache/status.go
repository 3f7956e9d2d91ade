package cache

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// heldStatus is what is held for one status list URI. Store.mu guards it.
type heldStatus struct {
	tokens  []heldToken
	refused reason.Code // of the newest token, "" if it was good

	stored   []artefact.Digest          // tokens that are on disk
	unstored map[artefact.Digest][]byte // bytes of tokens that are not yet
}

// heldToken is a verified token. Its identity is the URI, the form and the
// signing entity: a trusted issuer that signs somebody else's URI gets an entry of
// its own and disturbs nobody. So does an entity's issuance key beside the entity's
// revocation service, whose tokens it must not displace.
type heldToken struct {
	entity entity
	token  *verify.StatusToken
}

type entity struct {
	list, entity string
	purpose      trustlist.Purpose
	format       statuslist.Format
}

// entityOf says whose token it is.
func entityOf(t *verify.StatusToken) entity {
	first := t.Anchors[0]
	of := entity{first.List, first.Entity, trustlist.Issuance, t.Token.Format}
	for _, a := range t.Anchors {
		if a.Purpose == trustlist.Revocation {
			of.purpose = trustlist.Revocation
		}
	}
	return of
}

func (s *Store) admitStatus(raw artefact.Raw) (Outcome, error) {
	refuse := func(err error) (Outcome, error) { return Outcome{}, err }
	// Bounds.
	if len(raw.Bytes) > MaxStatus {
		return refuse(reason.Refuse(reason.StatusListTooLarge, "more than %d bytes", MaxStatus))
	}
	// Identity.
	if !s.followsStatus(raw.ID.Name) {
		return refuse(reason.Refuse(reason.ArtefactUnknown, "this status list is not followed"))
	}
	// Parse.
	u, err := parseStatus(raw.Bytes)
	if err != nil {
		return refuse(err)
	}
	// Signature, under an anchor that counts now. The chain is looked up before
	// anything is computed.
	ders, err := u.Chain()
	if err != nil {
		return refuse(err)
	}
	if len(ders) == 0 {
		return refuse(reason.Refuse(reason.StatusSignerUntrusted, "the token names no certificate"))
	}
	signer, err := verify.StatusSigner(s.view.Load(), ders, raw.At)
	if err != nil {
		return refuse(err)
	}
	token, err := u.Verify(signer.Leaf.PublicKey)
	if err != nil {
		return refuse(err)
	}
	if token.URI != raw.ID.Name {
		return refuse(reason.Refuse(reason.StatusSubMismatch, "sub is another URI than the list was asked for at"))
	}
	// Times.
	if token.IssuedAt.After(raw.At.Add(StatusSkew)) {
		return refuse(reason.Refuse(reason.StatusTokenClaimMissing, "iat lies in the future"))
	}
	if !raw.At.Before(token.ExpiresAt()) {
		return refuse(reason.Refuse(reason.StatusTokenExpired, "expired %s", token.ExpiresAt().UTC().Format(time.RFC3339)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takeStatus(raw, &verify.StatusToken{
		Token: token, SHA256: artefact.Sum(raw.Bytes), Leaf: signer.Leaf, Anchors: signer.Anchors,
	})
}

func (s *Store) followsStatus(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.status[uri]
	return ok
}

// takeStatus holds a verified token against those held before, and puts it in
// force. The caller holds mu.
func (s *Store) takeStatus(raw artefact.Raw, st *verify.StatusToken) (Outcome, error) {
	// Sequence.
	token, held := st.Token, s.status[raw.ID.Name]
	unchanged, conflict, err := held.follow(entityOf(st), st)
	if err != nil {
		return Outcome{}, err
	}
	// Next View.
	held.refused = ""
	if s.disk != nil && raw.Door != artefact.Disk {
		held.keep(st, raw.Bytes)
		s.changed(raw.ID)
	}
	s.raiseFloor(token.IssuedAt)
	s.changed()
	ref := artefact.Ref{ID: raw.ID, Version: uint64(token.IssuedAt.Unix()), Digest: st.SHA256, Size: len(raw.Bytes)}
	digest := artefact.Digest(st.SHA256).String()
	s.log.Debug("status list admitted", "door", raw.Door, "sha256", digest, "entries", token.Len(), "unchanged", unchanged)
	switch {
	case conflict:
		s.announce(Event{Type: Equivocation, List: "status", Detail: "two status lists with one issue time, the worse answer counts: sha256 " + digest})
	case !unchanged:
		s.announce(Event{Type: StatusChanged, List: "status", Detail: "sha256 " + digest})
	}
	return Outcome{List: "status", Unchanged: unchanged, Ref: ref, TTL: token.TTL}, nil
}

// outcome is what is held, after a look that brought nothing new.
func (h *heldStatus) outcome(id artefact.ID) Outcome {
	out := Outcome{List: "status", Unchanged: true}
	if len(h.tokens) > 0 {
		t := h.tokens[0].token
		out.Ref = artefact.Ref{ID: id, Version: uint64(t.Token.IssuedAt.Unix()), Digest: t.SHA256}
		out.TTL = t.Token.TTL
	}
	return out
}

// keep holds the bytes of a token until the disk has them, or it is replaced. A list
// of few entries could point at a person, so it is not written at all.
func (h *heldStatus) keep(t *verify.StatusToken, b []byte) {
	maps.DeleteFunc(h.unstored, func(d artefact.Digest, _ []byte) bool { return !h.holds(d) })
	if t.Token.Len() < MinStored || !h.holds(t.SHA256) || slices.Contains(h.stored, t.SHA256) {
		return
	}
	if h.unstored == nil {
		h.unstored = make(map[artefact.Digest][]byte)
	}
	h.unstored[t.SHA256] = b
}

func (h *heldStatus) holds(d artefact.Digest) bool {
	return slices.ContainsFunc(h.tokens, func(t heldToken) bool { return t.token.SHA256 == d })
}

// parseStatus tells the two forms apart: a JWT is ASCII text with dots, a CWT
// starts with a CBOR tag or array.
func parseStatus(b []byte) (*statuslist.Unverified, error) {
	if len(b) > 0 && b[0] < 0x80 {
		return statuslist.ParseJWT(string(bytes.TrimSpace(b)))
	}
	return statuslist.ParseCWT(b)
}

// follow is the sequence rule for status lists, whose version is iat: a higher one
// replaces what its entity had; equal and different keeps both, since issuers do
// publish twice in a second; at use the worst answer counts.
func (h *heldStatus) follow(of entity, t *verify.StatusToken) (unchanged, conflict bool, err error) {
	var others, mine []heldToken
	for _, have := range h.tokens {
		if have.entity == of {
			mine = append(mine, have)
		} else {
			others = append(others, have)
		}
	}
	for i, have := range mine {
		was := have.token.Token
		switch {
		case t.Token.IssuedAt.Before(was.IssuedAt):
			return false, false, reason.Refuse(reason.StatusTokenRollback, "an older token than the one held")
		case t.Token.IssuedAt.Equal(was.IssuedAt) && t.Token.Payload == was.Payload:
			if bytes.Compare(t.SHA256[:], have.token.SHA256[:]) < 0 {
				mine[i].token = t
				h.tokens = append(others, mine...)
			}
			return true, false, nil
		}
	}
	if len(mine) > 0 && t.Token.IssuedAt.Equal(mine[0].token.Token.IssuedAt) {
		if len(mine) >= MaxSameTime {
			return false, false, reason.Refuse(reason.StatusTokenRollback, "too many tokens with one issue time")
		}
		h.tokens = append(append(others, mine...), heldToken{of, t})
		return false, true, nil
	}
	if len(mine) == 0 && entities(others) >= MaxPerStatus {
		return false, false, reason.Refuse(reason.StatusSignerUntrusted, "too many issuers sign this list")
	}
	h.tokens = append(others, heldToken{of, t})
	return false, false, nil
}

// entities counts the signers, some of whom have several tokens.
func entities(tokens []heldToken) int {
	seen := make(map[entity]bool, len(tokens))
	for _, t := range tokens {
		seen[t.entity] = true
	}
	return len(seen)
}

// refusedWith keeps why the newest token was refused. An older one than the held
// says nothing about the newest.
func (h *heldStatus) refusedWith(c reason.Code) {
	if c != reason.StatusTokenRollback && c != reason.ArtefactUnknown {
		h.refused = c
	}
}

func (h *heldStatus) slot() verify.StatusSlot {
	slot := verify.StatusSlot{Refused: h.refused}
	for _, t := range h.tokens {
		slot.Tokens = append(slot.Tokens, t.token)
	}
	return slot
}
