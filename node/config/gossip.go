package config

import (
	"cmp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The modes of Gossip.
const (
	Member = "member" // takes part in the membership, and serves bodies to others
	Leaf   = "leaf"   // follows hubs over connections of its own; nothing comes in
)

// Gossip is a node's place in a cluster.
type Gossip struct {
	Mode string // Member or Leaf

	// Of a Member; a Leaf has none of them.
	Listen    string // host:port of the membership, UDP and TCP
	Advertise string // host:port under which others reach Listen; "": as it listens
	Transfer  string // host:port at which bodies are served, UDP and TCP
	KeyFile   string // the gossip keys; read it with Keys

	// Join are members to ask for the others, as host:port or dns+srv://name; of a Leaf
	// the https URLs of its hubs' transfer listeners.
	Join []string
	TLS  GossipTLS
}

// GossipTLS names a node certificate, its key, and who vouches for those of others.
type GossipTLS struct{ Cert, Key, CA string }

// The defaults of a Member.
const (
	DefaultGossipListen   = ":7946"
	DefaultGossipTransfer = ":7947"
)

// Residency says where a node stands, and which places nodes may stand in that it has
// to do with. Places are country codes, or EU.
type Residency struct {
	Jurisdiction string   // ""; else the node certificate names the same
	Allow        []string // empty: anywhere
}

// Refresh lets status issuers ask for a look at a list, POST /v1/refresh on the public
// listener. Without TokensFile it does not exist.
type Refresh struct {
	TokensFile string // one bearer token per line; they are good for nothing else
	Rate       Rate   // of each token
}

// The rate of a token that may ask for looks, where none is configured.
const (
	defaultRefreshRate  = 1 // per second
	defaultRefreshBurst = 10
)

func (d *decoder) gossip(n *yaml.Node, at string) *Gossip {
	g := &Gossip{Mode: Member}
	d.mapping(n, at, members{
		"mode":      oneOf(d, &g.Mode, Member, Leaf),
		"listen":    d.text(&g.Listen),
		"advertise": d.text(&g.Advertise),
		"transfer":  d.text(&g.Transfer),
		"join":      d.texts(&g.Join, maxJoin),
		"key_file":  d.file(&g.KeyFile),
		"tls": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{"cert": d.file(&g.TLS.Cert), "key": d.file(&g.TLS.Key), "ca": d.file(&g.TLS.CA)})
		},
	})
	if g.Mode == Member {
		g.Listen = cmp.Or(g.Listen, DefaultGossipListen)
		g.Transfer = cmp.Or(g.Transfer, DefaultGossipTransfer)
	}
	return g
}

// residency reads places in the one form that certificates have them in.
func (d *decoder) residency(n *yaml.Node, at string, r *Residency) {
	d.mapping(n, at, members{
		"jurisdiction": func(n *yaml.Node, at string) {
			d.text(&r.Jurisdiction)(n, at)
			r.Jurisdiction = strings.ToUpper(r.Jurisdiction)
		},
		"allow": func(n *yaml.Node, at string) {
			d.texts(&r.Allow, maxEntries)(n, at)
			for i := range r.Allow {
				r.Allow[i] = strings.ToUpper(r.Allow[i])
			}
		},
	})
}

func (d *decoder) refresh(n *yaml.Node, at string, r *Refresh) {
	r.Rate = Rate{defaultRefreshRate, defaultRefreshBurst}
	d.mapping(n, at, members{
		"tokens_file": d.file(&r.TokensFile),
		"rate":        func(n *yaml.Node, at string) { d.limit(n, at, "per_token", &r.Rate) },
	})
}
