package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	nodeTLS    = "tls: {cert: node.crt, key: node.key, ca: ca.pem}"
	goodMember = "key_file: gossip.key, " + nodeTLS
	goodLeaf   = "mode: leaf, " + nodeTLS
	goodHubs   = "join: ['https://a:7947', 'https://b:7947']"
)

// named is a file with a cluster. The host's own name is nobody's to rely on.
func named(gossip string) string { return minimal("name: edge-1\ngossip: {" + gossip + "}") }

func TestGossipDefaults(t *testing.T) {
	files := GossipTLS{"/base/node.crt", "/base/node.key", "/base/ca.pem"}
	for file, want := range map[string]Gossip{
		goodMember:                             {Mode: Member, Listen: ":7946", Transfer: ":7947", KeyFile: "/base/gossip.key", TLS: files},
		goodMember + ", listen: '127.0.0.1:0'": {Mode: Member, Listen: "127.0.0.1:0", Transfer: ":7947", KeyFile: "/base/gossip.key", TLS: files},
		goodLeaf + ", " + goodHubs:             {Mode: Leaf, Join: []string{"https://a:7947", "https://b:7947"}, TLS: files},
		goodLeaf + ", join: ['https://192.0.2.1:7947/', 'https://[2001:db8::1]:7947']": {Mode: Leaf, Join: []string{"https://192.0.2.1:7947/", "https://[2001:db8::1]:7947"}, TLS: files},
		goodMember + ", listen: '127.0.0.1:0', transfer: '127.0.0.1:0'":                {Mode: Member, Listen: "127.0.0.1:0", Transfer: "127.0.0.1:0", KeyFile: "/base/gossip.key", TLS: files},
	} {
		c, err := Parse([]byte(named(file)), "/base")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if d := cmp.Diff(&want, c.Gossip); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
	if c, err := Parse([]byte(minimal("")), "/base"); err != nil || c.Gossip != nil {
		t.Errorf("a cluster that nobody configured: %v", err)
	}
}

func TestRefreshDefaults(t *testing.T) {
	c, err := Parse([]byte("public: {listen: '127.0.0.1:0', refresh: {tokens_file: issuers}}"+onlyTrust), "/base")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Refresh{"/base/issuers", Rate{1, 10}}); c.Public.Refresh != want {
		t.Errorf("%+v, want %+v", c.Public.Refresh, want)
	}
	if c.Public.Rate != (Rate{}) {
		t.Errorf("other clients are limited: %+v", c.Public.Rate)
	}
}

