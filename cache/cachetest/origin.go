// Package cachetest is a publisher of lists that misbehaves on request: the
// counterpart of package origin in tests and demonstrations. It listens on the
// loopback interface, or answers without any socket as an http.RoundTripper.
package cachetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Fault is how an answer goes wrong.
type Fault string

// The faults. An error status may also be asked for by number: see Document.
const (
	None     Fault = ""
	Hang     Fault = "hang"     // no answer at all
	Endless  Fault = "endless"  // a body without end
	Trickle  Fault = "trickle"  // a body of one byte per second
	Cut      Fault = "cut"      // the connection ends within the body
	Loop     Fault = "loop"     // a redirect to itself
	Redirect Fault = "redirect" // to Document.Location
	Refuse   Fault = "refuse"   // the connection is refused
)

// Document is what a path serves.
type Document struct {
	Body        []byte
	ContentType string // "": application/octet-stream
	NoETag      bool   // without a validator, so that it is never a 304
	Modified    time.Time
	Status      int // 0: 200
	Fault       Fault
	Location    string        // of Redirect
	Delay       time.Duration // before the answer
}

// Request is what came in.
type Request struct {
	At     time.Time
	Path   string
	Header http.Header
	Status int // of the answer; 0: there was none
}

// Origin is a publisher. It may be used concurrently. The zero value serves
// nothing.
type Origin struct {
	mu       sync.Mutex
	docs     map[string]Document
	requests []Request
	inFlight map[string]int
	most     int

	srv  *http.Server
	addr string
}

// Set has a path serve a document from now on.
func (o *Origin) Set(path string, d Document) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.docs == nil {
		o.docs = make(map[string]Document)
	}
	o.docs[path] = d
}

// Change alters what a path serves.
func (o *Origin) Change(path string, change func(*Document)) {
	o.mu.Lock()
	d := o.docs[path]
	o.mu.Unlock()
	change(&d)
	o.Set(path, d)
}

// Requests returns what came in for a path so far; for all paths if it is "".
func (o *Origin) Requests(path string) (list []Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.requests {
		if path == "" || r.Path == path {
			list = append(list, r)
		}
	}
	return list
}

// MostAtOnce is the largest number of requests that one path had at a time.
func (o *Origin) MostAtOnce() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.most
}

// Listen opens a port of the loopback interface and returns the URL it serves
// under.
func (o *Origin) Listen() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	o.addr = l.Addr().String()
	o.srv = &http.Server{Handler: o}
	go o.srv.Serve(l) // ends with Close
	return "http://" + o.addr, nil
}

// Close ends the listener and all connections.
func (o *Origin) Close() error {
	if o.srv == nil {
		return nil
	}
	return o.srv.Close()
}

// begin notes a request and returns what to serve, with a function to call at its
// end.
func (o *Origin) begin(r *http.Request) (d Document, known bool, end func(status int)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	path := r.URL.Path
	d, known = o.docs[path]
	at := len(o.requests)
	o.requests = append(o.requests, Request{At: time.Now(), Path: path, Header: r.Header.Clone()})
	if o.inFlight == nil {
		o.inFlight = make(map[string]int)
	}
	o.inFlight[path]++
	o.most = max(o.most, o.inFlight[path])
	return d, known, func(status int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.inFlight[path]--
		o.requests[at].Status = status
	}
}

// answer is what a document comes to for one request.
func (d Document) answer(r *http.Request, known bool) (status int, h http.Header, body []byte) {
	h = make(http.Header)
	if !known {
		return http.StatusNotFound, h, nil
	}
	switch d.Fault {
	case Loop:
		h.Set("Location", r.URL.Path)
		return http.StatusFound, h, nil
	case Redirect:
		h.Set("Location", d.Location)
		return http.StatusFound, h, nil
	}
	if d.Status != 0 && d.Status != http.StatusOK {
		return d.Status, h, d.Body
	}
	h.Set("Content-Type", "application/octet-stream")
	if d.ContentType != "" {
		h.Set("Content-Type", d.ContentType)
	}
	if !d.Modified.IsZero() {
		h.Set("Last-Modified", d.Modified.UTC().Format(http.TimeFormat))
	}
	if !d.NoETag {
		h.Set("ETag", d.ETag())
	}
	if d.matches(r.Header) {
		return http.StatusNotModified, h, nil
	}
	return http.StatusOK, h, d.Body
}

// ETag is the validator of the body.
func (d Document) ETag() string {
	sum := sha256.Sum256(d.Body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// matches is the rule of RFC 9110 section 13.2.2: If-Modified-Since counts only
// where there is no If-None-Match.
func (d Document) matches(h http.Header) bool {
	if tag := h.Get("If-None-Match"); tag != "" {
		return !d.NoETag && tag == d.ETag()
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !d.Modified.IsZero() && !d.Modified.After(since)
}

// ServeHTTP implements http.Handler.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d, known, end := o.begin(r)
	status := 0
	defer func() { end(status) }()
	if wait(r.Context(), d.Delay) != nil {
		return
	}
	switch d.Fault {
	case Hang:
		<-r.Context().Done()
		return
	case Refuse:
		panic(http.ErrAbortHandler)
	}
	var h http.Header
	var body []byte
	status, h, body = d.answer(r, known)
	for name, values := range h {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	if status != http.StatusOK {
		_, _ = w.Write(body)
		return
	}
	flush := http.NewResponseController(w)
	_, err := io.Copy(flushed{w, flush}, d.reader(r.Context(), body))
	if err != nil {
		panic(http.ErrAbortHandler) // the way to cut a connection
	}
}

type flushed struct {
	io.Writer
	c *http.ResponseController
}

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.Writer.Write(b)
	_ = f.c.Flush()
	return n, err
}

// RoundTrip implements http.RoundTripper: the origin without a socket, for tests
// in which time is not real.
func (o *Origin) RoundTrip(r *http.Request) (*http.Response, error) {
	d, known, end := o.begin(r)
	if err := wait(r.Context(), d.Delay); err != nil {
		end(0)
		return nil, err
	}
	switch d.Fault {
	case Hang:
		<-r.Context().Done()
		end(0)
		return nil, r.Context().Err()
	case Refuse:
		end(0)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	status, h, body := d.answer(r, known)
	end(status)
	resp := &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: r, ContentLength: -1, Body: http.NoBody,
	}
	if status != http.StatusNotModified {
		resp.Body = io.NopCloser(d.reader(r.Context(), body))
	}
	return resp, nil
}

// reader is the body with the fault that concerns it.
func (d Document) reader(ctx context.Context, body []byte) io.Reader {
	return &faulty{ctx: ctx, fault: d.Fault, rest: body}
}

type faulty struct {
	ctx   context.Context
	fault Fault
	rest  []byte
}

var errCut = errors.New("the connection was cut")

func (f *faulty) Read(b []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	switch f.fault {
	case Endless:
		for i := range b {
			b[i] = 'a'
		}
		return len(b), nil
	case Trickle:
		if err := wait(f.ctx, time.Second); err != nil {
			return 0, err
		}
		b = b[:min(len(b), 1)]
	case Cut:
		half := len(f.rest) / 2
		if half == 0 {
			return 0, errCut
		}
		b = b[:min(len(b), half)]
	}
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
