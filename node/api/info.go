package api

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
)

// ListInfo is one configured trust list, as /v1/lists shows it.
type ListInfo struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"` // lote or anchors
	URL        string    `json:"url"`
	State      string    `json:"state"` // fresh, stale, expired, absent, quarantined or held
	Sequence   uint64    `json:"sequence,omitempty"`
	SHA256     string    `json:"sha256,omitempty"` // of the signed bytes as received, hex
	Issued     time.Time `json:"issued,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	LookedAt   time.Time `json:"looked_at,omitzero"`
	AgeSeconds int64     `json:"age_seconds"` // since looked_at; 0 when there was no look
	CameFrom   string    `json:"came_from,omitempty"`
	Anchors    int       `json:"anchors"`
	// Refused are the latest versions that were refused, newest last.
	Refused []RefusedInfo `json:"refused"`
}

// RefusedInfo is one version of a list that was refused.
type RefusedInfo struct {
	At     time.Time `json:"at"`
	Door   string    `json:"door"`
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
}

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

func (h *handler) info(x *exchange) {
	i := h.o.Engine.Info()
	a := infoAnswer{
		Node: h.o.NodeName, Version: h.o.Version, Test: h.o.Test,
		Started: utc(i.Started), Seeded: i.Seeded,
		Features: append(slices.Clone(features), i.Features...),
		Formats:  []string{dcql.FormatSDJWT, dcql.FormatMdoc},
		Policies: slices.Sorted(maps.Keys(h.o.Policies)),
		Limits:   infoLimits{h.o.Limits.Body, h.o.Limits.Batch},
	}
	slices.Sort(a.Features)
	for _, f := range verify.Flows() {
		a.Flows = append(a.Flows, string(f))
	}
	x.answer(http.StatusOK, a)
}

func (h *handler) lists(x *exchange) {
	lists := slices.Clone(h.o.Engine.Lists())
	for i := range lists {
		l := &lists[i]
		l.Issued, l.NextUpdate, l.LookedAt = utc(l.Issued), utc(l.NextUpdate), utc(l.LookedAt)
		l.Refused = slices.Clone(l.Refused)
		for j := range l.Refused {
			l.Refused[j].At = utc(l.Refused[j].At)
		}
	}
	x.answer(http.StatusOK, struct {
		Lists []ListInfo `json:"lists"`
	}{lists})
}
