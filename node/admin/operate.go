package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/edgetrust/edgetrust/node/api"
)

// ErrNothingToDo says that nothing of a list waits for an operator.
var ErrNothingToDo = errors.New("nothing to do")

// Operator decides what a node must not decide alone. The errors are ErrUnknown
// for a list that is not followed, ErrNothingToDo, a *reason.Refusal when the
// version that waited was refused after all, or a failure of the node.
type Operator interface {
	// Accept confirms a sudden removal, or takes a version out of quarantine.
	Accept(ctx context.Context, list string) (Operated, error)
	// Reset forgets what a list was, so that it can begin again.
	Reset(ctx context.Context, list string) (Operated, error)
}

// Operated is what an operator's act came to.
type Operated struct {
	List   string `json:"list"`
	Done   string `json:"done"`   // accept or reset
	Detail string `json:"detail"` // for a person: what has changed
}

// listAct finds the act that a path names, /v1/lists/{name}/accept or /reset.
func (h *handler) listAct(path string) (route, bool) {
	rest, ok := strings.CutPrefix(path, "/v1/lists/")
	if !ok || h.o.Operator == nil {
		return route{}, false
	}
	// The name is decoded already, and the act is whatever follows the last slash.
	i := strings.LastIndexByte(rest, '/')
	if i <= 0 {
		return route{}, false
	}
	switch name, act := rest[:i], rest[i+1:]; act {
	case "accept":
		return route{post: h.operate(name, act, h.o.Operator.Accept)}, true
	case "reset":
		return route{post: h.operate(name, act, h.o.Operator.Reset)}, true
	default:
		return route{}, false
	}
}

// operate answers when the act is done. A body is not read.
func (h *handler) operate(list, act string, do func(context.Context, string) (Operated, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), refreshTimeout)
		defer cancel()
		done, err := do(ctx, list)
		if err != nil {
			api.WriteProblem(w, r, h.problemOf(err, act, "no list of that name is followed; GET /v1/lists of the public listener names those that are"))
			return
		}
		answer(w, done)
	}
}
