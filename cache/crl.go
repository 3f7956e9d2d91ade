package cache

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// heldCRL is what is held for the URL of a certificate revocation list. Store.mu
// guards it.
type heldCRL struct {
	kept
	url     string
	issuers []*x509.Certificate // who may sign it: those whose certificates name it
	lists   []crlVersion        // those with the highest number
}

type crlVersion struct {
	list   *crl.List
	digest artefact.Digest
	delivery
}

// lacks says whether it is news that an authority publishes its list here.
func (h *heldCRL) lacks(issuer *x509.Certificate) bool {
	return issuer != nil && len(h.issuers) < MaxPerCRL && !slices.ContainsFunc(h.issuers, issuer.Equal)
}

// authorities counts those that publish here, as far as is known. Of one that renewed its
// certificate with the key that it had it is the same.
func (h *heldCRL) authorities() int {
	known := make(map[crl.IssuerID]bool)
	for _, issuer := range h.issuers {
		known[crl.IssuerOf(issuer)] = true
	}
	for _, v := range h.lists {
		known[v.list.Issuer] = true
	}
	return len(known)
}

// followCRL has a revocation list followed. The caller holds mu.
func (s *Store) followCRL(url string, of owner, issuer *x509.Certificate, came Came) {
	h, known := s.crls[url]
	if !known {
		h = &heldCRL{kept: kept{came: came, owner: of}, url: url}
		s.crls[url] = h
		s.grown, s.sharing = true, true
		s.changed()
	}
	if h.lacks(issuer) {
		h.issuers = append(h.issuers, issuer)
		s.crlView = nil // which says of each authority what was refused
		s.learned++
		s.sharing = true // more may be had from others
		s.changed()
	}
}

