package client

import (
	"context"

	"net/http"
	"time"
)

// MembersReport is the cluster as one node sees it.
type MembersReport struct {
	Node     string            `json:"node"`
	Mode     string            `json:"mode"` // member or leaf
	Settled  bool              `json:"settled"`
	Members  []Member          `json:"members"` // this node first
	Counters map[string]uint64 `json:"counters"`
	LeftOut  int               `json:"left_out"` // members and lists beyond those shown
}

// The states of a Member.
const (
	MemberAlive = "alive"
	MemberDead  = "dead"
	MemberLeft  = "left"
	MemberUnmet = "unmet"
)

// Member is one node of a cluster.
type Member struct {
	Name                string       `json:"name"`
	Addr                string       `json:"addr"`
	Zone                string       `json:"zone"`
	State               string       `json:"state"` // alive, dead, left or unmet
	Trusted             bool         `json:"trusted"`
	Why                 string       `json:"why"`
	CertificateNotAfter time.Time    `json:"certificate_not_after"`
	AvoidedUntil        time.Time    `json:"avoided_until"`
	Heads               *int         `json:"heads"` // nil: it was not asked
	Lists               []MemberList `json:"lists"`
	Error               string       `json:"error"` // why it did not say what it holds
}

// MemberList is one version of a list that a member holds.
type MemberList struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // lote, lotl, tl, vical, crl, status_list or identifier_list
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"`
}

// Members returns the members of the node's cluster, by its private listener; with
// lists, what each of them holds. A *Problem with status 404 says that the node is in
// no cluster.
func (c *Client) Members(ctx context.Context, lists bool) (MembersReport, error) {
	path := "/v1/members"
	if lists {
		path += "?lists=true"
	}
	r, err := c.DoAdmin(ctx, http.MethodGet, path, "", JSON, nil)
	if err != nil {
		return MembersReport{}, err
	}
	return decode[MembersReport](r)
}
