package verify

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// shortLived is the longest validity that needs no status (ARF 3.0 VCR_01).
const shortLived = 24 * time.Hour

// status is step 9 (credentials 4.6, 7.5). What cannot be determined is never
// "revoked" and, where the policy requires a status, never "valid".
func (c *check) status(f *finding, path *path, p presented) {
	if c.req.Policy.Status == Skip {
		f.Status = &Status{State: StatusSkipped}
		return
	}
	refs, mechanisms, err := p.statusReferences()
	if f.refuse(err) {
		return
	}
	life := p.lifetime()
	short := life > 0 && life <= shortLived
	if p.shortLivedClaim() && (!short || len(refs)+len(mechanisms.Unknown) > 0) {
		f.refuse(reason.Refuse(reason.ShortLivedClaimInconsistent, "the credential says it is short-lived, and its validity or its status member says otherwise"))
		return
	}
	switch {
	case short:
		f.Status = &Status{State: StatusNotRequired}
	case len(refs) == 0 && len(mechanisms.Unknown) > 0:
		c.undetermined(f, reason.Refuse(reason.StatusMechanismUnsupported, "none of the credential's status mechanisms is supported"))
	case len(refs) == 0:
		c.undetermined(f, reason.Refuse(reason.StatusMissing, "the credential names no status and is valid for more than 24 hours"))
	default:
		for _, ref := range refs {
			c.lookUp(f, path, p, ref)
		}
	}
}

// undetermined is a reason where the policy requires a status, else a warning.
func (c *check) undetermined(f *finding, err error) {
	if f.Status == nil {
		f.Status = &Status{State: StatusUndetermined}
	}
	if c.req.Policy.Status == Required {
		f.refuse(err)
	} else {
		f.warn(err)
	}
}

// lookUp reads one reference from what the view holds. Two tokens of one entity
// with one issue time contradict each other: the worse answer counts.
func (c *check) lookUp(f *finding, path *path, p presented, ref statuslist.Reference) {
	tokens, err := c.tokensFor(path, p, ref)
	if err != nil {
		c.undetermined(f, err)
		return
	}
	worst := reason.Code("")
	for _, t := range tokens {
		if err := suitsFormat(p.format(), t.Token); err != nil {
			c.undetermined(f, err)
			return
		}
		value, ok := t.Token.Value(ref.Index)
		if !ok {
			f.refuse(reason.Refuse(reason.StatusIndexOutOfRange, "the credential's index lies beyond its status list"))
			return
		}
		if code := statuslist.CodeOf(value); worseStatus(code, worst) {
			worst = code
		}
	}
	t := tokens[0]
	age := c.now.Sub(t.Token.IssuedAt)
	stale := c.req.Policy.MaxStatusAge > 0 && age > c.req.Policy.MaxStatusAge
	c.restOnStatus(t, stale)
	seconds := max(0, int64(age/time.Second))
	f.Status = &Status{
		State: stateOf(worst), Mechanism: "status_list",
		AsOf: t.Token.IssuedAt.UTC(), AgeSeconds: &seconds, Expires: t.Token.ExpiresAt().UTC(),
	}
	if worst != "" {
		// Final or not, old news of a revocation is still news of it.
		f.refuse(reason.Refuse(worst, "the issuer's status list says so"))
		return
	}
	if stale {
		f.Status.State = StatusUndetermined
		c.undetermined(f, reason.Refuse(reason.StatusStale, "the newest copy of the status list is older than the policy's max_status_age"))
	}
}

// suitsFormat checks what ISO/IEC 18013-5 12.3.6 demands of an mdoc's status list
// beyond the draft: one bit per entry, and an exp.
func suitsFormat(format string, t *statuslist.Token) error {
	switch {
	case format != dcql.FormatMdoc:
		return nil
	case t.Bits != 1:
		return reason.Refuse(reason.StatusBitsInvalid, "an mdoc's status list has one bit per entry")
	case t.Expires.IsZero():
		return reason.Refuse(reason.StatusTokenClaimMissing, "an mdoc's status list states when it expires")
	}
	return nil
}

// tokensFor picks the newest usable tokens that may speak for the credential.
func (c *check) tokensFor(path *path, p presented, ref statuslist.Reference) ([]*StatusToken, error) {
	slot := c.view.Status(ref.URI)
	want := statuslist.JWT
	if p.format() == dcql.FormatMdoc {
		want = statuslist.CWT
	}
	var newest []*StatusToken
	problem := rankNone
	for _, t := range slot.Tokens {
		switch {
		case !c.maySpeakFor(t, path, ref):
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
	switch {
	case len(newest) > 0:
		return newest, nil
	case slot.Refused != "":
		return nil, reason.Refuse(slot.Refused, "the newest copy of the status list was refused")
	case problem == rankTokenExpired:
		return nil, reason.Refuse(reason.StatusTokenExpired, "the newest copy of the status list has expired")
	case problem == rankForm:
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "the status list is held only in the other format's form")
	case problem == rankUntrusted:
		return nil, reason.Refuse(reason.StatusSignerUntrusted, "the status list was signed neither by the issuer nor by its revocation service")
	default:
		return nil, reason.Refuse(reason.StatusUnavailable, "no copy of the credential's status list is held")
	}
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
func (c *check) maySpeakFor(t *StatusToken, path *path, ref statuslist.Reference) bool {
	if c.now.Before(t.Leaf.NotBefore) || c.now.After(t.Leaf.NotAfter) {
		return false
	}
	if len(ref.Certificate) > 0 && c.named(t, ref.Certificate) {
		return true
	}
	own := path.trusted
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
	if bytes.Equal(t.Leaf.RawSubjectPublicKeyInfo, path.leaf.RawSubjectPublicKeyInfo) {
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
			if tr, ok := c.lookup(r); ok && tr.UsableAt(c.now) {
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
