package node

import (
	"fmt"
	"maps"
	"slices"

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
	for _, s := range c.Trust.Sources {
		if s.AllowInsecure {
			add("trust source %s is fetched over plain HTTP: its origin can be impersonated, though not its signature", s.Name)
		}
	}
	if c.Status.AllowInsecure {
		add("status.allow_insecure: the hosts in allow_hosts are fetched over plain HTTP")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Policies)) {
		p := c.Policies[name]
		if p.Status == verify.Skip {
			add("policy %s skips status: revoked credentials are valid under it", name)
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
