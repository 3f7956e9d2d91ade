package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// refreshPath is where a look at a list is asked for. It has tokens of its own.
const refreshPath = "/v1/refresh"

// maxRefreshing is how many looks are waited for at once; who comes then is told to
// come again.
const maxRefreshing = 16

// ErrUnknown says that a URL or a list is not followed by the node.
var ErrUnknown = errors.New("not followed")

// FetchError says that the origin failed, as opposed to its bytes being refused.
type FetchError struct{ Err error }

func (e *FetchError) Error() string { return "failed to fetch: " + e.Err.Error() }
func (e *FetchError) Unwrap() error { return e.Err }

// The outcomes of a refresh, and of a publication.
const (
	Admitted  = "admitted"  // a new version
	Unchanged = "unchanged" // the version that was held
)

// Refreshed is what a refresh or a publication came to.
type Refreshed struct {
	List     string `json:"list"`
	Outcome  string `json:"outcome"` // admitted or unchanged
	Sequence uint64 `json:"sequence"`
}

// Refresher looks at a list now.
type Refresher interface {
	// Refresh returns when the attempt is over. The error is ErrUnknown for a URL
	// that is not followed, a *FetchError when the origin failed, a
	// *reason.Refusal when the bytes were refused, or a failure of the node.
	//
	// For callers of the public listener a small status list of which the node knows
	// from a credential alone is not followed either: that it is would say that its one
	// person was here. See Holdings.StatusToken.
	Refresh(ctx context.Context, url string) (Refreshed, error)
}

// Refresh lets status issuers ask for a look at a list that they have just signed.
type Refresh struct {
	Refresher Refresher // nil: nobody can
	// Tokens returns the SHA-256 digests of the tokens that may ask; those of Auth may
	// not. Nil: nobody may.
	Tokens func() [][sha256.Size]byte
	Rate   Rate // of each token
}

// admitRefresh decides whether a look may be asked for. Whoever does not have a token
// of its own for that is counted as any other client is.
func (x *exchange) admitRefresh() *Problem {
	token, presented := bearer(x.r)
	digest := sha256.Sum256([]byte(token))
	known := presented && x.h.o.Refresh.Tokens != nil && among(digest, x.h.o.Refresh.Tokens())
	rates := x.h.rates
	x.client = address(x.r)
	if known {
		rates, x.client = x.h.refreshRates, "token "+string(digest[:])
	}
	if rates != nil {
		if p := rates.take(x.client, 1); p != nil {
			return p
		}
	}
	if !known {
		return Challenge(presented)
	}
	return nil
}

// refresh answers POST /v1/refresh when the attempt is over.
func (h *handler) refresh(x *exchange) {
	url, p := x.refreshURL()
	if p != nil {
		x.problem(p)
		return
	}
	select {
	case h.refreshing <- struct{}{}:
		defer func() { <-h.refreshing }()
	default:
		x.problem(overloaded("too many looks are under way"))
		return
	}
	done, err := h.o.Refresh.Refresher.Refresh(x.ctx, url)
	switch {
	case err == nil:
		x.answer(http.StatusOK, done)
	case x.ctx.Err() != nil:
		x.problem(late())
	default:
		x.problem(h.refreshProblem(x, err))
	}
}

// refreshProblem says why a look brought nothing, and nothing of where the node looked
// or why it could not: the origin may be the operator's own.
func (h *handler) refreshProblem(x *exchange, err error) *Problem {
	var fetch *FetchError
	refusal, refused := reason.Of(err)
	switch {
	case errors.Is(err, ErrUnknown):
		return NewProblem(NotFound, "this node does not follow that URL; send it exactly as credentials or lists name it")
	case refused:
		return NewProblem(Refused, shown(refusal.Detail)).WithReason(string(refusal.Code))
	case errors.As(err, &fetch):
		return NewProblem(OriginFailed, "the list could not be fetched; see that it can be had at that URL, or ask this node's operator, whose log says more")
	default:
		h.o.Logger.Error("refresh failed", "request_id", x.id, "err", err)
		return NewProblem(InternalError, "the node failed at this refresh; it has been logged")
	}
}

func (x *exchange) refreshURL() (string, *Problem) {
	body, from, release, p := x.body()
	if p != nil {
		return "", p
	}
	defer release()
	tree, p := decodeTree(body, from)
	if p != nil {
		return "", p
	}
	url, r := "", &reader{}
	r.object(tree, "", func(name string, v any, at string) {
		if name != "url" {
			r.unknown(at)
			return
		}
		url = r.text(v, at)
	})
	if url == "" {
		r.need("/url", "the URL of a list")
	}
	return url, r.problem
}
