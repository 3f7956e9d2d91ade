// Package cachetest is a publisher of lists that misbehaves on request: the
// counterpart of package origin in tests and demonstrations. It listens on the
// loopback interface, with or without TLS, or answers without any socket as an
// http.RoundTripper.
package cachetest

import (
	"net/http"
	"sync"
	"time"
)

// Request is what came in.
type Request struct {
	At     time.Time
	From   string // the address that asked; "" within the process
	Host   string // that was asked for
	Path   string
	Header http.Header
	Status int // of the answer; 0: there was none
}

// Origin is a publisher. It may be used concurrently. The zero value serves
// nothing.
type Origin struct {
	mu        sync.Mutex
	paths     map[string]*path
	requests  []Request
	most      int
	srv       *http.Server
	authority []byte
}

// path is what a path serves and served.
type path struct {
	doc      *Document // nil: none, which is a 404
	asked    int
	inFlight int
	sent     int64
}

// at returns what is known of a path. The caller holds mu.
func (o *Origin) at(name string) *path {
	if o.paths == nil {
		o.paths = make(map[string]*path)
	}
	p, ok := o.paths[name]
	if !ok {
		p = new(path)
		o.paths[name] = p
	}
	return p
}

// Set has a path serve a document from now on.
func (o *Origin) Set(path string, d Document) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at(path).doc = &d
}

// SetAll has several paths serve one document.
func (o *Origin) SetAll(d Document, paths ...string) {
	for _, path := range paths {
		o.Set(path, d)
	}
}

// Chain has each location redirect to the next. All but the last are paths of this
// origin; the last may be a URL of anybody's.
func (o *Origin) Chain(locations ...string) {
	for i, next := range locations[1:] {
		o.Set(locations[i], Document{Fault: Redirect, Location: next})
	}
}

// Change alters what a path serves.
func (o *Origin) Change(path string, change func(*Document)) {
	o.mu.Lock()
	var d Document
	if held := o.at(path).doc; held != nil {
		d = *held
	}
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

// Sent is how many bytes of bodies went out from a path.
func (o *Origin) Sent(path string) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at(path).sent
}

// count returns a function that notes bytes that went out from a path.
func (o *Origin) count(path string) func(int) {
	return func(n int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.at(path).sent += int64(n)
	}
}

// begin notes a request and returns what to serve, with a function to call at its
// end.
func (o *Origin) begin(r *http.Request) (d Document, end func(status int)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p, n := o.at(r.URL.Path), len(o.requests)
	o.requests = append(o.requests, Request{At: time.Now(), From: r.RemoteAddr, Host: r.Host, Path: r.URL.Path, Header: r.Header.Clone()})
	p.asked++
	p.inFlight++
	o.most = max(o.most, p.inFlight)
	d = Document{Status: http.StatusNotFound}
	if p.doc != nil {
		d = *p.doc
	}
	if d.Fault == Flap && p.asked%2 == 1 {
		d.Status = http.StatusInternalServerError
	}
	return d, func(status int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		p.inFlight--
		o.requests[n].Status = status
	}
}
