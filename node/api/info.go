package api

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
)

// Info is what the engine knows of the node. The handler adds what it knows
// itself.
type Info struct {
	Started  time.Time // zero: not said
	Seeded   bool
	Features []string // beside those of this package
}

// infoAnswer is the body of /v1/info.
type infoAnswer struct {
	Node     string     `json:"node"`
	Version  string     `json:"version"`
	Test     bool       `json:"test,omitempty"`
	Started  time.Time  `json:"started,omitzero"`
	Seeded   bool       `json:"seeded"`
	Features []string   `json:"features"`
	Flows    []string   `json:"flows"`
	Formats  []string   `json:"formats"`
	Policies []string   `json:"policies"`
	Limits   infoLimits `json:"limits"`
}

type infoLimits struct {
	Body  int64 `json:"body"`
	Batch int   `json:"batch"`
}

// features are what this package offers, whatever the node.
var features = []string{"batch", "cbor", "dcql", "expect", "transaction_data"}

// offered adds what the node's parts make possible.
func (h *handler) offered(of Info) []string {
	all := append(slices.Clone(features), of.Features...)
	if h.o.Holdings != nil {
		all = append(all, "anchors", "artefacts", "status_lists")
	}
	if h.o.Refresh.Refresher != nil {
		all = append(all, "refresh")
	}
	if h.o.Feed != nil {
		all = append(all, "events")
	}
	slices.Sort(all)
	return all
}

func (h *handler) info(x *exchange) {
	i := h.o.Engine.Info()
	a := infoAnswer{
		Node: h.o.NodeName, Version: h.o.Version, Test: h.o.Test,
		Started: utc(i.Started), Seeded: i.Seeded,
		Features: h.offered(i),
		Formats:  []string{dcql.FormatSDJWT, dcql.FormatMdoc},
		Policies: slices.Sorted(maps.Keys(h.o.Policies)),
		Limits:   infoLimits{h.o.Limits.Body, h.o.Limits.Batch},
	}
	for _, f := range verify.Flows() {
		a.Flows = append(a.Flows, string(f))
	}
	x.answer(http.StatusOK, a)
}
