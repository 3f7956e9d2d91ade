package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const nameRunes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

// validator checks what takes more than one field to know.
type validator struct {
	config *Config
	report func(field, format string, args ...any)
}

func (v *validator) all() {
	c := v.config
	v.name("name", c.Name)
	if c.Zone != "" {
		v.name("zone", c.Zone)
	}
	v.public(c.Public)
	v.admin(c.Admin)
	if sameSocket(c.Public.Listen, c.Admin.Listen) {
		v.report("public.listen", "has to be another address than admin.listen, which is %s", c.Admin.Listen)
	}
	v.egress(c.Egress)
	v.trust(c.Trust)
	v.status(c.Status)
	v.residency(c.Residency)
	v.gossip(c.Gossip)
	for name, p := range c.Policies {
		v.name("policies."+name, name)
		if !complete(p) {
			v.report("policies."+name, "incomplete; start from the default policy")
		}
	}
}

func (v *validator) name(field, name string) {
	if name == "" || len(name) > maxName || strings.Trim(name, nameRunes) != "" {
		v.report(field, "a name of 1 to %d letters, digits, -, _ and . is needed", maxName)
	}
}

func (v *validator) public(p Public) {
	v.listen("public.listen", p.Listen)
	if (p.TLS.Cert == "") != (p.TLS.Key == "") {
		v.report("public.tls", "cert and key go together; give both, or neither for a self-signed certificate")
	}
	if p.Auth == (Auth{}) && !Loopback(p.Listen) {
		v.report("public.auth", "is needed because public.listen is not on loopback: {tokens_file: …}, {client_ca: …}, or the word open to let everybody ask")
	}
	if p.Rate.PerSecond == 0 && p.Rate.Burst != 0 {
		v.report("public.rate.per_client", "is needed with burst (200/s)")
	}
	v.refresh(p.Refresh)
}

func (v *validator) admin(a Admin) {
	v.listen("admin.listen", a.Listen)
	if a.TokenFile == "" && !Loopback(a.Listen) {
		v.report("admin.token_file", "is needed because admin.listen is not on loopback; put a token of your own into a file, one to a line")
	}
}

func (v *validator) listen(field, addr string) {
	_, port, err := net.SplitHostPort(addr)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		v.report(field, "an address with a port is needed (127.0.0.1:8443, :8443; port 0 takes a free one)")
	}
}

// sameSocket says whether two addresses cannot be listened at both: they have one port,
// and one host or all of them.
func sameSocket(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	all := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host == "" || err == nil && ip.IsUnspecified()
	}
	return errA == nil && errB == nil && portA == portB && portA != "0" && (hostA == hostB || all(hostA) || all(hostB))
}

// Loopback says whether an address to listen at can only be reached from this
// machine.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// fetched checks a URL that a node asks for; permit says what would let it be
// http.
func (v *validator) fetched(field, raw string, insecure bool, permit string) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		v.report(field, "a URL is needed")
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		v.report(field, "an absolute URL is needed (https://host/path)")
	case u.User != nil:
		v.report(field, "a URL with a user or password in it would end up in logs and answers; take it out")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		v.report(field, "a fragment is never sent; take it out")
	case u.Scheme == "http" && !insecure:
		v.report(field, "http:// is refused; use https://, or set %s", permit)
	case u.Scheme != "https" && u.Scheme != "http":
		v.report(field, "https:// is needed")
	}
}

func (v *validator) status(s Status) {
	if s.RefreshMin > s.RefreshMax {
		v.report("status.refresh", "min is larger than max")
	}
	if s.AllowInsecure && len(s.AllowHosts) == 0 {
		v.report("status.allow_hosts", "name the hosts that allow_insecure is meant for (127.0.0.1:8080)")
	}
	for i, h := range s.AllowHosts {
		if u, err := url.Parse("https://" + h); err != nil || u.Host != h || u.Hostname() == "" {
			v.report(fmt.Sprintf("status.allow_hosts[%d]", i), "host or host:port is needed, without https:// and path")
		}
	}
	if s.OnMiss != Defer && s.OnMiss != Fetch {
		v.report("status.on_miss", "one of %s, %s is needed", Defer, Fetch)
	}
	v.statusURLs("status.prefetch", s, s.Prefetch)
	v.statusURLs("status.aggregation", s, s.Aggregation)
}

func (v *validator) statusURLs(field string, s Status, urls []string) {
	seen := make(map[string]bool)
	for i, u := range urls {
		at := fmt.Sprintf("%s[%d]", field, i)
		v.fetched(at, u, s.Insecure(u), "status.allow_insecure: true with this host in status.allow_hosts (labs)")
		if seen[u] {
			v.report(at, "stands twice; keep one")
		}
		seen[u] = true
	}
}

// Insecure says whether a status list may be fetched over plain http and from
// private addresses.
func (s Status) Insecure(uri string) bool {
	u, err := url.Parse(uri)
	return s.AllowInsecure && err == nil &&
		(slices.Contains(s.AllowHosts, u.Host) || slices.Contains(s.AllowHosts, u.Hostname()))
}
