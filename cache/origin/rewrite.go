package origin

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Rewrite has whatever stands under one URL fetched from under another: a fleet's
// own origin in place of the publishers'. It changes where bytes come from, never
// what they have to be.
type Rewrite struct {
	// From and To are absolute URLs without query; their paths stand for
	// themselves and for what is below, segment by segment. From may be http.
	From, To string
	// AllowPrivate lets To be http, and have any address.
	AllowPrivate bool
	// CAs are who may vouch for To in place of Options.CAs; nil: those.
	CAs *x509.CertPool
}

// MaxRewrites is how many rules there may be.
const MaxRewrites = 256

// rule is a Rewrite that was read. The paths are decoded and end in no slash.
type rule struct {
	from, to *url.URL
	policy   policy
	way      http.RoundTripper
}

// newRules reads the rules and makes their ways. The longest From comes first, so
// that the first that applies is the most exact.
func newRules(o Options) ([]rule, error) {
	if len(o.Rewrites) > MaxRewrites {
		return nil, fmt.Errorf("more than %d rewrites", MaxRewrites)
	}
	rules := make([]rule, len(o.Rewrites))
	for i, w := range o.Rewrites {
		p := policy{insecure: w.AllowPrivate, private: w.AllowPrivate, anyPort: true}
		from, err := parseBase(w.From, policy{insecure: true, private: true, anyPort: true})
		if err != nil {
			return nil, fmt.Errorf("rewrite %d: from: %w", i, err)
		}
		to, err := parseBase(w.To, p)
		if err != nil {
			return nil, fmt.Errorf("rewrite %d: to: %w", i, err)
		}
		cas := w.CAs
		if cas == nil {
			cas = o.CAs
		}
		rules[i] = rule{from, to, p, newTransport(o, cas, w.AllowPrivate)}
	}
	slices.SortStableFunc(rules, func(a, b rule) int { return len(b.from.Path) - len(a.from.Path) })
	return rules, nil
}

func parseBase(raw string, p policy) (*url.URL, error) {
	u, err := parseURL(raw)
	if err != nil {
		return nil, err
	}
	if err := p.check(u); err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("a query or fragment cannot stand for what is below it")
	}
	if err := plainPath(u); err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/")}, nil
}

// apply is where a URL is fetched from under the rule; nil if the rule is not
// about it.
func (r rule) apply(u *url.URL) (*url.URL, error) {
	if originOf(u) != originOf(r.from) {
		return nil, nil
	}
	if err := plainPath(u); err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(u.Path, r.from.Path)
	if !ok || rest != "" && rest[0] != '/' {
		return nil, nil
	}
	to := *r.to
	to.Path += rest
	to.RawQuery = u.RawQuery
	return &to, nil
}

// plainPath refuses paths of which servers and prefixes may think differently.
// Only where a rule is about the host does it matter: there, a path that is under
// one prefix for us and under another for the server is a way round the rule.
func plainPath(u *url.URL) error {
	path := strings.ToLower(u.EscapedPath())
	for _, code := range []string{"%2e", "%2f", "%5c", "//"} {
		if strings.Contains(path, code) {
			return errors.New("the path has encoded dots or slashes, or empty segments: no rewrite can be told for it")
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("the path has dot segments: no rewrite can be told for it")
		}
	}
	return nil
}

// originOf is the scheme, host and port of a URL in one spelling.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port)
}

// parseURL parses without repeating what it could not parse: the URL of a status
// list must not reach a log.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the URL cannot be parsed")
	}
	return u, nil
}
