package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rewrite has whatever stands under one URL fetched from under another, such as
// the operator's own origin. It changes where the bytes come from, never which
// list they are or who has to have signed them.
type Rewrite struct {
	From, To     string // absolute URLs that end in a slash
	AllowPrivate bool   // To may be plain http and on private or loopback addresses
	CA           string // PEM file of who alone vouches for To; "": as for other origins
}

// CAs reads who vouches for To; nil when CA names no file.
func (r Rewrite) CAs() (*x509.CertPool, error) { return pool(nil, r.CA) }

func (d *decoder) rewrite(n *yaml.Node, at string) (r Rewrite) {
	d.mapping(n, at, members{
		"from":          d.text(&r.From),
		"to":            d.text(&r.To),
		"allow_private": d.flag(&r.AllowPrivate),
		"ca":            d.file(&r.CA),
	})
	return r
}

func (v *validator) rewrites(list []Rewrite) {
	seen := make(map[string]int)
	for i, r := range list {
		at := fmt.Sprintf("trust.rewrite[%d]", i)
		v.prefix(at+".from", r.From, true, "")
		v.prefix(at+".to", r.To, r.AllowPrivate, "allow_private: true on this rewrite (labs)")
		if first, twice := seen[r.From]; twice {
			v.report(at+".from", "trust.rewrite[%d] has this already; keep one", first)
		} else {
			seen[r.From] = i
		}
		if r.CA != "" && strings.HasPrefix(r.To, "http://") {
			v.report(at+".ca", "nobody's certificate is checked over http://; take it out")
		}
	}
}

// prefix checks a URL that others stand under.
func (v *validator) prefix(field, raw string, insecure bool, permit string) {
	v.fetched(field, raw, insecure, permit)
	switch u, err := url.Parse(raw); {
	case err != nil:
	case !strings.HasSuffix(u.Path, "/"), u.RawQuery != "", u.ForceQuery:
		v.report(field, "has to end in a slash, without a query: it stands for all that begins with it")
	case strings.TrimSuffix(path.Clean(u.Path), "/")+"/" != u.Path, strings.Contains(u.EscapedPath(), "%"):
		v.report(field, "a plain path is needed: servers disagree on what dots, empty segments and %% in it stand for")
	}
}
