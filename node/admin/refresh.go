package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
)

// What a look at a list comes to is the same at both listeners.
type (
	Refresher  = api.Refresher
	Refreshed  = api.Refreshed
	FetchError = api.FetchError
)

// ErrUnknown says that a URL or a list is not followed by the node.
var ErrUnknown = api.ErrUnknown

// The outcomes of a refresh, and of a publication.
const (
	Admitted  = api.Admitted
	Unchanged = api.Unchanged
)

// refresh answers POST /v1/refresh {"url": "…"} when the attempt is over.
func (h *handler) refresh(w http.ResponseWriter, r *http.Request) {
	url, p := refreshURL(w, r)
	if p != nil {
		api.WriteProblem(w, r, p)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), refreshTimeout)
	defer cancel()
	done, err := h.o.Refresher.Refresh(ctx, url)
	if err != nil {
		api.WriteProblem(w, r, h.problemOf(err, "refresh", "this node does not follow that URL; /v1/lists and status.prefetch name those it does"))
		return
	}
	answer(w, done)
}

func refreshURL(w http.ResponseWriter, r *http.Request) (string, *api.Problem) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return "", api.NewProblem(api.UnsupportedMediaType, "send application/json")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	var body struct {
		URL string `json:"url"`
	}
	err := dec.Decode(&body)
	if err == nil {
		_, err = dec.Token()
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("something follows")
		}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return "", api.NewProblem(api.TooLarge, "the body is too large")
	case err != nil || body.URL == "":
		p := api.NewProblem(api.MalformedRequest, `send {"url": "…"} with the URL of a list as it is configured`)
		p.Member = "/url"
		return "", p
	}
	return body.URL, nil
}
