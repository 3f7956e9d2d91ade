package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

const (
	defaultNode  = "https://localhost:8443"
	defaultAdmin = "http://localhost:9443"

	// udpPatience is how long HTTP/3 may take to answer before HTTP/2 is tried.
	udpPatience = 2 * time.Second
	// refusedPatience is what is left of it once TCP was refused at the same port.
	refusedPatience = 300 * time.Millisecond
)

// nodeURL is the public listener's.
func (c *connection) nodeURL() string {
	if c.Node == "" {
		return defaultNode
	}
	return c.Node
}

// adminURL is the private listener's. With --node alone it is not known: the
// default would be another node's.
func (c *connection) adminURL() string {
	if c.Admin == "" && c.Node == "" {
		return defaultAdmin
	}
	return c.Admin
}

// dial makes the client for both listeners, over the protocol given.
func (c *connection) dial(protocol string) (*client.Client, error) {
	o := client.Options{
		URL: c.nodeURL(), AdminURL: c.adminURL(), Protocol: protocol, UnsafeInsecure: c.Insecure, Timeout: c.Timeout,
	}
	var err error
	if o.CAs, err = readCAs(c.CA); err != nil {
		return nil, err
	}
	if o.Token, err = readToken("--token-file", c.TokenFile); err != nil {
		return nil, err
	}
	if o.AdminToken, err = readToken("--admin-token-file", c.AdminTokenFile); err != nil {
		return nil, err
	}
	cl, err := client.New(o)
	if err != nil {
		return nil, &usageError{text: err.Error()}
	}
	return cl, nil
}

// public makes a client for the public listener. Over HTTP/3 it asks for a small
// document first: if nothing answers over UDP, which networks often drop, it goes
// on over HTTP/2 and says so.
func (r *run) public() (*client.Client, error) {
	cl, err := r.dial(r.Protocol)
	if err != nil || r.Protocol != client.HTTP3 {
		return cl, err
	}
	silent, err := r.probe(cl)
	if err == nil && !silent {
		return cl, nil
	}
	_ = cl.Close()
	if err != nil {
		return nil, r.ask(err)
	}
	r.warn("nothing answers over UDP at %s; using HTTP/2 (--protocol h2 saves the wait)", r.nodeURL())
	return r.dial(client.HTTP2)
}

// probe says whether HTTP/3 stays silent while TCP may do better. An error is one
// that HTTP/2 would meet, too.
func (r *run) probe(cl *client.Client) (silent bool, err error) {
	ctx, cancel := context.WithTimeout(r.ctx, min(udpPatience, r.Timeout))
	defer cancel()
	answered := make(chan error, 1)
	go func() {
		_, err := cl.Do(ctx, http.MethodGet, "/v1/info", "", "", nil)
		answered <- err
	}()
	refused := make(chan error, 1)
	go func() {
		if err := knock(ctx, r.nodeURL()); isRefused(err) {
			refused <- err
		}
	}()
	select {
	case err = <-answered:
	case noTCP := <-refused:
		select {
		case err = <-answered:
		case <-time.After(refusedPatience):
			return false, noTCP
		}
	}
	if err == nil || r.ctx.Err() != nil {
		return false, err
	}
	var unreachable *net.OpError
	if isTimeout(err) || errors.As(err, &unreachable) && !isLookup(err) {
		return true, nil
	}
	return false, err
}

func isLookup(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// knock opens a TCP connection and closes it.
func knock(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// private makes a client for the private listener.
func (r *run) private() (*client.Client, error) {
	if r.adminURL() == "" {
		return nil, &usageError{text: "--node names a node, and its private listener is not known", hint: "give --admin URL, too"}
	}
	return r.dial(client.HTTP1) // the private listener has no other
}

func (r *run) ask(err error) error      { return &askError{err, r.nodeURL(), false} }
func (r *run) askAdmin(err error) error { return &askError{err, r.adminURL(), true} }

// get fetches a document of the public listener, as it is.
func (r *run) get(cl *client.Client, path string) ([]byte, error) {
	resp, err := cl.Do(r.ctx, http.MethodGet, path, "", "", nil)
	if err != nil {
		return nil, r.ask(err)
	}
	if resp.Status != http.StatusOK {
		return nil, r.ask(problem(resp))
	}
	return resp.Body, nil
}
