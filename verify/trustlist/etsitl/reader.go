package etsitl

import (
	"crypto/sha256"
	"slices"
	"strconv"

	"github.com/edgetrust/edgetrust/verify/internal/sealed"
	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// territoryEU is the territory of the LOTL.
const territoryEU = "EU"

// reader carries a verified list through its checks.
type reader struct {
	signed   *xmldsig.Signed
	out      *trustlist.List
	historic bool // keys of the past count

	parsed                   map[[sha256.Size]byte]parsed
	certificates, unparsable int
}

func newReader(format string, signed *xmldsig.Signed) *reader {
	return &reader{
		signed: signed,
		parsed: make(map[[sha256.Size]byte]parsed),
		out: &trustlist.List{
			Format:   format,
			Payload:  sha256.Sum256(signed.Content),
			Signer:   signed.Signer,
			SignedAt: signed.SigningTime.UTC(),
		},
	}
}

// seal ends the reading.
func (r *reader) seal(err error) (trustlist.Verified, error) {
	if err != nil {
		return trustlist.Verified{}, err
	}
	return trustlist.Seal(sealed.Key{}, r.out), nil
}

// warn records a departure once, however often it occurs. The texts are constant,
// so that a list cannot make them many.
func (r *reader) warn(text string) {
	if !slices.Contains(r.out.Warnings, text) {
		r.out.Warnings = append(r.out.Warnings, text)
	}
}

// identify reads what a list is, and holds it against what it should be: steps 4
// and 6 of the specification (trust lists 2).
func (r *reader) identify(s *scheme, typ, approach, territory string) error {
	if err := s.complete(); err != nil {
		return err
	}
	v := s.values
	version, err := strconv.Atoi(v["TSLVersionIdentifier"])
	if err != nil {
		return malformed("TSLVersionIdentifier is not a number")
	}
	sequence, err := strconv.ParseUint(v["TSLSequenceNumber"], 10, 63)
	if err != nil || sequence < 1 {
		return malformed("TSLSequenceNumber is not a number from 1 on")
	}
	if !Same(v["TSLType"], typ) {
		return reason.Refuse(reason.TrustListWrongType, "TSLType is not that of the list that is wanted here")
	}
	if trustlist.Territory(v["SchemeTerritory"]) != territory {
		return reason.Refuse(reason.TrustListWrongTerritory, "SchemeTerritory is not that of the list that is wanted here")
	}
	if !Same(v["StatusDeterminationApproach"], approach) {
		r.warn("StatusDeterminationApproach is not that of EU lists")
	}
	if s.critical {
		return reason.Refuse(reason.TrustListCriticalExtensionUnknown, "an extension of the scheme is critical and not understood")
	}
	r.out.Type, r.out.Territory, r.out.Operator = v["TSLType"], v["SchemeTerritory"], english(s.operators)
	r.out.Version, r.out.Sequence = version, sequence
	return r.times(s)
}