var wrongGossip = []struct{ file, field, says string }{
	{minimal("gossip: member"), "gossip", "mapping"},
	{minimal("gossip:"), "gossip", "empty"},
	{named("mode: hub"), "gossip.mode", "member, leaf"},
	{named("port: 1"), "gossip.port", "advertise, join, key_file, listen, mode, tls, transfer"},
	{named(nodeTLS), "gossip.key_file", "head -c 32 /dev/urandom | base64"},
	{named("key_file: k"), "gossip.tls.cert", "first DNS name"},
	{named("key_file: k, tls: {cert: c, ca: a}"), "gossip.tls.key", "PEM"},
	{named("key_file: k, tls: {cert: c, key: k}"), "gossip.tls.ca", "cluster's CA"},
	{named("key_file: k, tls: {cert: c, key: k, client_ca: a}"), "gossip.tls.client_ca", "ca, cert, key"},
	{named(goodMember + ", listen: '7946'"), "gossip.listen", "port"},
	{named(goodMember + ", transfer: ':65536'"), "gossip.transfer", "port"},
	{named(goodMember + ", transfer: ':7946'"), "gossip.transfer", "another port"},
	{named(goodMember + ", advertise: '203.0.113.7'"), "gossip.advertise", "203.0.113.7:7946"},
	{named(goodMember + ", advertise: ':7946'"), "gossip.advertise", "203.0.113.7:7946"},
	{named(goodMember + ", advertise: '0.0.0.0:7946'"), "gossip.advertise", "203.0.113.7:7946"},
	{named(goodMember + ", advertise: '203.0.113.7:0'"), "gossip.advertise", "203.0.113.7:7946"},
	{named(goodMember + ", join: edge-2"), "gossip.join", "list"},
	{named(goodMember + ", join: [edge-2]"), "gossip.join[0]", "edge-fra-2:7946"},
	{named(goodMember + ", join: ['edge-2:7946', 'a b:1']"), "gossip.join[1]", "dns+srv://_edgetrust._udp.example"},
	{named(goodMember + ", join: ['a:1', 'a:1']"), "gossip.join[1]", "twice"},
	{named(goodMember + ", join: ['https://a:7947']"), "gossip.join[0]", "mode: leaf"},
	{named(goodMember + ", join: ['dns+srv://']"), "gossip.join[0]", "dns+srv://_edgetrust._udp.example"},
	{named(goodMember + ", join: ['dns+srv://a/b']"), "gossip.join[0]", "dns+srv://_edgetrust._udp.example"},
	{named(goodMember + ", join: ['dns+srv://a:7946']"), "gossip.join[0]", "dns+srv://_edgetrust._udp.example"},
	{named(goodMember + ", join: ['dns://a']"), "gossip.join[0]", "dns+srv://"},
	{named(goodMember + ", join: ['" + strings.Repeat("x", 64) + ".example:1']"), "gossip.join[0]", "host:port"},
	{named(goodMember + ", join: [" + strings.Repeat("x,", maxJoin) + "x]"), "gossip.join", "more than 64"},
	{named(goodLeaf), "gossip.join", "two hubs or more"},
	{named(goodLeaf + ", join: ['https://a:7947']"), "gossip.join", "two hubs or more"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://a:7947']"), "gossip.join[1]", "twice"},
	{named(goodLeaf + ", join: ['https://a:7947', 'b:7947']"), "gossip.join[1]", "https://edge-fra-1:7947"},
	{named(goodLeaf + ", join: ['https://a:7947', 'http://b:7947']"), "gossip.join[1]", "https URL"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://b']"), "gossip.join[1]", "port"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://b:7947/x']"), "gossip.join[1]", "no path"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://u:p@b:7947']"), "gossip.join[1]", "https URL"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://b:7947?x']"), "gossip.join[1]", "https URL"},
	{named(goodLeaf + ", join: ['https://a:7947', 'https://b:7947#']"), "gossip.join[1]", "https URL"},
	{named("mode: leaf, " + goodHubs), "gossip.tls.cert", "PEM"},
	{named(goodLeaf + ", " + goodHubs + ", listen: ':7946'"), "gossip.listen", "nobody reaches a leaf"},
	{named(goodLeaf + ", " + goodHubs + ", advertise: 'a:1'"), "gossip.advertise", "nobody reaches a leaf"},
	{named(goodLeaf + ", " + goodHubs + ", transfer: ':7947'"), "gossip.transfer", "serves nobody"},
	{named(goodLeaf + ", " + goodHubs + ", key_file: k"), "gossip.key_file", "needs no key"},
	{minimal("name: 'a..b'\ngossip: {" + goodMember + "}"), "name", "DNS name"},
	{minimal("name: " + strings.Repeat("x", 64) + "\ngossip: {" + goodMember + "}"), "name", "DNS name"},
	{minimal("residency: EU"), "residency", "mapping"},
	{minimal("residency: {jurisdiction: DEU}"), "residency.jurisdiction", "two letters"},
	{minimal("residency: {jurisdiction: [EU]}"), "residency.jurisdiction", "text"},
	{minimal("residency: {allow: EU}"), "residency.allow", "list"},
	{minimal("residency: {allow: [EU, E1]}"), "residency.allow[1]", "two letters"},
	{minimal("residency: {allow: [EU, eu]}"), "residency.allow[1]", "twice"},
	{minimal("residency: {jurisdiction: CH, allow: [EU]}"), "residency.allow", "does not name CH"},
	{"public: {refresh: {}}", "public.refresh.tokens_file", "is needed"},
	{"public: {refresh: {rate: {per_token: 1/s}}}", "public.refresh.tokens_file", "openssl rand"},
	{"public: {refresh: {tokens_file: t, rate: {burst: 2}}}", "public.refresh.rate.per_token", "60/m"},
	{"public: {refresh: {tokens_file: t, rate: {per_token: 2}}}", "public.refresh.rate.per_token", "200/s"},
	{"public: {refresh: {tokens_file: t, rate: {per_client: 2/s}}}", "public.refresh.rate.per_client", "unknown"},
	{"public: {refresh: {tokens_file: t, rate: 10/s}}", "public.refresh.rate", "mapping"},
	{"public: {refresh: {tokens: t}}", "public.refresh.tokens", "rate, tokens_file"},
}

func TestWrongGossip(t *testing.T) { testWrong(t, wrongGossip) }

// A configuration made in memory is held to the same as one from a file.
func TestGossipInMemory(t *testing.T) {
	c, err := Parse([]byte(named(goodMember)), "/base")
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(g *Gossip){
		"gossip.mode: one of": func(g *Gossip) { g.Mode = "" },
		"gossip.listen: ":     func(g *Gossip) { g.Listen = "" },
		"gossip.transfer: ":   func(g *Gossip) { g.Transfer = "" },
	} {
		changed, g := *c, *c.Gossip
		change(&g)
		changed.Gossip = &g
		if err := changed.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
