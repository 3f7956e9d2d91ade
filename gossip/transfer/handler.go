package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Source is where bodies are.
type Source interface {
	// Body returns the signed bytes with a digest, as they were received. If they are
	// about to come it waits for them, until ctx ends. They are not changed.
	Body(ctx context.Context, d artefact.Digest) (b []byte, ok bool)
}

// NewHandler serves bodies. Who may ask is the TLS configuration's to say: it has to
// demand a certificate of the cluster.
func NewHandler(s Source) http.Handler {
	h := &handler{source: s, places: make(chan struct{}, MaxServing)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{digest}", h.body)
	return mux
}

type handler struct {
	source Source
	places chan struct{} // holds one value for each body that is sent
}

func (h *handler) body(w http.ResponseWriter, r *http.Request) {
	d, ok := digestOf(r.PathValue("digest"))
	if !ok {
		http.Error(w, "a body is named by its SHA-256 in 64 digits of lower-case hex", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), Patience)
	defer cancel()
	b, ok := h.source.Body(ctx, d)
	if !ok {
		http.Error(w, "not held", http.StatusNotFound)
		return
	}
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	// Not supported only in tests without a connection.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fetchTimeout))
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("ETag", `"`+r.PathValue("digest")+`"`)
	header.Set("Vary", "Accept-Encoding, Available-Dictionary")
	if small, ok := h.compressed(r, b); ok {
		header.Set("Content-Encoding", encoding)
		header.Set("Content-Length", strconv.Itoa(len(small)))
		_, _ = w.Write(small)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// compressed is the body against the predecessor that the asker holds, if this node
// holds that, too.
func (h *handler) compressed(r *http.Request, b []byte) ([]byte, bool) {
	d, ok := parseAvailable(r.Header.Get("Available-Dictionary"))
	if !ok || r.Header.Get("Range") != "" || !accepts(r.Header.Get("Accept-Encoding")) {
		return nil, false
	}
	gone, cancel := context.WithCancel(r.Context())
	cancel() // what is not here now is not waited for
	before, ok := h.source.Body(gone, d)
	if !ok {
		return nil, false
	}
	return compress(b, before)
}

func accepts(field string) bool {
	for part := range strings.SplitSeq(field, ",") {
		if name, _, _ := strings.Cut(part, ";"); strings.TrimSpace(name) == encoding {
			return true
		}
	}
	return false
}

// digestOf reads the one way of writing a digest.
func digestOf(s string) (d artefact.Digest, ok bool) {
	if len(s) != hex.EncodedLen(len(d)) || s != strings.ToLower(s) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err == nil
}
