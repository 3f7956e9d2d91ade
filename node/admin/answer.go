package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// answer sends what an act came to.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(v)
}

// problemOf says why an act was not done. unknown is the detail for a URL or a
// list that the node does not follow.
func (h *handler) problemOf(err error, act, unknown string) *api.Problem {
	var fetch *FetchError
	refusal, refused := reason.Of(err)
	switch {
	case errors.Is(err, ErrUnknown):
		return api.NewProblem(api.NotFound, unknown)
	case errors.Is(err, ErrNothingToDo):
		return api.NewProblem(api.NothingToDo, "nothing of this list waits for an operator; its state in /v1/lists says when something does")
	case refused:
		return api.NewProblem(api.Refused, refusal.Detail).WithReason(string(refusal.Code))
	case errors.As(err, &fetch):
		return api.NewProblem(api.OriginFailed, fetch.Error())
	default:
		h.o.Logger.Error(act+" failed", "err", err)
		return api.NewProblem(api.InternalError, "the node failed at this "+act+"; see its log")
	}
}
