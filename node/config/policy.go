package config

import (
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
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
	var shared parts
	d.each(n, at, func(name string, n *yaml.Node, at string) {
		if name == defaultPolicy {
			p[name], shared = d.policy(n, at, name, verify.DefaultPolicy(), parts{})
			return
		}
		others = append(others, entry{name, at, n})
	})
	for _, e := range others {
		p[e.name], _ = d.policy(e.n, e.at, e.name, p[defaultPolicy], shared)
	}
}

// parts are the members of a policy that say what is demanded of some credentials
// only.
type parts struct{ kinds, types part }

// part is such a member where it stands. It is read last: what its entries leave
// out they take from the policy that they count in, which is also how a policy
// inherits those of "default" and keeps its own values for the rest.
type part struct {
	n  *yaml.Node // nil: there is none
	at string
}

func (p *part) keep(n *yaml.Node, at string) { *p = part{n, at} }

func (d *decoder) policy(n *yaml.Node, at, name string, p verify.Policy, of parts) (verify.Policy, parts) {
	p.Name = name
	m := d.revocation(&p.Revocation)
	maps.Copy(m, members{
		"kinds":                        of.kinds.keep,
		"types":                        of.types.keep,
		"holder_binding":               oneOf(d, &p.HolderBinding, verify.Required, verify.IfPresent, verify.Skip, verify.Forbidden),
		"clock_skew":                   d.duration(&p.ClockSkew, 0, 10*time.Minute),
		"kb_max_age":                   d.duration(&p.KBMaxAge, time.Second, day),
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
	})
	d.mapping(n, at, m)
	p.Kinds, p.Types = d.kindsOf(of.kinds, p.Revocation), d.typesOf(of.types, p.Revocation)
	return p, of
}

// revocation are the members that a policy and each entry of its parts have.
func (d *decoder) revocation(r *verify.Revocation) members {
	return members{
		"status":         oneOf(d, &r.Status, verify.Required, verify.BestEffort, verify.Skip),
		"crl":            oneOf(d, &r.CRL, verify.Required, verify.BestEffort, verify.Skip),
		"max_status_age": d.duration(&r.MaxStatusAge, time.Second, 365*day),
		"short_lived":    d.duration(&r.ShortLived, 0, verify.MaxShortLived),
	}
}

func (d *decoder) kindsOf(of part, r verify.Revocation) map[trustlist.Kind]verify.Revocation {
	byKind := make(map[trustlist.Kind]verify.Revocation)
	d.part(of, r, func(name string, at string, r verify.Revocation) {
		if !slices.Contains(trustlist.Kinds(), trustlist.Kind(name)) {
			d.report(at, "no kind of attestation; there are %s", joined(trustlist.Kinds()))
		}
		byKind[trustlist.Kind(name)] = r
	})
	return orNil(byKind)
}

func (d *decoder) typesOf(of part, r verify.Revocation) map[string]verify.Revocation {
	byType := make(map[string]verify.Revocation)
	d.part(of, r, func(name string, at string, r verify.Revocation) {
		if name == "" {
			d.report(at, "a vct or docType is needed")
		}
		byType[name] = r
	})
	return orNil(byType)
}

// part reads the entries of a part, each over r.
func (d *decoder) part(of part, r verify.Revocation, add func(name, at string, r verify.Revocation)) {
	if of.n == nil {
		return
	}
	if len(of.n.Content)/2 > maxTypes {
		d.report(of.at, "more than %d entries", maxTypes)
		return
	}
	d.each(of.n, of.at, func(name string, n *yaml.Node, at string) {
		own := r
		d.mapping(n, at, d.revocation(&own))
		add(name, at, own)
	})
}

// orNil: a policy without entries has no map, however that was written.
func orNil[K comparable, V any](m map[K]V) map[K]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// complete says whether a policy has the words that it cannot be without.
func complete(p verify.Policy) bool {
	said := func(r verify.Revocation) bool { return r.Status != "" && r.CRL != "" }
	for _, r := range p.Kinds {
		if !said(r) {
			return false
		}
	}
	for _, r := range p.Types {
		if !said(r) {
			return false
		}
	}
	return said(p.Revocation) && p.HolderBinding != ""
}

// Policy returns a policy by name; "" is the default.
func (c *Config) Policy(name string) (verify.Policy, bool) {
	if name == "" {
		name = defaultPolicy
	}
	p, ok := c.Policies[name]
	return p, ok
}