func (s *Store) admitCRL(raw artefact.Raw) (Outcome, error) {
	refuse := func(err error) (Outcome, error) { return Outcome{}, err }
	// Identity.
	issuers, ok := s.issuersOf(raw.ID.Name)
	if !ok {
		return refuse(reason.Refuse(reason.ArtefactUnknown, "this revocation list is not followed"))
	}
	// Bounds and parse.
	u, err := parseCRL(raw.Bytes)
	if err != nil {
		return refuse(err)
	}
	// Signature, under an authority whose certificates name this list: a certificate
	// under an anchor that counts, or such an anchor itself.
	for _, t := range s.view.Load().BySubject(u.Issuer()) {
		if t.UsableAt(raw.At) && !slices.ContainsFunc(issuers, t.Anchor.Cert.Equal) && raw.Door == artefact.Disk {
			issuers = append(issuers, t.Anchor.Cert)
		}
	}
	list, issuer, err := verifyCRL(u, issuers)
	if err != nil {
		return refuse(err)
	}
	// Times. What comes from disk is held as what it is, expired: its number counts.
	switch {
	case list.ThisUpdate.After(raw.At.Add(ListSkew)):
		return refuse(blameless(reason.Refuse(reason.CRLMalformed, "issued %s; is this node's clock right?", list.ThisUpdate.UTC().Format(time.RFC3339))))
	case raw.At.After(list.NextUpdate) && raw.Door != artefact.Disk:
		return refuse(reason.Refuse(reason.CRLExpired, "was to be replaced by %s", list.NextUpdate.UTC().Format(time.RFC3339)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takeCRL(raw, list, issuer)
}

// parseCRL reads a revocation list in DER, as RFC 5280 section 4.2.1.13 has it served,
// or in PEM, as some authorities do.
func parseCRL(b []byte) (*crl.Unverified, error) {
	if block, _ := pem.Decode(b); block != nil && block.Type == pemCRL {
		b = block.Bytes
	}
	return crl.Parse(b)
}

const pemCRL = "X509 CRL"

func (s *Store) issuersOf(url string) (issuers []*x509.Certificate, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.crls[url]
	if !ok {
		return nil, false
	}
	return slices.Clone(h.issuers), true
}

// verifyCRL tries everybody who may have signed a list, and returns who has. The
// refusal is that of the last whose name it bears. An authority that changes its key under
// its name need not say in its list which one signed it: such a list may be good, of a key
// that this node does not know yet, and waits for that.
func verifyCRL(u *crl.Unverified, issuers []*x509.Certificate) (list *crl.List, by *x509.Certificate, err error) {
	err = reason.Refuse(reason.CRLIssuerMismatch, "the list is of another authority than those whose certificates name it")
	for _, issuer := range issuers {
		if string(issuer.RawSubject) != u.Issuer() {
			continue
		}
		if list, err = u.Verify(issuer); err == nil {
			return list, issuer, nil
		}
	}
	if !u.NamesKey() && reason.CodeOf(err) == reason.CRLSignatureInvalid {
		err = blamed{err, waits}
	}
	return nil, nil, err
}

// follow is the sequence rule for revocation lists, which is that of status lists
// with the number for iat: a higher one replaces what the authority had; equal and
// different keeps both, each of which counts. It returns what is to be held, the
// authority's own first.
func (h *heldCRL) follow(v crlVersion) (next []crlVersion, how succession, err error) {
	list, digest := v.list, v.digest
	var others, mine []crlVersion // others publish under the same URL
	for _, have := range h.lists {
		if have.list.Issuer == list.Issuer {
			mine = append(mine, have)
		} else {
			others = append(others, have)
		}
	}
	for i, have := range mine {
		switch order := bytes.Compare(list.Number[:], have.list.Number[:]); {
		case order < 0:
			return nil, same, reason.Refuse(reason.CRLRollback, "a lower number than that of the list held")
		case order == 0 && list.Payload == have.list.Payload:
			if bytes.Compare(digest[:], have.digest[:]) < 0 {
				v.minor = true
				mine[i] = v
			}
			return append(mine, others...), same, nil
		}
	}
	next = []crlVersion{v}
	if len(mine) == 0 || mine[0].list.Number != list.Number {
		return append(next, others...), newer, nil
	}
	if len(mine) >= MaxSameTime {
		return nil, same, reason.Refuse(reason.CRLRollback, "too many lists with one number")
	}
	return append(append(next, mine...), others...), contradicting, nil
}

// takeCRL holds a verified list against those held before, and puts it in force. The
// caller holds mu.
func (s *Store) takeCRL(raw artefact.Raw, list *crl.List, issuer *x509.Certificate) (Outcome, error) {
	h := s.crls[raw.ID.Name] // which, once followed, is never forgotten
	// Sequence.
	sum := artefact.Sum(raw.Bytes)
	next, how, err := h.follow(crlVersion{list, sum, deliveryOf(raw)})
	if err != nil {
		return Outcome{}, err
	}
	if err := s.makeRoomForCRL(h, next, sum, len(raw.Bytes)); err != nil {
		return Outcome{}, err
	}
	// Next View.
	was := digestsOf(h.refs())
	h.lists = next
	if h.lacks(issuer) {
		h.issuers = append(h.issuers, issuer) // the disk did not say whose list it is
	}
	h.admitted(raw, how, !slices.Contains(was, sum) && slices.Contains(digestsOf(h.refs()), sum))
	if raw.Door != artefact.Disk {
		h.take(sum, raw.Bytes, digestsOf(h.refs()), false)
	}
	s.accountCRL(h)
	s.raiseFloor(list.ThisUpdate)
	s.crlChanged(raw.ID)
	digest := artefact.Digest(sum).String()
	s.log.Debug("revocation list admitted", "door", raw.Door, "sha256", digest, "entries", list.Len(), "unchanged", how == same)
	switch how {
	case contradicting:
		s.announce(Event{Type: Equivocation, List: "crl", Detail: "two revocation lists with one number, each counts: sha256 " + digest})
	case newer:
		s.announce(Event{Type: StatusChanged, List: "crl", Detail: "sha256 " + digest})
	}
	out := h.outcome()
	out.Unchanged = how == same
	return out, nil
}

// outcome is what is held now.
func (h *heldCRL) outcome() Outcome {
	out := Outcome{List: "crl", Unchanged: true}
	if len(h.lists) > 0 {
		out.Ref, out.Ends = h.refs()[0], h.lists[0].list.NextUpdate
	}
	return out
}

func (h *heldCRL) refs() []artefact.Ref { return h.refsOf(h.lists) }

func (h *heldCRL) refsOf(lists []crlVersion) (refs []artefact.Ref) {
	for _, v := range lists {
		refs = append(refs, artefact.Ref{ID: artefact.ID{Kind: artefact.CRL, Name: h.url}, Version: v.list.Version(), Digest: v.digest, Size: v.size})
	}
	return refs
}

// makeRoomForCRL is makeRoom: an authority's list is never what leaves, and it may
// have others leave. The caller holds mu.
func (s *Store) makeRoomForCRL(h *heldCRL, next []crlVersion, d artefact.Digest, received int) error {
	after := sizeOfCRLs(next) + h.inMemoryWith(d, received, digestsOf(h.refsOf(next)), false, s.disk != nil)
	return s.fit(after-h.size, nil, true)
}

func sizeOfCRLs(lists []crlVersion) (n int64) {
	for _, v := range lists {
		n += perList + int64(v.list.Size())
	}
	return n
}

func (s *Store) accountCRL(h *heldCRL) {
	size := sizeOfCRLs(h.lists) + h.inMemory(s.disk != nil)
	s.used += size - h.size
	h.size = size
}

// crlChanged notes that what is held of a revocation list is another now. The caller
// holds mu.
func (s *Store) crlChanged(id artefact.ID) {
	s.crlView, s.sharing = nil, true
	s.changed(id)
}

// nextCRLs finds the lists of an authority. The caller holds mu.
func (s *Store) nextCRLs() map[crl.IssuerID]verify.CRLSlot {
	if s.crlView != nil {
		return s.crlView
	}
	view := make(map[crl.IssuerID]verify.CRLSlot, len(s.crls))
	for _, h := range s.crls {
		for _, v := range h.lists {
			slot := view[v.list.Issuer]
			slot.Lists = newestCRLs(append(slot.Lists, v.list))
			view[v.list.Issuer] = slot
		}
		for _, issuer := range h.issuers {
			if c := h.code(); c != "" {
				slot := view[crl.IssuerOf(issuer)]
				slot.Refused = c
				view[crl.IssuerOf(issuer)] = slot
			}
		}
	}
	s.crlView = view
	return view
}

// newestCRLs keeps those with the highest number: an authority may publish its list
// under several URLs.
func newestCRLs(lists []*crl.List) []*crl.List {
	highest := slices.MaxFunc(lists, func(a, b *crl.List) int { return bytes.Compare(a.Number[:], b.Number[:]) })
	return slices.DeleteFunc(lists, func(l *crl.List) bool { return l.Number != highest.Number })
}

// CRLs returns what is held of an authority's revocation lists.
func (v *View) CRLs(issuer crl.IssuerID) verify.CRLSlot { return v.crls[issuer] }
