package origin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// hop is one request of a fetch.
type hop struct {
	url    *url.URL
	policy policy
	way    http.RoundTripper
}

// first is where a target is really asked for: under the operator's rewrite if
// there is one.
func (f *Fetcher) first(t Target) (hop, error) {
	u, err := parseURL(t.URL)
	if err != nil {
		return hop{}, err
	}
	if u.User != nil {
		return hop{}, errCredentials
	}
	for _, r := range f.rules {
		to, err := r.apply(u)
		if err != nil {
			return hop{}, err
		}
		if to != nil {
			return hop{to, r.policy, r.way}, nil
		}
	}
	return f.direct(u, policyOf(t)), nil
}

func (f *Fetcher) direct(u *url.URL, p policy) hop {
	if p.private {
		return hop{u, p, f.private}
	}
	return hop{u, p, f.public}
}

// next is where a redirect leads. On the same host the hop's policy goes on. That
// of a rewrite is good for the operator's host alone: elsewhere the target's own
// counts. No way leads from https back to anything less.
func (f *Fetcher) next(from hop, t Target, location string) (hop, error) {
	u, err := parseURL(location)
	if err != nil {
		return hop{}, err
	}
	u = from.url.ResolveReference(u)
	to := f.direct(u, policyOf(t))
	if originOf(u) == originOf(from.url) {
		to = hop{u, from.policy, from.way}
	}
	if from.url.Scheme == "https" {
		to.policy.insecure = false
	}
	return to, nil
}

// follow asks, and goes where it is sent, MaxRedirects times at most. Redirects are
// walked here rather than in net/http, so that each may travel by another way, and
// so that no error carries a URL.
func (f *Fetcher) follow(ctx context.Context, t Target, header http.Header) (*http.Response, error) {
	h, err := f.first(t)
	if err != nil {
		return nil, err
	}
	for redirects := 0; ; redirects++ {
		if redirects > MaxRedirects {
			return nil, fmt.Errorf("more than %d redirects", MaxRedirects)
		}
		resp, err := h.ask(ctx, header)
		if err != nil {
			return nil, redirected(redirects, err)
		}
		location := resp.Header.Get("Location")
		if !slices.Contains(redirectStatus, resp.StatusCode) || location == "" {
			return resp, nil
		}
		_ = resp.Body.Close()
		if h, err = f.next(h, t, location); err != nil {
			return nil, redirected(redirects+1, err)
		}
	}
}

var redirectStatus = []int{
	http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
}

func redirected(n int, err error) error {
	if n == 0 {
		return err
	}
	return fmt.Errorf("redirect %d: %w", n, err)
}

// ask makes the request if the policy permits its URL.
func (h hop) ask(ctx context.Context, header http.Header) (*http.Response, error) {
	if err := h.policy.check(h.url); err != nil {
		return nil, err
	}
	req := (&http.Request{
		Method: http.MethodGet, URL: h.url, Host: h.url.Host, Header: header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	resp, err := h.way.RoundTrip(req)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return resp, err
}
