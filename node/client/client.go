// Package client talks to a node: to its public listener over HTTP/3, HTTP/2 or
// HTTP/1.1, and to its private one. It knows the wire and nothing of the server,
// ignores what it does not know, and returns a *Problem for every answer that is
// none.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// maxAnswer bounds the body of an answer.
const maxAnswer = 32 << 20

// The protocols of Options.Protocol.
const (
	HTTP3 = "h3"
	HTTP2 = "h2"
	HTTP1 = "h1"
)

// Media types of requests and answers.
const (
	JSON = "application/json"
	CBOR = "application/cbor"
)

// Options of a Client.
type Options struct {
	URL      string // of the public listener, https://host:port
	AdminURL string // of the private one, http://host:port; "" if it is not used

	Protocol string // HTTP3, HTTP2 or HTTP1; "": HTTP3

	Token      string // bearer token of the public listener
	AdminToken string // of the private one

	CAs            *x509.CertPool   // nil: the system's
	Certificate    *tls.Certificate // for a node that asks clients for one
	UnsafeInsecure bool             // any server certificate will do (labs)

	Timeout time.Duration // of one request; 0: 30 s
}

// Client may be used concurrently. Close ends its connections.
type Client struct {
	o         Options
	public    *url.URL
	admin     *url.URL
	http      *http.Client
	plain     *http.Client
	transport interface{ CloseIdleConnections() }
	closer    func() error
}

// New returns a Client. It does not connect yet.
func New(o Options) (*Client, error) {
	c := &Client{o: o, closer: func() error { return nil }}
	var err error
	if c.public, err = base(o.URL, "https"); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	if o.AdminURL != "" {
		if c.admin, err = base(o.AdminURL, "http", "https"); err != nil {
			return nil, fmt.Errorf("admin URL: %w", err)
		}
	}
	if c.o.Timeout == 0 {
		c.o.Timeout = 30 * time.Second
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.CAs, InsecureSkipVerify: o.UnsafeInsecure}
	if o.Certificate != nil {
		config.Certificates = []tls.Certificate{*o.Certificate}
	}
	transport, err := c.newTransport(config)
	if err != nil {
		return nil, err
	}
	plain := &http.Transport{TLSClientConfig: config.Clone()}
	c.transport = plain
	c.http = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	c.plain = &http.Client{Transport: plain, CheckRedirect: noRedirect}
	return c, nil
}

// noRedirect: a node never redirects, and a token must not follow one.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func base(raw string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not a URL (%s://host:port)", raw, schemes[0])
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return u, nil
		}
	}
	return nil, fmt.Errorf("%q has to begin with %s://", raw, strings.Join(schemes, ":// or "))
}

func (c *Client) newTransport(config *tls.Config) (http.RoundTripper, error) {
	protocols := new(http.Protocols)
	switch c.o.Protocol {
	case "", HTTP3:
		t := &http3.Transport{TLSClientConfig: config, QUICConfig: &quic.Config{
			Versions: []quic.Version{quic.Version1}, MaxIdleTimeout: 30 * time.Second, HandshakeIdleTimeout: 5 * time.Second,
		}}
		c.closer = t.Close
		return t, nil
	case HTTP2:
		protocols.SetHTTP2(true)
	case HTTP1:
		protocols.SetHTTP1(true)
	default:
		return nil, fmt.Errorf("protocol %q is none of %s, %s and %s", c.o.Protocol, HTTP3, HTTP2, HTTP1)
	}
	t := &http.Transport{TLSClientConfig: config, Protocols: protocols}
	c.closer = func() error { t.CloseIdleConnections(); return nil }
	return t, nil
}

// Close ends the connections.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return c.closer()
}

// Response is an answer as it came.
type Response struct {
	Status    int
	Protocol  string // HTTP/3.0, HTTP/2.0 or HTTP/1.1
	MediaType string
	Header    http.Header
	Body      []byte
}

// Do sends a request to the public listener and returns whatever came, problems
// included. The path is escaped already, and may have a query. The media types may
// be "" for JSON.
func (c *Client) Do(ctx context.Context, method, path, contentType, accept string, body []byte) (*Response, error) {
	return c.do(ctx, c.http, c.public, c.o.Token, method, path, contentType, accept, body)
}

// DoAdmin is Do for the private listener.
func (c *Client) DoAdmin(ctx context.Context, method, path, contentType, accept string, body []byte) (*Response, error) {
	if c.admin == nil {
		return nil, errors.New("no admin URL is set; give --admin")
	}
	return c.do(ctx, c.plain, c.admin, c.o.AdminToken, method, path, contentType, accept, body)
}

func (c *Client) do(ctx context.Context, via *http.Client, to *url.URL, token, method, path, contentType, accept string, body []byte) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	req, err := newRequest(ctx, to, token, method, path, or(accept, JSON), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", or(contentType, JSON))
	}
	resp, err := via.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return read(resp)
}

func newRequest(ctx context.Context, to *url.URL, token, method, path, accept string, body []byte) (*http.Request, error) {
	var src io.Reader
	if body != nil {
		src = bytes.NewReader(body)
	}
	path, query, _ := strings.Cut(path, "?")
	u := to.JoinPath(path)
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, u.String(), src)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// read takes in the whole answer.
func read(resp *http.Response) (*Response, error) {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("larger than %d bytes", maxAnswer)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read the answer: %w", err)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &Response{Status: resp.StatusCode, Protocol: resp.Proto, MediaType: media, Header: resp.Header, Body: b}, nil
}

func or(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

// get decodes a document.
func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var v T
	r, err := c.Do(ctx, http.MethodGet, path, "", "", nil)
	if err != nil {
		return v, err
	}
	return decode[T](r)
}

func decode[T any](r *Response) (v T, err error) {
	if r.Status != http.StatusOK {
		return v, problemOf(r)
	}
	if err := json.Unmarshal(r.Body, &v); err != nil {
		return v, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return v, nil
}
