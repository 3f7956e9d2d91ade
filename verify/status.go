package verify

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strconv"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// status is step 9 (credentials 4.6, 5, 7.5). What cannot be determined is never
// "revoked" and, where the policy requires a status, never "valid".
func (c *check) status(f *finding, path *path, p presented, pol Revocation) {
	if pol.Status == Skip {
		f.Status = &Status{State: StatusSkipped}
		return
	}
	refs, mechanisms, err := p.statusReferences()
	if f.refuse(err) {
		return
	}
	life := p.lifetime()
	short := life > 0 && life <= min(pol.ShortLived, MaxShortLived)
	if p.shortLivedClaim() && (life <= 0 || life > MaxShortLived || len(refs)+len(mechanisms.Unknown) > 0) {
		f.refuse(reason.Refuse(reason.ShortLivedClaimInconsistent, "the credential says it is short-lived, and its validity or its status member says otherwise"))
		return
	}
	switch {
	case short:
		f.Status = &Status{State: StatusNotRequired}
		c.knownAnyway(f, path, p, refs, pol)
	case len(refs) == 0 && len(mechanisms.Unknown) > 0:
		f.undetermined(pol.Status, reason.Refuse(reason.StatusMechanismUnsupported, "none of the credential's status mechanisms is supported"))
	case len(refs) == 0:
		f.undetermined(pol.Status, reason.Refuse(reason.StatusMissing, "the credential names no status and is valid for more than %s", pol.waived()))
	default:
		// One of several mechanisms is enough to revoke.
		for _, ref := range refs {
			c.lookUp(f, path, p, ref, pol)
		}
	}
}

// knownAnyway: a status that is not required is not asked for, and what is not known
// of it does not matter; but a revocation that is at hand is not passed over.
func (c *check) knownAnyway(f *finding, path *path, p presented, refs []statuslist.Reference, pol Revocation) {
	lacking, basis := len(c.res.Lacking), len(c.res.Basis)
	pol.Status, pol.MaxStatusAge = BestEffort, 0
	if pol.CRL == Required {
		pol.CRL = BestEffort
	}
	var known finding
	for _, ref := range refs {
		c.lookUp(&known, path, p, ref, pol)
	}
	c.res.Lacking = c.res.Lacking[:lacking]
	if len(known.Reasons) == 0 {
		c.res.Basis = c.res.Basis[:basis]
		return
	}
	f.Status, f.Reasons = known.Status, append(f.Reasons, known.Reasons...)
}

// waived is the longest validity that needs no status, in words.
func (r Revocation) waived() string {
	return strconv.FormatFloat(min(r.ShortLived, MaxShortLived).Hours(), 'f', -1, 64) + " hours"
}

// lookUp reads one reference from what the view holds. Two tokens of one entity
// with one issue time contradict each other, and so may those of two entities that
// are the issuer: the worse answer counts.
func (c *check) lookUp(f *finding, path *path, p presented, ref statuslist.Reference, pol Revocation) {
	tokens, err := c.tokensFor(path, p, ref, pol)
	if err != nil {
		f.undetermined(pol.Status, err)
		return
	}
	worst := reason.Code("")
	var t *StatusToken // which says the worst; of several the oldest
	var unfit, beyond error
	for _, next := range tokens {
		if err := suitsFormat(p.format(), next.Token); err != nil {
			unfit = err
			continue
		}
		code, ok := valueIn(next.Token, ref)
		if !ok {
			beyond = reason.Refuse(reason.StatusIndexOutOfRange, "the credential's index lies beyond its status list")
			continue
		}
		if t == nil || worseStatus(code, worst) || code == worst && next.Token.IssuedAt.Before(t.Token.IssuedAt) {
			worst, t = code, next
		}
	}
	switch {
	case worst != "":
	case beyond != nil:
		f.determined(&Status{State: StatusUndetermined})
		f.once(beyond)
		return
	case unfit != nil:
		f.undetermined(pol.Status, unfit)
		return
	}
	age := c.now.Sub(t.Token.IssuedAt)
	stale := pol.MaxStatusAge > 0 && age > pol.MaxStatusAge
	c.restOnStatus(t, stale)
	seconds := max(0, int64(age/time.Second))
	found := &Status{
		State: stateOf(worst), Mechanism: string(ref.Mechanism),
		AsOf: t.Token.IssuedAt.UTC(), AgeSeconds: &seconds, Expires: t.Token.ExpiresAt().UTC(),
	}
	switch {
	case worst != "":
		// Final or not, old news of a revocation is still news of it.
		f.once(reason.Refuse(worst, "the issuer's %s says so", words[ref.Mechanism]))
	case stale:
		found.State = StatusUndetermined
		f.unsure(pol.Status, reason.Refuse(reason.StatusStale, "the newest copy of the %s is older than the policy's max_status_age", words[ref.Mechanism]))
	}
	f.determined(found)
	// Whoever signed the list may have been revoked without this node knowing.
	for _, t := range tokens {
		f.unsure(pol.CRL, c.chainStatus(t.links, pol.CRL))
	}
}

