package verify

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// agreedSet is what may sign under the policy: credentials and their bindings
// alike (ECCG Agreed Cryptographic Mechanisms; ARF OIA_03).
func (p Policy) agreedSet() sigalg.Set {
	if len(p.Algorithms) == 0 {
		return sigalg.Credentials
	}
	return slices.DeleteFunc(slices.Clone(sigalg.Credentials), func(a sigalg.Alg) bool {
		return !slices.Contains(p.Algorithms, string(a))
	})
}

// underAgreed runs a check of a signature with the algorithms agreed. One that
// only the policy excludes is alg_not_agreed, not a fault of the signature.
func (p Policy) underAgreed(check func(sigalg.Set) error) error {
	err := check(p.agreedSet())
	code := reason.CodeOf(err)
	if len(p.Algorithms) > 0 && (code == reason.JWTAlgNotAllowed || code == reason.AlgUnsupported) &&
		reason.CodeOf(check(sigalg.Credentials)) != code {
		return reason.Refuse(reason.AlgNotAgreed, "a signature by an algorithm the policy does not agree to")
	}
	return err
}
