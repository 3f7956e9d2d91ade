package sdjwt

import "github.com/edgetrust/edgetrust/verify/reason"

// neverDisclosable are the claims that must be in the open, with all their
// sub-members: SD-JWT VC section 2.2.2.2, and RFC 9901 section 9.7 for aud, whose
// single entries may be concealed.
func neverDisclosable(name string) bool {
	switch name {
	case "iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "aud":
		return true
	}
	return false
}

// place says what may be concealed in a value.
type place int

const (
	top      place = iota // the payload itself
	open                  // anything
	guarded               // nothing: a claim that must be in the open
	audience              // the array aud: its entries, but nothing within one
)

// below is the place of the member name of an object at pl.
func (pl place) below(name string, value any) place {
	switch {
	case pl != top:
		return pl
	case !neverDisclosable(name):
		return open
	case name == "aud":
		if _, ok := value.([]any); ok {
			return audience
		}
	}
	return guarded
}

func errGuarded() error {
	return reason.Refuse(reason.ClaimMustNotBeDisclosable, "a part of a claim that must be in the open is concealed")
}
