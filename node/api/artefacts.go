package api

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// artefactTimeout is how long a client may take to receive an artefact: the
// largest lists have some twenty megabytes, and some links are bad.
const artefactTimeout = 2 * time.Minute

// Artefact is the signed bytes of a list as they were received.
type Artefact struct {
	Kind  string // lotl, tl, pivot, lote or vical
	Bytes []byte // not to be changed
}

// mediaType is what the standards call the format.
func (a Artefact) mediaType() string {
	switch a.Kind {
	case "lotl", "tl", "pivot":
		return "application/vnd.etsi.tsl+xml" // TS 119 612 (trust lists 2.4)
	case "lote":
		return "application/jose" // TS 119 602, compact JWS (RFC 7515 section 9.2)
	case "vical":
		return "application/cose" // RFC 9052 section 11.3.1
	default:
		return "application/octet-stream"
	}
}

// artefact answers GET /v1/artefacts/{sha256}: the bytes under their digest, which
// can never change, so whoever has them need not ask again. Conditional requests
// and ranges are net/http's work.
func (h *handler) artefact(x *exchange) {
	digest, ok := digestOf(x.part)
	if !ok {
		x.problem(NewProblem(MalformedRequest, "an artefact is named by its SHA-256 in 64 digits of lower-case hex"))
		return
	}
	a, ok := h.o.Holdings.Artefact(digest)
	if !ok {
		x.problem(NewProblem(NotFound, "no signed list with that digest is held; GET /v1/lists names those that are"))
		return
	}
	header := x.w.Header()
	header.Set("Content-Type", a.mediaType())
	header.Set("ETag", `"`+x.part+`"`)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	secure(header)
	// Not supported only in tests without a connection.
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(artefactTimeout))
	http.ServeContent(&contentWriter{ResponseWriter: x.w, x: x}, x.r, "", time.Time{}, bytes.NewReader(a.Bytes))
}

// digestOf reads the one way of writing a digest.
func digestOf(s string) (digest [32]byte, ok bool) {
	if len(s) != hex.EncodedLen(len(digest)) || s != strings.ToLower(s) {
		return digest, false
	}
	_, err := hex.Decode(digest[:], []byte(s))
	return digest, err == nil
}

// contentWriter notes what http.ServeContent answers, and says in our form what it
// says in plain text.
type contentWriter struct {
	http.ResponseWriter
	x       *exchange
	refused bool
}

func (w *contentWriter) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		w.refused = true
		// Of the bytes, not of the problem.
		for _, name := range []string{"Age", "Cache-Status", "Vary"} {
			w.Header().Del(name)
		}
		w.x.problem(NewProblem(RangeNotSatisfiable, "there are no such bytes; Content-Range says how many there are"))
		return
	}
	w.x.seen.Status = status
	w.x.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *contentWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