// words are what a person calls a mechanism.
var words = map[statuslist.Mechanism]string{statuslist.StatusList: "status list", statuslist.IdentifierList: "identifier list"}

// valueIn is what a token says of a reference, "" that it is good; ok is false for an
// index beyond the end.
func valueIn(t *statuslist.Token, ref statuslist.Reference) (code reason.Code, ok bool) {
	if ref.Mechanism == statuslist.IdentifierList {
		if t.Has(ref.Identifier) {
			return reason.StatusRevoked, true
		}
		return "", true
	}
	value, ok := t.Value(ref.Index)
	return statuslist.CodeOf(value), ok
}

// undetermined is a reason where the policy requires a status, else a warning.
func (f *finding) undetermined(mode Mode, err error) {
	f.determined(&Status{State: StatusUndetermined})
	f.unsure(mode, err)
}

// determined keeps the worse of what the credential's mechanisms say.
func (f *finding) determined(s *Status) {
	if f.Status == nil || stateRank[s.State] > stateRank[f.Status.State] {
		f.Status = s
	}
}

var stateRank = map[string]int{StatusValid: 0, StatusUndetermined: 1, StatusSuspended: 2, StatusRevoked: 3}

// unsure records what cannot be known as the mode of its check has it.
func (f *finding) unsure(mode Mode, err error) {
	switch {
	case err == nil:
	case mode != BestEffort: // also a mode that nobody has named
		f.once(err)
	case !has(f.Warnings, reason.CodeOf(err)):
		f.warn(err)
	}
}

// suitsFormat checks what ISO/IEC 18013-5 12.3.6 demands of an mdoc's status list
// beyond the draft: one bit per entry, and an exp.
func suitsFormat(format string, t *statuslist.Token) error {
	switch {
	case format != dcql.FormatMdoc || t.Mechanism == statuslist.IdentifierList:
		return nil
	case t.Bits != 1:
		return reason.Refuse(reason.StatusBitsInvalid, "an mdoc's status list has one bit per entry")
	case t.Expires.IsZero():
		return reason.Refuse(reason.StatusTokenClaimMissing, "an mdoc's status list states when it expires")
	}
	return nil
}

// tokensFor picks the newest usable tokens that may speak for the credential: those
// of each entity that is its issuer.
func (c *check) tokensFor(path *path, p presented, ref statuslist.Reference, pol Revocation) ([]*StatusToken, error) {
	slot := c.view.Status(ref.Mechanism, ref.URI)
	want := statuslist.JWT
	if p.format() == dcql.FormatMdoc {
		want = statuslist.CWT
	}
	var all []*StatusToken
	problem := rankNone
	for _, own := range c.owners(path, p.unverifiedType()) {
		newest, why := c.newestOf(slot.Tokens, own, path, ref, want, pol)
		problem = max(problem, why)
		for _, t := range newest {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case slot.Refused != "":
		return nil, reason.Refuse(slot.Refused, "the newest copy of the status list was refused")
	case problem == rankTokenExpired:
		return nil, reason.Refuse(reason.StatusTokenExpired, "the newest copy of the status list has expired")
	case problem == rankForm:
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "the status list is held only in the other format's form")
	case problem == rankUntrusted:
		return nil, reason.Refuse(reason.StatusSignerUntrusted, "the status list was signed neither by the issuer nor by its revocation service, or by a signer that was revoked")
	default:
		if path.trusted.UsableAt(c.now) {
			c.lacks(Lacking{Mechanism: ref.Mechanism, URI: ref.URI, Anchor: path.trusted.Ref()})
		}
		return nil, reason.Refuse(reason.StatusUnavailable, "no copy of the credential's status list is held")
	}
}

