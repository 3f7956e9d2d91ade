package api

import (
	"net/http"
	"strings"
)

// route is one path. A document (GET) has no body; an action (POST) has one.
type route struct {
	endpoint string // the name in metrics
	get      func(*exchange)
	post     func(*exchange)
	stream   bool // answers for as long as the client listens: no deadline
}

// pattern is a path with one part that varies.
type pattern struct {
	before, after string
	route         route
}

// route finds the route of a path, and the part of it that varies.
func (h *handler) route(path string) (rt route, part string, ok bool) {
	if rt, ok = h.routes[path]; ok {
		return rt, "", true
	}
	for _, p := range h.patterns {
		rest, fits := strings.CutPrefix(path, p.before)
		part, ok = strings.CutSuffix(rest, p.after)
		if fits && ok && part != "" {
			return p.route, part, true
		}
	}
	return route{}, "", false
}

// method finds what serves a method.
func (rt route) method(m string) (func(*exchange), *Problem) {
	allow := "POST"
	if rt.get != nil {
		allow = "GET, HEAD"
	}
	switch {
	case rt.get != nil && (m == http.MethodGet || m == http.MethodHead):
		return rt.get, nil
	case rt.post != nil && m == http.MethodPost:
		return rt.post, nil
	}
	p := NewProblem(MethodNotAllowed, "use "+allow)
	p.allow = allow
	return nil, p
}
