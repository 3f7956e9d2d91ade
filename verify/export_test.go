package verify

import (
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// OnlyForTestFault sends a credential through the steps whose reader breaks with an
// error that is no refusal.
func OnlyForTestFault(v *Verifier, view TrustView, req *Request, now time.Time) *Result {
	c := &check{Verifier: v, view: view, req: req, now: now, res: &Result{}}
	f := &finding{}
	c.credential(f, wanted{expect: &Expect{Kind: trustlist.KindPID}}, fault{})
	c.add(f)
	c.settle()
	return c.res
}

// fault is a credential that cannot be read, for a reason of our own.
type fault struct{ presented }

func (fault) format() string           { return dcql.FormatSDJWT }
func (fault) unverifiedType() string   { return TypePID }
func (fault) chainText() []string      { return nil }
func (fault) chain() ([][]byte, error) { return nil, errors.New("out of paper") }
