package etsitl

import (
	"crypto/x509"
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// LOTLOptions says which list of trusted lists is expected.
type LOTLOptions struct {
	// Location is where it is published, which its pointer to itself has to name;
	// "": not compared.
	Location string
	// OJ is the notice of the Official Journal in which its first signers were
	// published. The list names it.
	OJ string
	// AllowVersion5: version 5 of the format also when issued since it ended.
	AllowVersion5 bool
}

// VerifyLOTL checks the signature with the signers given, those of the Official
// Journal or of the newest pivot, and the content against the profile of the LOTL.
// The list it returns names the national lists in Pointers and its own next signers
// in SelfSigners, and has no anchors.
//
// The refusals are trustlist_xml_wrapping, for what the signature covers and how,
// _alg_forbidden, _signer_unknown, _signature_invalid and _signer_expired; then _malformed, _too_large, _version_unsupported,
// _profile_violation, _wrong_type, _wrong_territory, _critical_extension_unknown,
// _oj_mismatch, _pivot_broken, _location_conflict and _pointer_invalid; and
// trustlist_expired or _validity_too_long for a NextUpdate that no clock is needed to
// refuse.
func (u *Unverified) VerifyLOTL(signers []*x509.Certificate, o LOTLOptions) (trustlist.Verified, error) {
	signed, err := u.doc.Verify(signers)
	if err != nil {
		return trustlist.Verified{}, refusal(err)
	}
	r := newReader("lotl", signed)
	return r.seal(r.lotl(o))
}

// VerifyPivot is VerifyLOTL for a release of the past, which introduces the signers
// of a later one: it may have expired, be of version 5 and be signed by a key of 1024
// bits. Of what it says, SelfSigners counts.
//
// A signer that is none of signers is trustlist_pivot_broken: the next older release
// did not name it.
func (u *Unverified) VerifyPivot(signers []*x509.Certificate, oj string) (trustlist.Verified, error) {
	signed, err := u.doc.UnsafeVerifyHistoric(signers)
	switch {
	case errors.Is(err, xmldsig.ErrSigner):
		return trustlist.Verified{}, reason.Refuse(reason.TrustListPivotBroken, "the pivot's signer is none of the %d who could sign it", len(signers))
	case err != nil:
		return trustlist.Verified{}, refusal(err)
	}
	r := newReader("lotl", signed)
	r.historic = true
	return r.seal(r.pivot(oj))
}

func (r *reader) lotl(o LOTLOptions) error {
	self, err := r.lotlScheme(o.OJ)
	if err != nil {
		return err
	}
	if err := r.version(o.AllowVersion5); err != nil {
		return err
	}
	if o.Location != "" && !Same(self.Location, o.Location) {
		return reason.Refuse(reason.TrustListLocationConflict, "the pointer to the list itself names another location than the one configured")
	}
	return r.window()
}

func (r *reader) pivot(oj string) error {
	if _, err := r.lotlScheme(oj); err != nil {
		return err
	}
	return r.version(true)
}

// lotlScheme is what a LOTL of any time says, and returns its pointer to itself.
func (r *reader) lotlScheme(oj string) (self *trustlist.Pointer, err error) {
	var s *scheme
	err = walk(r.signed.Reader(), parts{
		scheme: func(x *xmldsig.Reader) (err error) {
			if s, err = readScheme(x, true); err != nil {
				return err
			}
			return r.identify(s, typeLOTL, approachLOTL, territoryEU)
		},
		providers: func(*xmldsig.Reader) error {
			return reason.Refuse(reason.TrustListProfileViolation, "a list of lists has trust service providers")
		},
	})
	if err != nil {
		return nil, err
	}
	if _, err := pivots(s.informationURIs, oj); err != nil {
		return nil, err
	}
	if self, err = r.pointers(s); err != nil {
		return nil, err
	}
	r.out.SelfSigners = self.Signers
	return self, r.mostParse()
}