// newestOf picks the newest usable tokens of one entity, or says what kept those that
// there are from being used.
func (c *check) newestOf(tokens []*StatusToken, own Trusted, path *path, ref statuslist.Reference, want statuslist.Format, pol Revocation) (newest []*StatusToken, problem int) {
	for _, t := range tokens {
		switch {
		case !c.maySpeakFor(t, own, path.leaf, ref), reason.CodeOf(c.chainStatus(t.links, pol.CRL)) == reason.ChainRevoked:
			problem = max(problem, rankUntrusted)
		case t.Token.Format != want:
			problem = max(problem, rankForm)
		case !c.now.Before(t.Token.ExpiresAt()):
			problem = max(problem, rankTokenExpired)
		case len(newest) == 0 || t.Token.IssuedAt.After(newest[0].Token.IssuedAt):
			newest = []*StatusToken{t}
		case t.Token.IssuedAt.Equal(newest[0].Token.IssuedAt):
			newest = append(newest, t)
		}
	}
	return newest, problem
}

// owners are the entities that are the issuer: that of the path, and any other that
// names the same key under the same name for what was presented. None of them has
// the last word about the others' credentials, wherever it stands in the lists.
func (c *check) owners(path *path, typ string) []Trusted {
	own := path.trusted
	owners := []Trusted{own}
	others := c.view.ByID(own.Anchor.ID)
	if own.Anchor.Mode == trustlist.PKIX {
		others = c.view.BySubject(string(own.Anchor.Cert.RawSubject))
	}
	for _, o := range others {
		if o.Anchor.Mode == own.Anchor.Mode && inScope(o.Anchor, own.Anchor.Kind, own.Anchor.Purpose, typ) && o.UsableAt(c.now) &&
			bytes.Equal(o.Anchor.Cert.RawSubjectPublicKeyInfo, own.Anchor.Cert.RawSubjectPublicKeyInfo) && o.Ref() != own.Ref() {
			owners = append(owners, o)
		}
	}
	return owners
}

// What kept a token from being used, nearest to usable last.
const (
	rankNone = iota
	rankUntrusted
	rankForm
	rankTokenExpired
)

// maySpeakFor binds a token's signer to the credential's entity. Where the list
// names a revocation service for the entity, only that may sign; where it names
// none, the issuing key itself or a certificate under the same CA; for mdoc also
// the certificate that the credential names.
func (c *check) maySpeakFor(t *StatusToken, own Trusted, leaf *x509.Certificate, ref statuslist.Reference) bool {
	if c.now.Before(t.Leaf.NotBefore) || c.now.After(t.Leaf.NotAfter) {
		return false
	}
	if len(ref.Certificate) > 0 && c.named(t, ref.Certificate) {
		return true
	}
	hasService := false
	for _, e := range c.view.Entity(own.List.Name, own.Anchor.Entity) {
		if e.Anchor.Purpose != trustlist.Revocation || e.Removed || !e.Anchor.GoodAt(c.now) {
			continue
		}
		hasService = true
		if c.restsOn(t, e.Ref()) {
			return true
		}
	}
	if hasService {
		return false
	}
	if bytes.Equal(t.Leaf.RawSubjectPublicKeyInfo, leaf.RawSubjectPublicKeyInfo) {
		return c.restsOn(t, own.Ref())
	}
	return own.Anchor.Mode == trustlist.PKIX && c.restsOn(t, own.Ref())
}

// named says whether the token's signer is, or is under, the certificate that the
// credential names (ISO/IEC 18013-5 12.3.6).
func (c *check) named(t *StatusToken, der []byte) bool {
	id := sha256.Sum256(der)
	if bytes.Equal(t.Leaf.Raw, der) {
		return c.anyUsable(t, func(AnchorRef) bool { return true })
	}
	return c.anyUsable(t, func(r AnchorRef) bool { return r.ID == id })
}

func (c *check) restsOn(t *StatusToken, ref AnchorRef) bool {
	return c.anyUsable(t, func(r AnchorRef) bool { return r == ref })
}

// anyUsable says whether the token rests on an anchor that fits and that counts in
// this view at now.
func (c *check) anyUsable(t *StatusToken, fits func(AnchorRef) bool) bool {
	for _, r := range t.Anchors {
		if fits(r) {
			if tr, ok := c.lookup(r); ok && tr.UsableAt(c.now) && t.reaches(tr, c.now) {
				return true
			}
		}
	}
	return false
}

func worseStatus(a, b reason.Code) bool { return statusRank(a) > statusRank(b) }

func statusRank(c reason.Code) int {
	switch c {
	case "":
		return 0
	case reason.StatusUnknownValue:
		return 1
	case reason.StatusSuspended:
		return 2
	default:
		return 3
	}
}

func stateOf(c reason.Code) string {
	switch c {
	case "":
		return StatusValid
	case reason.StatusRevoked:
		return StatusRevoked
	case reason.StatusSuspended:
		return StatusSuspended
	default:
		return StatusUndetermined
	}
}
