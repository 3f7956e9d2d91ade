// Package origin fetches lists from their publishers: on a schedule, never because
// a presentation arrived, with caps on size, time and redirects. What it fetches
// goes to the Store's Admit and nowhere else.
package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Limits of one fetch.
const (
	Timeout      = 30 * time.Second
	MaxRedirects = 3
)

// Target is something to fetch.
type Target struct {
	URL    string // as it is configured; it names the target, too
	Path   string // the local file that a file: URL stands for; "" for others
	Accept string
	Max    int // bytes of the body
	// AllowInsecure permits http:// (loopback labs).
	AllowInsecure bool
}

// Validators are what the origin said of the last answer, for a conditional
// request.
type Validators struct {
	ETag         string
	LastModified string
}

// Answer is what a fetch brought.
type Answer struct {
	Bytes       []byte
	NotModified bool
	Validators  Validators
}

// ErrTooLarge says that the body passed the cap; what was read is dropped.
var ErrTooLarge = errors.New("body larger than the cap")

// Fetcher fetches over HTTP. The zero value is not usable; see NewFetcher.
type Fetcher struct {
	client    *http.Client
	userAgent string
}

// NewFetcher returns a Fetcher whose User-Agent names this product and version, so
// that an origin's operator knows whom to ask.
func NewFetcher(version string) *Fetcher {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a proxy of the environment would be a surprise in a daemon
	transport.ResponseHeaderTimeout = Timeout
	transport.MaxResponseHeaderBytes = 64 << 10
	f := &Fetcher{userAgent: "edgetrust/" + version + " (+https://github.com/edgetrust/edgetrust)"}
	f.client = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return f
}

// Close drops idle connections.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > MaxRedirects {
		return fmt.Errorf("more than %d redirects", MaxRedirects)
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return errors.New("redirected from https to another scheme")
	}
	return nil
}

// Fetch gets a target. The body is read to its end or to the cap, within the
// context and Timeout.
func (f *Fetcher) Fetch(ctx context.Context, t Target, v Validators) (Answer, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return Answer{}, fmt.Errorf("failed to parse the URL: %w", err)
	}
	switch {
	case u.Scheme == "file":
		return readFile(t)
	case u.Scheme == "https", u.Scheme == "http" && t.AllowInsecure:
	default:
		return Answer{}, fmt.Errorf("scheme %q is not allowed: use https, or allow_insecure in a lab", u.Scheme)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("User-Agent", f.userAgent)
	req.Header.Set("Accept", t.Accept)
	if v.ETag != "" {
		req.Header.Set("If-None-Match", v.ETag)
	}
	if v.LastModified != "" {
		req.Header.Set("If-Modified-Since", v.LastModified)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && v != (Validators{}) {
		return Answer{NotModified: true, Validators: v}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return Answer{}, fmt.Errorf("the origin answered %s", resp.Status)
	}
	b, err := readAll(resp.Body, t.Max)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Bytes: b, Validators: Validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}}, nil
}

func readFile(t Target) (Answer, error) {
	file, err := os.Open(t.Path)
	if err != nil {
		return Answer{}, err
	}
	defer file.Close()
	b, err := readAll(file, t.Max)
	return Answer{Bytes: b}, err
}

func readAll(r io.Reader, max int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(max)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > max {
		return nil, ErrTooLarge
	}
	return b, nil
}
