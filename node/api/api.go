// Package api is the public HTTP interface: POST /v1/verify and /v1/verify/batch,
// the lists a node rests on with their anchors and their signed bytes, the stream
// of what happens to them, the registry of codes, a look at a list on demand of its
// issuer, and the contract itself as OpenAPI 3.1. Requests and answers are JSON or CBOR with the same member names
// and the same meaning.
//
// Most callers call New with an Engine and serve the handler it returns. The
// package stands on net/http alone: it knows neither QUIC nor the cache, and it
// works the same over HTTP/1.1, HTTP/2 and HTTP/3. Every body, wait, queue and
// table has a bound. A bad presentation is an answer (200), a bad request is a
// problem (RFC 9457), and neither quotes what was presented.
package api

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

// Bounds that no configuration changes.
const (
	maxDepth         = 32  // nesting of a body
	maxTransaction   = 64  // transaction_data entries
	maxPresentations = 256 // presentations of one request
	maxExpect        = 64  // entries of expect, as dcql.MaxCredentials
	maxTypes         = 64  // types of one entry of expect
	maxPaths         = 256 // claims of one entry of expect
	maxClients       = 16384
	maxRequestID     = 64
	maxName          = 64 // bytes of a member name that a problem repeats
)

// Engine answers what the handlers ask.
type Engine interface {
	// Verify evaluates one request. It returns nil only when ctx ended first.
	Verify(ctx context.Context, req *verify.Request) *verify.Result
	// Lists describes every configured list, by name.
	Lists() []ListInfo
	Info() Info
}

// Holdings shows what the verdicts rest on.
type Holdings interface {
	// Anchors describes the anchors of one list by its name (a national list:
	// eu-lotl:DE), in the list's order. The handler bounds the answer. False: no
	// such list is followed.
	Anchors(name string) (ListAnchors, bool)
	// Artefact returns the signed bytes of a list or pivot in force by their
	// SHA-256. False: not held, as unsigned bundles and status lists never are.
	Artefact(sha256 [sha256.Size]byte) (Artefact, bool)
	// StatusToken returns the token that is held of the status or identifier list at
	// an address, in the first of the media types that it is held in; media nil: in
	// any. False: not held, in none of these, or not to be given: a small list of
	// which the node knows from a credential alone could be one person's, and that it
	// is held would say that he was here. It fetches nothing, remembers nothing, and
	// neither logs nor counts by the address.
	StatusToken(uri string, media []string) (StatusToken, bool)
}

// Limits bound what a caller may send. Zero fields take the defaults.
type Limits struct {
	Body  int64 // bytes of a body; default 1 MiB
	Batch int   // items of a batch; default 100
	// BodyMemory bounds the bytes of all bodies being held at once; default 64
	// bodies of full size, and at least 16 MiB.
	BodyMemory int64
}

// Auth says who may ask. The zero Auth is open to everybody; the caller decides
// whether that is right for the address the handler is served at.
type Auth struct {
	// Tokens returns the SHA-256 digests of the bearer tokens that are accepted.
	// It is called for each request, so that a file can be read again. Nil: no
	// token is asked for.
	Tokens func() [][sha256.Size]byte
}

// Rate limits each client, who is his token or, without one, his address.
type Rate struct {
	PerSecond float64 // 0: no limit
	Burst     int     // 0: one second's worth
}

