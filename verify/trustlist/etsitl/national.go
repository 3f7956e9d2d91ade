package etsitl

import (
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// NationalOptions says which national list is expected, and what it is read for.
type NationalOptions struct {
	// Pointer is what the verified LOTL says of the list: who may sign it, its
	// territory and its operator.
	Pointer trustlist.Pointer
	// Services says which types of services yield anchors, and of which kind; nil:
	// DefaultServices.
	Services map[string]trustlist.Kind
	// Types are what anchors of kind eaa may issue; without any they serve nothing.
	Types []string
	// AllowVersion5: version 5 of the format also when issued since it ended.
	AllowVersion5 bool
}

// DefaultServices are the services for attestations of attributes, qualified and
// not (trust lists 2.2).
func DefaultServices() map[string]trustlist.Kind {
	return map[string]trustlist.Kind{serviceQEAA: trustlist.KindQEAA, serviceEAA: trustlist.KindEAA}
}

// VerifyNational checks the signature with the signers that the LOTL names, then the
// content against the profile of national lists, and returns the anchors it yields,
// those of services in bad standing included. The refusals are those of VerifyLOTL,
// but for the ones about locations, notices and pointers.
func (u *Unverified) VerifyNational(o NationalOptions) (trustlist.Verified, error) {
	signed, err := u.doc.Verify(o.Pointer.Signers)
	if err != nil {
		return trustlist.Verified{}, refusal(err)
	}
	r := newReader("tl", signed)
	return r.seal(r.national(o))
}

func (r *reader) national(o NationalOptions) error {
	if o.Services == nil {
		o.Services = DefaultServices()
	}
	t := &taker{reader: r, o: o, kinds: make(map[string]trustlist.Kind), seen: make(map[scopeKey]bool)}
	for uri, kind := range o.Services {
		t.kinds[normal(uri)] = kind
	}
	err := walk(r.signed.Reader(), parts{
		scheme: func(x *xmldsig.Reader) error {
			s, err := readScheme(x, false)
			if err != nil {
				return err
			}
			return r.nationalScheme(s, o)
		},
		providers: t.providers,
	})
	if err != nil {
		return err
	}
	return r.mostParse()
}

func (r *reader) nationalScheme(s *scheme, o NationalOptions) error {
	if o.Pointer.Type != "" && !Same(o.Pointer.Type, typeNational) {
		return reason.Refuse(reason.TrustListWrongType, "the pointer is not to a national list")
	}
	if err := r.identify(s, typeNational, approachNational, trustlist.Territory(o.Pointer.Territory)); err != nil {
		return err
	}
	if err := r.version(o.AllowVersion5); err != nil {
		return err
	}
	// Step 6 wants the names equal. Those of Belgium differ since its ministry got a
	// longer one, in lists that are good: the signer and the territory are what binds
	// a list to its pointer.
	if !slices.ContainsFunc(s.operators, func(n name) bool { return isOneOf(n.text, o.Pointer.Operators) }) {
		r.warn("no name of the scheme operator is one that the list of lists gives")
	}
	return r.window()
}

func isOneOf(operator string, operators []string) bool {
	return slices.ContainsFunc(operators, func(o string) bool { return strings.EqualFold(o, operator) })
}
