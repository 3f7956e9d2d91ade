package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/identity"
)

// Source is where bodies are.
type Source interface {
	// Body returns the signed bytes with a digest, as they were received. If they are
	// about to come it waits for them, until ctx ends. They are not changed.
	Body(ctx context.Context, d artefact.Digest) (b []byte, ok bool)
}

// Exchange answers a message of a peer, by its name, before ctx ends. An empty answer
// says that there is nothing to say; an error, unless it is of ctx, that the message was
// not one.
type Exchange func(ctx context.Context, from string, message []byte) ([]byte, error)

// NewHandler serves bodies, and messages unless x is nil. Who may ask is the TLS
// configuration's to say: it has to demand a certificate of the cluster.
func NewHandler(s Source, x Exchange) http.Handler {
	h := &handler{
		source: s, exchange: x,
		bodies:    newPlaces(MaxServing, maxServingOfOne),
		exchanges: newPlaces(MaxExchanges, maxExchangesOfOne),
		messages:  semaphore.NewWeighted(maxMessages),
		deltas:    newDeltas(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{digest}", h.body)
	if x != nil {
		mux.HandleFunc("POST "+ExchangePath, h.message)
	}
	return mux
}

type handler struct {
	source   Source
	exchange Exchange

	bodies, exchanges *places
	messages          *semaphore.Weighted // bytes
	deltas            *deltas
}

// nameOf is who asks. A connection may be older than the asker's certificate may be.
func nameOf(r *http.Request) (name string, ok bool) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "", false
	}
	cert := r.TLS.PeerCertificates[0]
	name = identity.NameOf(cert)
	return name, name != "" && !time.Now().After(cert.NotAfter)
}

func refuse(w http.ResponseWriter) {
	http.Error(w, "the certificate of this connection names no node, or has expired: connect again with a node certificate that is valid", http.StatusForbidden)
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "busy", http.StatusServiceUnavailable)
}

func (h *handler) body(w http.ResponseWriter, r *http.Request) {
	from, ok := nameOf(r)
	if !ok {
		refuse(w)
		return
	}
	body, ok := digestOf(r.PathValue("digest"))
	if !ok {
		http.Error(w, "a body is named by its SHA-256 in 64 digits of lower-case hex", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), Patience)
	defer cancel()
	b, ok := h.source.Body(ctx, body)
	if size := r.URL.Query().Get(SizeParam); !ok || size != "" && size != strconv.Itoa(len(b)) {
		http.Error(w, "not held", http.StatusNotFound)
		return
	}
	leave, ok := h.bodies.take(from)
	if !ok {
		busy(w)
		return
	}
	defer leave()
	// Not supported only in tests without a connection.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fetchTimeout))
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("ETag", `"`+r.PathValue("digest")+`"`)
	header.Set("Vary", "Accept-Encoding, Available-Dictionary")
	if small, ok := h.compressed(r, from, body, b); ok {
		header.Set("Content-Encoding", encoding)
		header.Set("Content-Length", strconv.Itoa(len(small)))
		_, _ = w.Write(small)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// compressed is the body against the predecessor that the asker holds, if this node
// holds that, too. It may be any body: of which list one is is not known here.
func (h *handler) compressed(r *http.Request, from string, body artefact.Digest, b []byte) ([]byte, bool) {
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
	return h.deltas.get(from, pairOf{body, d}, b, before)
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