// Options of the handler.
type Options struct {
	Engine   Engine   // needed
	Holdings Holdings // nil: neither anchors nor artefacts nor status lists are served
	// Feed is followed by the event streams; nil: there are none. Close it before
	// the server is shut down, which waits for them otherwise.
	Feed *Feed

	// Policies by name. "default" is added when it is missing.
	Policies map[string]verify.Policy
	Limits   Limits
	Auth     Auth
	Rate     Rate
	Refresh  Refresh

	NodeName string // "node" of every answer
	Version  string // "version" of every answer
	Test     bool   // answers say "test": true, because the anchors are a demonstration's

	// InFlight is how many requests are evaluated at once; 0: twice the cores.
	// Queue is how many more may wait for their turn; 0: 64 for each in flight.
	InFlight int
	Queue    int
	QueueFor time.Duration // longest wait for a turn; 0: 1 s

	BodyTimeout time.Duration // longest time a body may take to arrive; 0: 10 s
	MaxDeadline time.Duration // longest time a request may take, whatever it asks for; 0: 15 s

	Logger  *slog.Logger      // nil: discards
	Observe func(Observation) // called once a request is answered; nil: nobody is told
}

func (o Options) withDefaults() Options {
	setDefault(&o.Limits.Body, 1<<20)
	setDefault(&o.Limits.Batch, 100)
	setDefault(&o.Limits.BodyMemory, max(64*o.Limits.Body, 16<<20))
	setDefault(&o.InFlight, 2*runtime.GOMAXPROCS(0))
	setDefault(&o.Queue, 64*o.InFlight)
	setDefault(&o.QueueFor, time.Second)
	setDefault(&o.BodyTimeout, 10*time.Second)
	setDefault(&o.MaxDeadline, 15*time.Second)
	setDefault(&o.Rate.Burst, max(1, int(math.Ceil(o.Rate.PerSecond))))
	setDefault(&o.Refresh.Rate.Burst, max(1, int(math.Ceil(o.Refresh.Rate.PerSecond))))
	policies := map[string]verify.Policy{defaultPolicy: verify.DefaultPolicy()}
	for name, p := range o.Policies {
		p.Name = name
		policies[name] = p
	}
	o.Policies = policies
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// defaultPolicy is the policy of a request that names none.
const defaultPolicy = "default"

// handler is the state behind New.
type handler struct {
	o        Options
	routes   map[string]route
	patterns []pattern
	gate     *gate
	memory   *memory
	rates    *rates        // nil: no limit
	streams  chan struct{} // one for each event stream that is open

	refreshRates *rates        // nil: no limit
	refreshing   chan struct{} // one for each look that is waited for
}

// New returns the handler of the public listener.
func New(o Options) http.Handler {
	o = o.withDefaults()
	h := &handler{
		o: o, gate: newGate(o.InFlight, o.Queue, o.QueueFor), memory: &memory{limit: o.Limits.BodyMemory},
		streams: make(chan struct{}, maxStreams), refreshing: make(chan struct{}, maxRefreshing),
	}
	if o.Rate.PerSecond > 0 {
		h.rates = newRates(o.Rate)
	}
	if o.Refresh.Rate.PerSecond > 0 {
		h.refreshRates = newRates(o.Refresh.Rate)
	}
	h.routes = map[string]route{
		"/v1/verify":       {endpoint: "verify", post: h.verify},
		"/v1/verify/batch": {endpoint: "verify_batch", post: h.batch},
		"/v1/lists":        {endpoint: "lists", get: h.lists},
		"/v1/info":         {endpoint: "info", get: h.info},
		"/v1/codes":        {endpoint: "codes", get: codesDocument().serve},
		"/openapi.json":    {endpoint: "openapi", get: openapiDocument().serve},
	}
	if o.Holdings != nil {
		h.routes["/v1/status-lists"] = route{endpoint: "status_lists", get: h.statusToken}
		h.patterns = []pattern{
			{"/v1/lists/", "/anchors", route{endpoint: "anchors", get: h.anchors}},
			{"/v1/artefacts/", "", route{endpoint: "artefacts", get: h.artefact}},
		}
	}
	if o.Refresh.Refresher != nil {
		h.routes[refreshPath] = route{endpoint: "refresh", post: h.refresh}
	}
	if o.Feed != nil {
		h.routes["/v1/events"] = route{endpoint: "events", get: h.eventStream, stream: true}
	}
	return h
}
