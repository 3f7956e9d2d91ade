// Package origin fetches lists from their publishers: on a schedule, never because
// a presentation arrived, with caps on size, time, rate and redirects, and from
// public addresses only unless the operator says otherwise. What it fetches goes to
// the Store's Admit and nowhere else.
//
// A Fetcher makes one fetch; a Follower makes them on their schedule, for a set of
// targets that may change while it runs.
package origin

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of one fetch.
const (
	Timeout      = 30 * time.Second
	MaxRedirects = 3
)

// Options of a Fetcher.
type Options struct {
	// Version of the product, for the User-Agent.
	Version string
	// Proxy is an http or https URL through which everything is fetched, its user
	// and password included if it asks for them; nil: none. What addresses a name
	// may have is then the proxy's to check, as it is the proxy that resolves it.
	Proxy *url.URL
	// CAs are who may vouch for origins and for the proxy, the system's included;
	// nil: the system's alone.
	CAs *x509.CertPool
	// Rewrites are the operator's; the longest From that applies is taken.
	Rewrites []Rewrite

	// Resolver finds the addresses of names; nil: the system's.
	Resolver *net.Resolver
	// Transport answers in place of the network, for tests; nil: the network. No
	// address is dialled then, so none is checked.
	Transport http.RoundTripper
}

// Target is something to fetch.
type Target struct {
	URL    string // as it is configured or stands in a list; it names the target, too
	Path   string // a local file, read in place of the URL; "" for others
	Accept string
	Max    int // bytes of the body
	// SHA2 says that a digest may lie beside the list, under its name with .sha2 in
	// place of .xml.
	SHA2 bool
	// Learned says that the URL stands in somebody's list rather than in the
	// configuration: port 443 only, and 80 if it is Plain.
	Learned bool
	// Plain permits http:// to public addresses, for what is signed and mostly
	// published so, as CRLs are (RFC 5280, 4.2.1.13). What comes that way may be held
	// back or kept from being renewed by anybody on the path, but not altered.
	Plain bool
	// AllowInsecure permits http:// and every address and port (loopback labs).
	AllowInsecure bool
	// AllowPrivate permits every address and port.
	AllowPrivate bool
}

// Answer is what a fetch brought. Its validators are good for the next fetch if
// the bytes were.
type Answer struct {
	Bytes       []byte
	NotModified bool
	Validators  Validators
}

// Fetcher fetches over HTTP. It may be used concurrently. The zero value is not
// usable; see NewFetcher.
type Fetcher struct {
	userAgent string
	public    http.RoundTripper
	private   http.RoundTripper // for targets that permit every address
	rules     []rule
	hints     hints
}

// NewFetcher returns a Fetcher whose User-Agent names this product and version, so
// that an origin's operator knows whom to ask. The error says which option is
// wrong, and repeats nothing of the proxy's URL.
func NewFetcher(o Options) (*Fetcher, error) {
	if p := o.Proxy; p != nil && (p.Scheme != "http" && p.Scheme != "https" || p.Hostname() == "") {
		return nil, errors.New("the proxy's URL has to be http://host:port or https://host:port")
	}
	rules, err := newRules(o)
	if err != nil {
		return nil, err
	}
	return &Fetcher{
		userAgent: "edgetrust/" + o.Version + " (+https://github.com/edgetrust/edgetrust)",
		public:    newTransport(o, o.CAs, false),
		private:   newTransport(o, o.CAs, true),
		rules:     rules,
	}, nil
}

// Close drops idle connections.
func (f *Fetcher) Close() {
	ways := []http.RoundTripper{f.public, f.private}
	for _, r := range f.rules {
		ways = append(ways, r.way)
	}
	for _, w := range ways {
		(&http.Client{Transport: w}).CloseIdleConnections()
	}
}

// Fetch gets a target. The body is read to its end or to the cap, within the
// context and Timeout. No error repeats the target's URL, though some name its
// host; none is longer than a line of a log.
func (f *Fetcher) Fetch(ctx context.Context, t Target, v Validators) (Answer, error) {
	if t.Path != "" {
		return readFile(t)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	if f.hinted(ctx, t, v) {
		return Answer{NotModified: true, Validators: v}, nil
	}
	a, err := f.get(ctx, t, v)
	if err != nil {
		return Answer{}, told(err)
	}
	return a, nil
}

// get asks for the body itself.
func (f *Fetcher) get(ctx context.Context, t Target, v Validators) (Answer, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	header := http.Header{
		"User-Agent":      {f.userAgent},
		"Accept":          {t.Accept},
		"Accept-Encoding": {"identity"},
	}
	if v.ETag != "" {
		header.Set("If-None-Match", v.ETag)
	}
	if v.LastModified != "" {
		header.Set("If-Modified-Since", v.LastModified)
	}
	resp, err := f.follow(ctx, t, header)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && (v.ETag != "" || v.LastModified != "") {
		return Answer{NotModified: true, Validators: v}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return Answer{}, statusError(resp)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return Answer{}, ErrEncoded
	}
	body := &paced{ctx: ctx, body: resp.Body}
	go body.watch(end)
	b, err := readAll(body, t.Max)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Bytes: b, Validators: Validators{
		ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"), SHA256: artefact.Sum(b), Fetched: time.Now(),
	}}, nil
}

func readFile(t Target) (Answer, error) {
	file, err := os.Open(t.Path)
	if err != nil {
		return Answer{}, unreadable(err)
	}
	defer file.Close()
	b, err := readAll(file, t.Max)
	if err != nil {
		return Answer{}, unreadable(err)
	}
	return Answer{Bytes: b}, nil
}
