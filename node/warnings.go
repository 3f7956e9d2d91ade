package node

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
)

// Warnings says what in a configuration weakens the node, one sentence each, for
// the log at start and for check-config.
func Warnings(c *config.Config) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if c.Public.TLS.Cert == "" {
		add("public.tls is absent: a self-signed certificate is made at start, and clients cannot check it")
	}
	if c.Public.Auth.Open {
		add("public.auth is open: everybody who reaches %s may ask", c.Public.Listen)
	}
	if c.DataDir == "" {
		add("data_dir is absent: lists live in memory only, so a restart while an origin is down leaves the node without them")
	}
	if c.Gossip != nil {
		for _, field := range c.Gossip.Exposed() {
			add("%s may be read by everybody on this machine: let the node's user alone read it (chmod 600)", field)
		}
	}
	if proxy := c.Egress.ProxyHost(); proxy != "" {
		add("lists are fetched through the proxy %s: that origins have public addresses is the proxy's to check", proxy)
	}
	for _, s := range c.Trust.Sources {
		warnSource(s, add)
	}
	warnRewrites(c.Trust.Rewrite, add)
	if c.Status.AllowInsecure {
		add("status.allow_insecure: the hosts in allow_hosts are fetched over plain HTTP")
	}
	if c.Status.OnMiss == config.Fetch {
		add("status.on_miss is fetch: a presentation can then cause a request to an issuer's host, which learns when and from where")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Policies)) {
		p := c.Policies[name]
		warnRevocation("policy "+name, p.Revocation, add)
		for _, kind := range slices.Sorted(maps.Keys(p.Kinds)) {
			warnRevocation(fmt.Sprintf("policy %s for kind %s", name, kind), p.Kinds[kind], add)
		}
		for _, typ := range slices.Sorted(maps.Keys(p.Types)) {
			warnRevocation(fmt.Sprintf("policy %s for type %s", name, typ), p.Types[typ], add)
		}
		if p.HolderBinding == verify.Skip {
			add("policy %s skips holder binding: a stolen credential is valid under it", name)
		}
		if p.AllowLegacyTyp || p.AllowValidUntilAfterCert || p.AllowAudienceSlash {
			add("policy %s allows what the standards forbid", name)
		}
	}
	return list
}

func warnRevocation(what string, r verify.Revocation, add func(format string, args ...any)) {
	if r.Status == verify.Skip {
		add("%s skips status: revoked credentials are valid under it", what)
	}
	if r.CRL == verify.Skip {
		add("%s skips crl: credentials under a revoked certificate are valid under it", what)
	}
}

func warnSource(s config.Source, add func(format string, args ...any)) {
	if s.AllowInsecure {
		add("trust source %s is fetched over plain HTTP: its origin can be impersonated, though not its signature", s.Name)
	}
	if s.AllowVersion5 {
		add("trust source %s allows lists of version 5, which should not have been issued since 29 April 2026", s.Name)
	}
	if len(s.Allow) > 0 {
		add("trust source %s lets pass what the standard forbids: %s", s.Name, strings.Join(s.Allow, ", "))
	}
	for _, uri := range slices.Sorted(maps.Keys(s.Aliases)) {
		add("trust source %s takes %s for %s", s.Name, uri, s.Aliases[uri])
	}
}

// warnRewrites says where lists come from that may have private addresses, a line for
// each such place: a fleet rewrites the sites of thirty countries to one of its own.
func warnRewrites(rules []config.Rewrite, add func(format string, args ...any)) {
	from := make(map[string][]string)
	for _, r := range rules {
		if r.AllowPrivate {
			to := siteOf(r.To)
			from[to] = append(from[to], r.From)
		}
	}
	for _, to := range slices.Sorted(maps.Keys(from)) {
		what := from[to][0]
		if more := len(from[to]) - 1; more > 0 {
			what += fmt.Sprintf(" (and %d more)", more)
		}
		add("what stands under %s is fetched from %s, which may be plain HTTP and on private addresses", what, to)
	}
}

// siteOf is a URL without its path.
func siteOf(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Scheme + "://" + u.Host
	}
	return raw
}
