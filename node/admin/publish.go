package admin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
)

// Publisher takes in a list that an operator hands over.
type Publisher interface {
	// Publish judges the bytes as those of any origin; which list they are, they
	// say themselves. The error is a *reason.Refusal when they were refused,
	// artefact_unknown among them for a list that is not followed, or a failure of
	// the node.
	Publish(ctx context.Context, b []byte) (Refreshed, error)
}

// publish answers POST /v1/publish when the bytes have been judged. Their media
// type does not matter. Only so many are held at once as maxPublish says, because
// each may be as large as a list can be.
func (h *handler) publish(w http.ResponseWriter, r *http.Request) {
	select {
	case h.publishing <- struct{}{}:
		defer func() { <-h.publishing }()
	default:
		api.WriteProblem(w, r, api.NewProblem(api.Overloaded, "other lists are being published; try again").WithRetryAfter(1))
		return
	}
	b, p := publishBody(w, r)
	if p != nil {
		api.WriteProblem(w, r, p)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), refreshTimeout)
	defer cancel()
	done, err := h.o.Publisher.Publish(ctx, b)
	if err != nil {
		api.WriteProblem(w, r, h.problemOf(err, "publish", "this node does not follow that list"))
		return
	}
	answer(w, done)
}

func publishBody(w http.ResponseWriter, r *http.Request) ([]byte, *api.Problem) {
	tooLarge := api.NewProblem(api.TooLarge, "a list may have 16 MiB")
	if r.ContentLength > maxList {
		return nil, tooLarge
	}
	rc := http.NewResponseController(w)
	// Not supported only in tests without a connection.
	_ = rc.SetReadDeadline(time.Now().Add(publishTimeout))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxList))
	_ = rc.SetReadDeadline(time.Time{})
	var tooLong *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &tooLong):
		return nil, tooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, api.NewProblem(api.BodyTimeout, "the list has to arrive within "+publishTimeout.String())
	case err != nil:
		return nil, api.NewProblem(api.MalformedRequest, "the body ended before it was complete")
	case len(b) == 0:
		return nil, api.NewProblem(api.MalformedRequest, "send the bytes of a list, as its publisher signed them")
	}
	return b, nil
}
