package cache

import (
	"bytes"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// heldStatus is what is held for the URI of one status list or identifier list.
// Store.mu guards it, its use apart.
type heldStatus struct {
	kept
	id     artefact.ID
	tokens []heldToken
	use    *use
	since  time.Time // when it began to be followed in this process
}

// heldToken is a verified token. Its identity is the URI, the form and the
// signing entity: a trusted issuer that signs somebody else's URI gets an entry of
// its own and disturbs nobody. So does an entity's issuance key beside the entity's
// revocation service, whose tokens it must not displace.
type heldToken struct {
	entity entity
	token  *verify.StatusToken
	delivery
}

type entity struct {
	owner
	purpose trustlist.Purpose
	format  statuslist.Format
}

// signsAs says whether it is the same that signs, be it in another form.
func (e entity) signsAs(other entity) bool {
	return e.owner == other.owner && e.purpose == other.purpose
}

// entityOf says whose token it is.
func entityOf(t *verify.StatusToken) entity {
	of := entity{ownerOf(t.Anchors[0]), trustlist.Issuance, t.Token.Format}
	for _, a := range t.Anchors {
		if a.Purpose == trustlist.Revocation {
			of.purpose = trustlist.Revocation
		}
	}
	return of
}

// parseStatus reads a token of a kind. Of status lists it tells the two forms apart:
// a JWT is ASCII text with dots, a CWT starts with a CBOR tag or array.
func parseStatus(kind artefact.Kind, b []byte) (*statuslist.Unverified, error) {
	switch {
	case kind == artefact.IdentifierList:
		return statuslist.ParseIdentifierList(b)
	case len(b) > 0 && b[0] < 0x80:
		return statuslist.ParseJWT(string(bytes.TrimSpace(b)))
	default:
		return statuslist.ParseCWT(b)
	}
}

func (s *Store) admitStatus(raw artefact.Raw) (Outcome, error) {
	// Bounds and identity.
	if raw.Door != artefact.Peer {
		raw.ID = s.turned(raw.ID)
	}
	switch {
	case len(raw.Bytes) > MaxStatus:
		return Outcome{}, reason.Refuse(reason.StatusListTooLarge, "more than %d bytes", MaxStatus)
	case !s.followsStatus(raw.ID):
		return Outcome{}, reason.Refuse(reason.ArtefactUnknown, "this status list is not followed")
	}
	id, signer, token, err := s.readStatus(raw)
	if err != nil {
		return Outcome{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.turn(raw.ID, id); err != nil {
		return Outcome{}, err
	}
	raw.ID = id
	return s.takeStatus(raw, signer, token, false)
}

// readStatus parses and verifies a token of a list, which may turn out to be one of
// another kind, and holds it against the clock.
func (s *Store) readStatus(raw artefact.Raw) (artefact.ID, *verify.StatusSignature, *statuslist.Token, error) {
	refuse := func(err error) (artefact.ID, *verify.StatusSignature, *statuslist.Token, error) {
		return artefact.ID{}, nil, nil, err
	}
	// Parse. The URI that a configuration or an aggregation names may be of either
	// mechanism. A peer may not say which: a trusted issuer that signs somebody else's
	// URI disturbs nobody.
	u, err := parseStatus(raw.ID.Kind, raw.Bytes)
	id := raw.ID
	if reason.CodeOf(err) == reason.StatusTokenTypeInvalid && raw.Door != artefact.Peer && s.mayTurn(id) {
		if other, bad := parseStatus(artefact.IdentifierList, raw.Bytes); bad == nil {
			u, err, id.Kind = other, nil, artefact.IdentifierList
		}
	}
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
		return refuse(blameless(reason.Refuse(reason.StatusTokenClaimMissing, "iat lies in the future")))
	}
	if !raw.At.Before(token.ExpiresAt()) && raw.Door != artefact.Disk { // which is held as what it is: its iat counts
		return refuse(reason.Refuse(reason.StatusTokenExpired, "expired %s", token.ExpiresAt().UTC().Format(time.RFC3339)))
	}
	return id, signer, token, nil
}

func (s *Store) followsStatus(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.status[id]
	return ok
}

// mayTurn says whether a URI that is followed as a status list's may be an identifier
// list's: nothing has said yet which.
func (s *Store) mayTurn(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.status[id]
	return ok && id.Kind == artefact.Status && h.came != Found && len(h.tokens) == 0
}

// turned is what a URI is followed as, if that is another thing by now than it was when
// somebody began to fetch it.
func (s *Store) turned(id artefact.ID) artefact.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := artefact.ID{Kind: artefact.IdentifierList, Name: id.Name}
	if _, ok := s.status[id]; !ok && id.Kind == artefact.Status && s.status[now] != nil {
		return now
	}
	return id
}

// turn follows a URI as what its token turned out to be. The caller holds mu.
func (s *Store) turn(from, to artefact.ID) error {
	h, ok := s.status[from]
	switch {
	case !ok || from == to:
		return nil
	case len(h.tokens) > 0:
		return reason.Refuse(reason.StatusTokenTypeInvalid, "an identifier list, where a status list was admitted meanwhile")
	}
	s.leave(h)
	s.followStatus(to, h.came, h.owner, h.since)
	return nil
}

// takeStatus holds a verified token against those held before, and puts it in
// force. One that is unasked for, as a peer has found it, takes what memory is free.
// The caller holds mu.
func (s *Store) takeStatus(raw artefact.Raw, signer *verify.StatusSignature, token *statuslist.Token, unasked bool) (Outcome, error) {
	st := &verify.StatusToken{StatusSignature: s.signers.same(signer), Token: token, SHA256: artefact.Sum(raw.Bytes)}
	h, ok := s.status[raw.ID]
	if !ok { // left while the token was read
		return Outcome{}, reason.Refuse(reason.ArtefactUnknown, "this status list is not followed any more")
	}
	// Sequence.
	next, how, err := h.follow(heldToken{entityOf(st), st, deliveryOf(raw)})
	if err != nil {
		return Outcome{}, err
	}
	s.ownedBy(h, ownerOf(st.Anchors[0]))
	if err := s.makeRoom(h, next, st, len(raw.Bytes), unasked); err != nil {
		return Outcome{}, err
	}
	// Next View.
	s.alarms(h, st)
	was := digestsOf(h.refs())
	h.tokens = next
	h.admitted(raw, how, !slices.Contains(was, artefact.Digest(st.SHA256)) && slices.Contains(digestsOf(h.refs()), artefact.Digest(st.SHA256)))
	if raw.Door != artefact.Disk {
		h.take(st.SHA256, raw.Bytes, digestsOf(h.refs()), h.small(st.Token))
	}
	s.account(h)
	s.raiseFloor(st.Token.IssuedAt)
	s.statusChanged(raw.ID)
	s.learnFrom(st)
	digest := artefact.Digest(st.SHA256).String()
	s.log.Debug("status list admitted", "kind", raw.ID.Kind, "door", raw.Door, "sha256", digest, "entries", st.Token.Len(), "unchanged", how == same)
	switch how {
	case contradicting:
		s.announce(Event{Type: Equivocation, List: "status", Detail: "two status lists with one issue time, the worse answer counts: sha256 " + digest})
	case newer:
		s.announce(Event{Type: StatusChanged, List: "status", Detail: "sha256 " + digest})
	}
	out := h.outcome()
	out.Unchanged = how == same
	return out, nil
}

// small says whether a list could point at a person, and so is never written. That an
// identifier list has few entries says only that few were revoked, so one that nobody
// but the configuration names is written whatever its size.
func (h *heldStatus) small(t *statuslist.Token) bool {
	if t.Mechanism == statuslist.IdentifierList && h.came != Found {
		return false
	}
	return t.Len() < MinStored
}

// outcome is what is held now.
func (h *heldStatus) outcome() Outcome {
	out := Outcome{List: "status", Unchanged: true}
	if len(h.tokens) > 0 {
		t := h.tokens[len(h.tokens)-1].token
		out.Ref, out.TTL, out.Ends = refOf(h.id, h.tokens[len(h.tokens)-1]), t.Token.TTL, t.Token.ExpiresAt()
	}
	return out
}

func refOf(id artefact.ID, t heldToken) artefact.Ref {
	return artefact.Ref{ID: id, Version: uint64(t.token.Token.IssuedAt.Unix()), Digest: t.token.SHA256, Size: t.size}
}

func (h *heldStatus) refs() []artefact.Ref { return refsOf(h.id, h.tokens) }

func refsOf(id artefact.ID, tokens []heldToken) (refs []artefact.Ref) {
	for _, t := range tokens {
		refs = append(refs, refOf(id, t))
	}
	return refs
}

func digestsOf(refs []artefact.Ref) (digests []artefact.Digest) {
	for _, r := range refs {
		digests = append(digests, r.Digest)
	}
	return digests
}

func (h *heldStatus) slot() *statusSlot {
	slot := &statusSlot{use: h.use, StatusSlot: verify.StatusSlot{Refused: h.code()}}
	for _, t := range h.tokens {
		slot.Tokens = append(slot.Tokens, t.token)
	}
	return slot
}
