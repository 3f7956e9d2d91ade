package config

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgetrust/edgetrust/verify"
)

// algorithms are the JOSE names a policy may agree to.
var algorithms = []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256"}

// policies reads the named policies. One that leaves something out takes it from
// "default", which takes it from verify.DefaultPolicy; so default is read first,
// wherever it stands.
func (d *decoder) policies(n *yaml.Node, at string, p map[string]verify.Policy) {
	if len(follow(n).Content)/2 > maxPolicies {
		d.report(at, "more than %d policies", maxPolicies)
		return
	}
	type entry struct {
		name, at string
		n        *yaml.Node
	}
	var others []entry
	d.each(n, at, func(name string, n *yaml.Node, at string) {
		if name == defaultPolicy {
			p[name] = d.policy(n, at, name, verify.DefaultPolicy())
			return
		}
		others = append(others, entry{name, at, n})
	})
	for _, e := range others {
		p[e.name] = d.policy(e.n, e.at, e.name, p[defaultPolicy])
	}
}

func (d *decoder) policy(n *yaml.Node, at, name string, p verify.Policy) verify.Policy {
	p.Name = name
	d.mapping(n, at, members{
		"status":                       oneOf(d, &p.Status, verify.Required, verify.BestEffort, verify.Skip),
		"holder_binding":               oneOf(d, &p.HolderBinding, verify.Required, verify.IfPresent, verify.Skip, verify.Forbidden),
		"clock_skew":                   d.duration(&p.ClockSkew, 0, 10*time.Minute),
		"kb_max_age":                   d.duration(&p.KBMaxAge, time.Second, day),
		"max_status_age":               d.duration(&p.MaxStatusAge, time.Second, 365*day),
		"max_list_age":                 d.duration(&p.MaxListAge, time.Second, 365*day),
		"allow_legacy_typ":             d.flag(&p.AllowLegacyTyp),
		"allow_valid_until_after_cert": d.flag(&p.AllowValidUntilAfterCert),
		"allow_audience_slash":         d.flag(&p.AllowAudienceSlash),
		"algorithms": func(n *yaml.Node, at string) {
			p.Algorithms = nil
			d.list(n, at, len(algorithms), func(_ int, n *yaml.Node, at string) {
				var alg string
				oneOf(d, &alg, algorithms...)(n, at)
				p.Algorithms = append(p.Algorithms, alg)
			})
			if len(p.Algorithms) == 0 {
				d.report(at, "name at least one, or take it out for all that are supported")
			}
		},
	}, "crl")
	return p
}

// Policy returns a policy by name; "" is the default.
func (c *Config) Policy(name string) (verify.Policy, bool) {
	if name == "" {
		name = defaultPolicy
	}
	p, ok := c.Policies[name]
	return p, ok
}
