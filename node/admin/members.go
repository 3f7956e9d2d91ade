package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
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
	// Members describes them, this node first. It asks each of them for holdings, if any
	// are wanted, and says of one that does not answer before ctx ends why not. The
	// handler bounds the answer. False: no cluster is configured.
	Members(ctx context.Context, of Holdings) (MembersReport, bool)
}

// Holdings say of which lists members are asked for what they hold; the zero value: of
// none.
type Holdings struct {
	All  bool
	Name string // of the lists that go by it alone; of others than trust lists: an address
}

// MembersReport is the cluster as one node sees it.
type MembersReport struct {
	Node     string            `json:"node"`
	Mode     string            `json:"mode"`               // member or leaf
	Settled  bool              `json:"settled"`            // it knows who the others are, and does its share of the looks
	Degraded []string          `json:"degraded,omitempty"` // what ails its place in the cluster, as /readyz says it
	Members  []Member          `json:"members"`            // of a leaf: itself and its hubs
	Counters map[string]uint64 `json:"counters"`
	// GossipKeys are fingerprints of the gossip keys in use, the one that encrypts first:
	// the first 16 hex digits of the SHA-256 of a key's bytes.
	GossipKeys []string `json:"gossip_keys,omitempty"`
	LeftOut    int      `json:"left_out,omitempty"` // members beyond those that an answer holds; set by the handler
}

// The states of a Member.
const (
	MemberAlive  = "alive"
	MemberDead   = "dead"
	MemberLeft   = "left"
	MemberUnmet  = "unmet"  // alive, and its certificate was not seen yet
	MemberSilent = "silent" // a hub that does not answer this leaf
)

// Member is one node of a cluster.
type Member struct {
	Name    string `json:"name"`
	Addr    string `json:"addr,omitempty"` // host:port of its membership; of a hub: of its transfer
	Zone    string `json:"zone,omitempty"`
	State   string `json:"state"`
	Trusted bool   `json:"trusted"`       // its certificate was seen, and is good
	Why     string `json:"why,omitempty"` // for a person: why it is not trusted or not alive, or what else ails it

	Since time.Time `json:"since,omitzero"` // since when it is dead, left or silent

	CertificateNotAfter time.Time `json:"certificate_not_after,omitzero"`
	AvoidedUntil        time.Time `json:"avoided_until,omitzero"` // it delivered what was not good

	Heads *int         `json:"heads,omitempty"` // how many versions it holds, of the lists it was asked for; nil: it was not
	Lists []MemberList `json:"lists,omitempty"` // which ones, trust lists first; nil: it was not asked
	// LeftOut is how many more it holds than an answer has room for, so that one which is
	// not in Lists may be held all the same. Set by the handler.
	LeftOut int    `json:"left_out,omitempty"`
	Error   string `json:"error,omitempty"` // why it did not say what it holds
}

// MemberList is one version of a list that a member holds. Of a list there can be two
// with one sequence number, when both count.
type MemberList struct {
	Name     string `json:"name"` // of a trust list: as in /v1/lists; of others: the address
	Type     string `json:"type"` // lote, lotl, tl, vical, crl, status_list or identifier_list
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"`            // of the signed bytes, hex
	Soaking  bool   `json:"soaking,omitempty"` // in force there, and not announced to others yet: trust.soak
}

// members answers GET /v1/members, and with ?lists=true what each of them holds, or with
// ?list=NAME what of one list.
func (h *handler) members(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	of := Holdings{Name: query.Get("list")}
	if v := query.Get("lists"); v != "" {
		var err error
		if of.All, err = strconv.ParseBool(v); err != nil {
			api.WriteProblem(w, r, api.NewProblem(api.MalformedRequest, "lists is true or false"))
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), membersTimeout)
	defer cancel()
	var report MembersReport
	known := false
	if h.o.Membership != nil {
		report, known = h.o.Membership.Members(ctx, of)
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
	m.Degraded = slices.Clone(m.Degraded)
	for i, line := range m.Degraded {
		m.Degraded[i] = shown(line)
	}
	// When not all has room everybody gets the same share of it, and shows the same lists:
	// the trust lists, then the first by name. So what is shown can be compared.
	share := maxMemberLists / max(1, members)
	for i := range m.Members {
		o := &m.Members[i]
		o.Name, o.Addr, o.Zone, o.Why, o.Error = shown(o.Name), shown(o.Addr), shown(o.Zone), shown(o.Why), shown(o.Error)
		o.Since, o.CertificateNotAfter, o.AvoidedUntil = utc(o.Since), utc(o.CertificateNotAfter), utc(o.AvoidedUntil)
		o.Lists = slices.SortedFunc(slices.Values(o.Lists), compareLists)
		lists := min(len(o.Lists), share)
		o.LeftOut, o.Lists = len(o.Lists)-lists, o.Lists[:lists]
		for j := range o.Lists {
			o.Lists[j].Name = shown(o.Lists[j].Name)
		}
	}
	if m.Counters == nil {
		m.Counters = map[string]uint64{}
	}
	return m
}

func compareLists(a, b MemberList) int {
	rest := func(l MemberList) int {
		if slices.Contains([]string{"lotl", "tl", "lote", "vical"}, l.Type) {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rest(a), rest(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(b.Sequence, a.Sequence), cmp.Compare(a.SHA256, b.SHA256))
}
