package lote

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/edgetrust/edgetrust/verify/internal/sealed"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Verify checks the list against the signers pinned for it and the profile, in
// the order of the specification's validate steps 4 to 8, 10 and 11, and returns
// the anchors it yields. Steps 8 (issued in the future, expired) and 9 (sequence)
// also need a clock and a history: they are the cache's.
func (u *Unverified) Verify(pinned []*x509.Certificate, o Options) (trustlist.Verified, error) {
	signer, signedAt, err := u.checkSigner(pinned) // steps 4 and 5
	if err != nil {
		return trustlist.Verified{}, err
	}
	return u.read(pinned, signer, signedAt, o, (*reader).list)
}

// read decodes what the signature of one of pinned was found good for. signedAt is
// zero where the header does not say.
func (u *Unverified) read(pinned []*x509.Certificate, signer *x509.Certificate, signedAt time.Time, o Options, content func(*reader, *list) error) (trustlist.Verified, error) {
	body, err := decodeList(u.jws.Payload, o)
	if err != nil {
		return trustlist.Verified{}, err
	}
	r := &reader{o: o, pinned: pinned, signer: signer, seen: make(map[seen]bool), out: &trustlist.List{
		Format:   "lote",
		Payload:  sha256.Sum256(u.jws.Payload),
		Signer:   signer,
		SignedAt: signedAt,
	}}
	if err := content(r, body); err != nil {
		return trustlist.Verified{}, err
	}
	return trustlist.Seal(sealed.Key{}, r.out), nil
}

// list reads the list in force.
func (r *reader) list(body *list) error {
	return r.steps(body,
		r.times,           // form of the times; the signer's validity where only they can say
		r.aliases,         // official URIs for accepted ones
		r.kind,            // step 6
		r.journal,         // the Official Journal, where one is configured
		r.operator,        // step 7
		r.window,          // step 8, as far as it needs no clock
		r.members,         // step 10: the scheme's presence table and extensions
		r.pointers,        // step 10: self pointer
		r.selfNamesSigner, // step 10
		r.entities,        // steps 10 and 11
		r.mostParse,       // step 11
	)
}

func (r *reader) steps(body *list, steps ...func(*list) error) error {
	for _, step := range steps {
		if err := step(body); err != nil {
			return err
		}
	}
	return nil
}

// reader carries a list through the steps.
type reader struct {
	o      Options
	p      *profile            // after kind
	pinned []*x509.Certificate // who may sign the list, the signer among them
	signer *x509.Certificate
	self   bool // a pointer to the list itself was found
	out    *trustlist.List

	seen                     map[seen]bool
	certificates, unparsable int
}

// warn records a departure once, however often it occurs. The texts are constant,
// so that a list cannot make them many.
func (r *reader) warn(text string) {
	if !slices.Contains(r.out.Warnings, text) {
		r.out.Warnings = append(r.out.Warnings, text)
	}
}

// lacks is for a member the profile requires and the list does not have.
func (r *reader) lacks(member string) error {
	if r.o.AllowMissingMembers {
		r.warn(member + " is missing, which the profile requires")
		return nil
	}
	return violation("%s is missing, which the profile requires", member)
}

// decodeList decodes the payload as far as the entities.
func decodeList(payload []byte, o Options) (*list, error) {
	body := &list{}
	var err error
	if o.AllowNoOuterMember && bare(payload) {
		err = decode(payload, body, "the list")
	} else {
		doc := document{LoTE: body}
		err = decode(payload, &doc, "the list")
	}
	if err != nil {
		return nil, otherVersion(payload, err)
	}
	return body, checkForm(body)
}

// bare says whether the payload is the list without {"LoTE": …} around it.
func bare(payload []byte) bool {
	var doc struct {
		Scheme any `json:"ListAndSchemeInformation"`
	}
	return !deeper(payload, MaxDepth) && json.Unmarshal(payload, &doc) == nil && doc.Scheme != nil
}

// otherVersion replaces err where the reason the list does not fit the schema is
// that it is made by another one.
func otherVersion(payload []byte, err error) error {
	var doc struct {
		LoTE struct {
			Scheme struct {
				Version *int64 `json:"LoTEVersionIdentifier"`
			} `json:"ListAndSchemeInformation"`
		}
	}
	if deeper(payload, MaxDepth) || json.Unmarshal(payload, &doc) != nil {
		return err
	}
	if v := doc.LoTE.Scheme.Version; v != nil && *v != 1 {
		return reason.Refuse(reason.TrustListVersionUnsupported, "LoTEVersionIdentifier is not 1")
	}
	return err
}

// checkForm is what the schema says and Go types cannot.
func checkForm(body *list) error {
	s := body.Scheme
	if s.Territory != nil && len(*s.Territory) != 2 {
		return malformed("SchemeTerritory is not two characters")
	}
	if *s.Sequence < 1 {
		return malformed("LoTESequenceNumber is below 1")
	}
	for _, p := range s.Policy {
		one := (p.Policy == nil) != (p.Notice == nil)
		alike := (p.Policy == nil) == (s.Policy[0].Policy == nil)
		if !one || !alike {
			return malformed("PolicyOrLegalNotice mixes policies and legal notices, or has neither")
		}
	}
	return nil
}

// times reads the times of the list and, where the JWS header names no signing
// time, holds the signer's validity against the time of issue.
func (r *reader) times(body *list) error {
	for _, t := range []struct {
		name string
		text *string
		out  *time.Time
	}{
		{"ListIssueDateTime", body.Scheme.Issued, &r.out.Issued},
		{"NextUpdate", body.Scheme.NextUpdate, &r.out.NextUpdate},
	} {
		at, exact, ok := parseTime(*t.text)
		if !ok {
			return malformed("%s is not a UTC time", t.name)
		}
		if !exact {
			r.warn("times are not of the form YYYY-MM-DDThh:mm:ssZ")
		}
		*t.out = at
	}
	if r.out.SignedAt.IsZero() {
		r.out.SignedAt = r.out.Issued
		r.warn("the JWS header names no signing time; the time of issue stands for it")
		return validAt(r.signer, r.out.Issued)
	}
	return nil
}

// window: NextUpdate lies after the issue, and at most six months after it.
func (r *reader) window(*list) error {
	issued, next := r.out.Issued, r.out.NextUpdate
	switch {
	case next.Before(issued), next.Equal(issued) && !r.o.AllowNextUpdateAtIssue:
		return reason.Refuse(reason.TrustListExpired, "NextUpdate does not lie after ListIssueDateTime, so the list was never valid")
	case next.After(addMonths(issued, MaxMonths)):
		return reason.Refuse(reason.TrustListValidityTooLong, "NextUpdate lies more than %d months after ListIssueDateTime", MaxMonths)
	}
	return nil
}
