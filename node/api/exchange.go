package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// exchange is one request on its way to one answer. Nothing is written before the
// whole answer is known, so a failure can still become a problem; an event stream,
// which is never known as a whole, is the exception.
type exchange struct {
	h      *handler
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	id     string
	part   string // what the path says where it varies; "" if it does not
	client string // whom the rate counts
	own    bool   // the caller set his own, shorter deadline
	seen   Observation
	wrote  bool
}

// ServeHTTP takes every request through the same gates: panic guard, early data,
// token, rate, path, method, deadline.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	x := &exchange{h: h, w: w, r: r, ctx: r.Context(), id: requestID(r), seen: Observation{Endpoint: "other", Protocol: r.Proto}}
	defer func() {
		if v := recover(); v != nil {
			x.panicked()
			if x.wrote {
				panic(http.ErrAbortHandler) // the answer is broken: so is the stream
			}
			x.problem(NewProblem(InternalError, "the node failed at this request; it has been logged"))
		}
		x.seen.Duration = time.Since(begin)
		h.o.Observe(x.seen)
	}()
	w.Header().Set("X-Request-ID", x.id)
	if p := x.admit(); p != nil {
		x.problem(p)
		return
	}
	route, part, ok := h.route(r.URL.Path)
	if !ok {
		x.problem(NewProblem(NotFound, "see /openapi.json for what is served"))
		return
	}
	x.seen.Endpoint, x.part = route.endpoint, part
	serve, p := route.method(r.Method)
	if p != nil {
		x.problem(p)
		return
	}
	if !route.stream {
		cancel, p := x.deadline()
		if p != nil {
			x.problem(p)
			return
		}
		defer cancel()
	}
	serve(x)
}

// answer encodes and sends.
func (x *exchange) answer(status int, v any) {
	f := accepted(x.r)
	body, err := f.encode(v)
	if err != nil {
		// The error could quote what was encoded.
		x.h.o.Logger.Error("answer not encoded", "request_id", x.id, "endpoint", x.seen.Endpoint, "media", f.media)
		x.problem(NewProblem(InternalError, "the answer could not be encoded"))
		return
	}
	x.seen.Status = status
	x.wrote = true
	write(x.w, x.r, status, f.media, body)
}

func (x *exchange) problem(p *Problem) {
	x.seen.Status, x.seen.Problem = p.Status, p.Code
	x.wrote = true
	WriteProblem(x.w, x.r, p)
	x.h.o.Logger.Debug("request refused", "request_id", x.id, "endpoint", x.seen.Endpoint, "status", p.Status, "code", p.Code)
}

// panicked logs where it happened, and neither the value nor the request: either
// could hold what was presented.
func (x *exchange) panicked() {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var where []string
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			where = append(where, f.Function+":"+strconv.Itoa(f.Line))
		}
		if !more || len(where) == 8 {
			break
		}
	}
	x.h.o.Logger.Error("panic in a handler", "request_id", x.id, "endpoint", x.seen.Endpoint, "where", where)
}

// requestID takes the caller's id if it is harmless, and makes one otherwise.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-ID"); harmless(id) {
		return id
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// harmless says whether an id is of letters, digits, - and _ only.
func harmless(id string) bool {
	return len(id) <= maxRequestID && plain(id) && !strings.Contains(id, ".")
}
