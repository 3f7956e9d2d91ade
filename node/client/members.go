package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// MembersReport is the cluster as one node sees it.
type MembersReport struct {
	Node     string            `json:"node"`
	Mode     string            `json:"mode"` // member or leaf
	Settled  bool              `json:"settled"`
	Degraded []string          `json:"degraded"` // what ails its place in the cluster
	Members  []Member          `json:"members"`  // this node first
	Counters map[string]uint64 `json:"counters"`
	// GossipKeys are fingerprints of the gossip keys, the one that encrypts first.
	GossipKeys []string `json:"gossip_keys"`
	LeftOut    int      `json:"left_out"` // members beyond those shown
}

// The states of a Member.
const (
	MemberAlive  = "alive"
	MemberDead   = "dead"
	MemberLeft   = "left"
	MemberUnmet  = "unmet"
	MemberSilent = "silent"
)

// Member is one node of a cluster.
type Member struct {
	Name                string       `json:"name"`
	Addr                string       `json:"addr"`
	Zone                string       `json:"zone"`
	State               string       `json:"state"` // alive, dead, left, unmet or silent
	Trusted             bool         `json:"trusted"`
	Why                 string       `json:"why"`
	Since               time.Time    `json:"since"` // since when it is dead, left or silent
	CertificateNotAfter time.Time    `json:"certificate_not_after"`
	AvoidedUntil        time.Time    `json:"avoided_until"`
	Heads               *int         `json:"heads"` // nil: it was not asked
	Lists               []MemberList `json:"lists"`
	LeftOut             int          `json:"left_out"` // how many more it holds than Lists shows
	Error               string       `json:"error"`    // why it did not say what it holds
}

// MemberList is one version of a list that a member holds.
type MemberList struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // lote, lotl, tl, vical, crl, status_list or identifier_list
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"`
	Soaking  bool   `json:"soaking"` // in force there, and not announced to others yet
}

// Holdings say of which lists members are asked for what they hold; the zero value: of
// none.
type Holdings struct {
	All  bool
	Name string // of the lists that go by it alone; of others than trust lists: an address
}

// Query is the part of an address that asks for them.
func (h Holdings) Query() string {
	switch {
	case h.Name != "":
		return "?list=" + url.QueryEscape(h.Name)
	case h.All:
		return "?lists=true"
	}
	return ""
}

// Members returns the members of the node's cluster and what they hold, by its private
// listener. A *Problem with status 404 says that the node is in no cluster.
func (c *Client) Members(ctx context.Context, of Holdings) (MembersReport, error) {
	r, err := c.DoAdmin(ctx, http.MethodGet, "/v1/members"+of.Query(), "", JSON, nil)
	if err != nil {
		return MembersReport{}, err
	}
	return decode[MembersReport](r)
}
