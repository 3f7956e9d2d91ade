package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
)

// Bounds of the report on members.
const (
	maxMembers     = 4096
	maxMemberLists = 100_000         // of all members together
	membersTimeout = 5 * time.Second // for all members to say what they hold
)

// Membership knows the members of the cluster.
type Membership interface {
	// Members describes them, this node first. With lists it asks each of them what it
	// holds, and says of one that does not answer before ctx ends why not. The handler
	// bounds the answer. False: no cluster is configured.
	Members(ctx context.Context, lists bool) (MembersReport, bool)
}

// MembersReport is the cluster as one node sees it.
type MembersReport struct {
	Node     string            `json:"node"`
	Mode     string            `json:"mode"`    // member or leaf
	Settled  bool              `json:"settled"` // it knows who the others are, and does its share of the looks
	Members  []Member          `json:"members"` // of a leaf: itself and its hubs
	Counters map[string]uint64 `json:"counters"`
	LeftOut  int               `json:"left_out,omitempty"` // members and lists beyond those that an answer holds; set by the handler
}

// The states of a Member.
const (
	MemberAlive = "alive"
	MemberDead  = "dead"
	MemberLeft  = "left"
	MemberUnmet = "unmet" // alive, and its certificate was not seen yet
)

// Member is one node of a cluster.
type Member struct {
	Name    string `json:"name"`
	Addr    string `json:"addr,omitempty"` // host:port of its membership; of a hub: of its transfer
	Zone    string `json:"zone,omitempty"`
	State   string `json:"state"`
	Trusted bool   `json:"trusted"`       // its certificate was seen, and is good
	Why     string `json:"why,omitempty"` // for a person: why it is not trusted, or not alive

	CertificateNotAfter time.Time `json:"certificate_not_after,omitzero"`
	AvoidedUntil        time.Time `json:"avoided_until,omitzero"` // it delivered what was not good

	Heads *int         `json:"heads,omitempty"` // how many versions it holds, as far as was asked; nil: it was not
	Lists []MemberList `json:"lists,omitempty"` // what it holds of lists that this node can name; nil: it was not asked
	Error string       `json:"error,omitempty"` // why it did not say what it holds
}

// MemberList is one version of a list that a member holds. Of a list there can be two
// with one sequence number, when both count.
type MemberList struct {
	Name     string `json:"name"` // of a trust list: as in /v1/lists; of others: the address
	Type     string `json:"type"` // lote, lotl, tl, vical, crl, status_list or identifier_list
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"` // of the signed bytes, hex
}

// members answers GET /v1/members, and with ?lists=true what each of them holds.
func (h *handler) members(w http.ResponseWriter, r *http.Request) {
	lists := false
	if v := r.URL.Query().Get("lists"); v != "" {
		var err error
		if lists, err = strconv.ParseBool(v); err != nil {
			api.WriteProblem(w, r, api.NewProblem(api.MalformedRequest, "lists is true or false"))
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), membersTimeout)
	defer cancel()
	var report MembersReport
	known := false
	if h.o.Membership != nil {
		report, known = h.o.Membership.Members(ctx, lists)
	}
	if !known {
		api.WriteProblem(w, r, api.NewProblem(api.NotFound, "this node is in no cluster; gossip in its configuration makes it a member of one, or a leaf"))
		return
	}
	answer(w, report.sayable())
}

// sayable returns a copy with nothing in it that JSON could not say, and every text
// and table within its bound: members have their names and addresses from themselves.
func (m MembersReport) sayable() MembersReport {
	members := min(len(m.Members), maxMembers)
	m.LeftOut = len(m.Members) - members
	m.Members = append([]Member{}, m.Members[:members]...)
	room := maxMemberLists
	for i := range m.Members {
		o := &m.Members[i]
		o.Name, o.Addr, o.Zone, o.Why, o.Error = shown(o.Name), shown(o.Addr), shown(o.Zone), shown(o.Why), shown(o.Error)
		o.CertificateNotAfter, o.AvoidedUntil = utc(o.CertificateNotAfter), utc(o.AvoidedUntil)
		lists := min(len(o.Lists), room)
		m.LeftOut += len(o.Lists) - lists
		room -= lists
		o.Lists = append([]MemberList(nil), o.Lists[:lists]...)
		for j := range o.Lists {
			o.Lists[j].Name = shown(o.Lists[j].Name)
		}
	}
	if m.Counters == nil {
		m.Counters = map[string]uint64{}
	}
	return m
}
