// Package admin is the private listener: health and readiness, metrics, profiles,
// the members of the cluster, the status lists that a node keeps, and what an operator
// can make a node do: look at a list now, take in one that he hands over, and decide
// about a change that waits for him.
//
// Most callers call New and serve the handler with Server. Health and readiness
// are open to everybody who reaches the listener. Everything else needs the token
// off loopback; whatever changes something needs it everywhere. Host and Origin
// are checked, so that a web page in an operator's browser reaches nothing here.
package admin

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
)

// Bounds of the private listener.
const (
	maxBody        = 64 << 10
	maxList        = 16 << 20 // bytes of a list that is published
	maxPublish     = 2        // lists being published at once
	bodyTimeout    = 10 * time.Second
	publishTimeout = 60 * time.Second // for the bytes of a list to arrive
	refreshTimeout = 60 * time.Second
	headerTimeout  = 5 * time.Second
	idleTimeout    = 90 * time.Second
	maxHeader      = 16 << 10
)

// Options of the handler.
type Options struct {
	// Readiness says whether the node can serve; nil: it always can.
	Readiness func() Readiness
	Metrics   http.Handler // nil: no /metrics
	Refresher Refresher    // nil: no POST /v1/refresh
	Publisher Publisher    // nil: no POST /v1/publish
	Operator  Operator     // nil: no POST /v1/lists/{name}/accept and /reset
	// StatusKeeper tells of the status lists; nil: no GET /v1/status-lists.
	StatusKeeper StatusKeeper
	// Membership tells of the cluster; nil: the node is in none.
	Membership Membership

	// Tokens returns the SHA-256 digests of the tokens; nil: none is configured.
	Tokens func() [][sha256.Size]byte
	// Loopback says that the listener can only be reached from this machine, so
	// that documents need no token.
	Loopback bool
	// Hosts are the names, beside localhost and addresses, by which the listener
	// may be called: the node's name and the host's.
	Hosts []string

	Logger *slog.Logger // nil: discards
}

// Readiness is the state of the node for whoever sends it traffic.
type Readiness struct {
	// NotReady says why the node cannot serve; empty: it can.
	NotReady []string
	// Degraded says what is wrong that does not keep it from serving.
	Degraded []string
}

// New returns the handler of the private listener.
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Readiness == nil {
		o.Readiness = func() Readiness { return Readiness{} }
	}
	h := &handler{o: o, routes: make(map[string]route), publishing: make(chan struct{}, maxPublish)}
	h.routes["/healthz"] = route{get: h.health, open: true}
	h.routes["/readyz"] = route{get: h.ready, open: true}
	h.routes["/v1/members"] = route{get: h.members}
	if o.Metrics != nil {
		h.routes["/metrics"] = route{get: o.Metrics.ServeHTTP}
	}
	if o.Refresher != nil {
		h.routes["/v1/refresh"] = route{post: h.refresh}
	}
	if o.StatusKeeper != nil {
		h.routes["/v1/status-lists"] = route{get: h.statusLists}
	}
	if o.Publisher != nil {
		h.routes["/v1/publish"] = route{post: h.publish}
	}
	return h
}

// Server returns the HTTP server for the handler, with bounds on headers and idle
// time. Writing has none, because a profile takes as long as was asked.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       3 * bodyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

type handler struct {
	o          Options
	routes     map[string]route
	publishing chan struct{} // one for each list being published
}

type route struct {
	get, post http.HandlerFunc
	open      bool // without token and whatever the Host
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, found := h.route(r.URL.Path)
	if p := h.admit(r, rt.open); p != nil {
		api.WriteProblem(w, r, p)
		return
	}
	if !found {
		api.WriteProblem(w, r, api.NewProblem(api.NotFound, "served here: /healthz, /readyz, /metrics, /v1/members, /v1/status-lists, /debug/pprof/; POST: /v1/refresh, /v1/publish, /v1/lists/{name}/accept, /v1/lists/{name}/reset"))
		return
	}
	allow := "GET, HEAD"
	if rt.post != nil {
		allow = "POST"
	}
	switch {
	case rt.get != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		rt.get(w, r)
	case rt.post != nil && r.Method == http.MethodPost:
		rt.post(w, r)
	default:
		w.Header().Set("Allow", allow)
		api.WriteProblem(w, r, api.NewProblem(api.MethodNotAllowed, "use "+allow))
	}
}

func (h *handler) route(path string) (route, bool) {
	if rt, ok := h.routes[path]; ok {
		return rt, true
	}
	if rt, ok := h.listAct(path); ok {
		return rt, true
	}
	profile, ok := strings.CutPrefix(path, "/debug/pprof/")
	if !ok {
		return route{}, false
	}
	switch profile {
	case "":
		return route{get: pprof.Index}, true
	case "cmdline":
		return route{get: pprof.Cmdline}, true
	case "profile":
		return route{get: pprof.Profile}, true
	case "symbol":
		return route{get: pprof.Symbol}, true
	case "trace":
		return route{get: pprof.Trace}, true
	default:
		return route{get: pprof.Handler(profile).ServeHTTP}, true
	}
}
