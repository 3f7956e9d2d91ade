package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minHubs is how many hubs a leaf needs, so that one may be gone.
const minHubs = 2

func (v *validator) gossip(g *Gossip) {
	if g == nil {
		return
	}
	if !domain(v.config.Name) {
		v.report("name", "stands in the node's certificate as a DNS name, so labels of 1 to %d characters with a dot between them are needed (edge-fra-1)", maxLabel)
	}
	switch g.Mode {
	case Member:
		v.member(g)
	case Leaf:
		v.leaf(g)
	default:
		v.report("gossip.mode", "one of %s, %s is needed", Member, Leaf)
		return
	}
	for _, f := range []struct{ name, path, what string }{
		{"cert", g.TLS.Cert, "the node's certificate, whose first DNS name is the node's name"},
		{"key", g.TLS.Key, "the key of the node's certificate"},
		{"ca", g.TLS.CA, "the certificate of the cluster's CA, which vouches for every node's"},
	} {
		if f.path == "" {
			v.report("gossip.tls."+f.name, "is needed: the PEM file of %s (deploy/cluster/certificates.sh makes all of them)", f.what)
		}
	}
	for i, j := range g.Join {
		if slices.Contains(g.Join[:i], j) {
			v.report(fmt.Sprintf("gossip.join[%d]", i), "stands twice; keep one")
		}
	}
}

func (v *validator) member(g *Gossip) {
	v.listen("gossip.listen", g.Listen)
	v.listen("gossip.transfer", g.Transfer)
	_, port, err := net.SplitHostPort(g.Listen)
	if g.Listen == g.Transfer && err == nil && port != "0" {
		v.report("gossip.transfer", "has to be another port than gossip.listen (%s)", DefaultGossipTransfer)
	}
	if g.Advertise != "" && !hostPort(g.Advertise) {
		v.report("gossip.advertise", "the host and port at which others reach gossip.listen are needed (203.0.113.7:7946)")
	}
	if g.KeyFile == "" {
		v.report("gossip.key_file", "is needed: the key that all members share (%s > gossip.key)", makeKey)
	}
	for i, j := range g.Join {
		v.joined(fmt.Sprintf("gossip.join[%d]", i), j)
	}
}

// joined checks where a member looks for others.
func (v *validator) joined(field, join string) {
	const form = "host:port of a member's gossip.listen (edge-fra-2:7946) or dns+srv://name (dns+srv://_edgetrust._udp.example) is needed"
	if name, ok := strings.CutPrefix(join, "dns+srv://"); ok {
		if !domain(name) {
			v.report(field, form)
		}
		return
	}
	switch {
	case strings.HasPrefix(join, "https://"):
		v.report(field, form+"; https URLs are for gossip.mode: leaf")
	case !hostPort(join):
		v.report(field, form)
	}
}

// leaf reports what a leaf does not have, because whoever wrote it expects a node that
// others can reach.
func (v *validator) leaf(g *Gossip) {
	for _, m := range []struct{ name, value, why string }{
		{"listen", g.Listen, "nobody reaches a leaf"},
		{"advertise", g.Advertise, "nobody reaches a leaf"},
		{"transfer", g.Transfer, "a leaf serves nobody"},
		{"key_file", g.KeyFile, "a leaf takes no part in the membership, so it needs no key of it, and one that is not there cannot be stolen"},
	} {
		if m.value != "" {
			v.report("gossip."+m.name, "%s; take it out, or set gossip.mode: member", m.why)
		}
	}
	if len(g.Join) < minHubs {
		v.report("gossip.join", "name two hubs or more, so that one may be gone: the https URLs of their gossip.transfer (https://edge-fra-1:7947, https://edge-ams-1:7947)")
	}
	for i, j := range g.Join {
		v.hub(fmt.Sprintf("gossip.join[%d]", i), j)
	}
}

func (v *validator) hub(field, raw string) {
	u, err := url.Parse(raw)
	plain := err == nil && u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && !u.ForceQuery && !strings.Contains(raw, "#")
	if err != nil || u.Scheme != "https" || !hostPort(u.Host) || !plain {
		v.report(field, "the https URL of a hub's gossip.transfer, with its port and no path, is needed (https://edge-fra-1:7947)")
	}
}

// hostPort says whether an address can be reached.
func hostPort(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n == 0 {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && !ip.IsUnspecified() || ip == nil && domain(host)
}

// domain says whether a name can be looked up.
func domain(name string) bool {
	if len(name) > maxDomain || strings.Trim(name, nameRunes) != "" {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return true
}

func (v *validator) residency(r Residency) {
	if r.Jurisdiction != "" && !country(r.Jurisdiction) {
		v.report("residency.jurisdiction", "a country code of two letters, or EU, is needed (EU)")
	}
	for i, cc := range r.Allow {
		field := fmt.Sprintf("residency.allow[%d]", i)
		switch {
		case !country(cc):
			v.report(field, "a country code of two letters, or EU, is needed (EU)")
		case slices.Contains(r.Allow[:i], cc):
			v.report(field, "stands twice; keep one")
		}
	}
	if j := r.Jurisdiction; j != "" && len(r.Allow) > 0 && !slices.Contains(r.Allow, j) {
		v.report("residency.allow", "does not name %s, where this node stands; add it, or nodes like this one refuse one another", j)
	}
}

func (v *validator) refresh(r Refresh) {
	if r.TokensFile == "" && r.Rate != (Rate{}) {
		v.report("public.refresh.tokens_file", "is needed: the tokens of those who may ask for a look, one to a line, and others than those of public.auth (openssl rand -hex 32)")
	}
	if r.TokensFile != "" && r.Rate.PerSecond <= 0 {
		v.report("public.refresh.rate.per_token", "is needed (60/m)")
	}
}
