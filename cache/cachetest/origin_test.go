package cachetest

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// doors are the ways to an origin: a socket, a socket with TLS, none.
func doors(t *testing.T, o *Origin) map[string]func(path string) (*http.Response, error) {
	t.Helper()
	plain, err := o.Listen()
	if err != nil {
		t.Fatal(err)
	}
	secure, ca, err := o.ListenTLS("lists.example")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	door := func(base string, way http.RoundTripper) func(string) (*http.Response, error) {
		client := &http.Client{Transport: way, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		t.Cleanup(client.CloseIdleConnections)
		return func(path string) (*http.Response, error) { return client.Get(base + path) }
	}
	return map[string]func(string) (*http.Response, error){
		"socket": door(plain, &http.Transport{DisableCompression: true}),
		"TLS":    door(secure, &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: ca, ServerName: "lists.example"}}),
		"memory": door("https://lists.example", o),
	}
}

// What an origin is told to do it does through every door.
func TestOrigin(t *testing.T) {
	o := &Origin{}
	for name, get := range doors(t, o) {
		t.Run(name, func(t *testing.T) {
			o.SetAll(Document{Body: []byte("list")}, "/good", "/"+name)
			o.Chain("/first", "/second", "https://evil.example/")
			o.Set("/busy", Document{Status: 503, RetryAfter: "60", Body: []byte("later")})
			o.Set("/cut", Document{Body: []byte("list"), Fault: Cut})
			o.Set("/refuse", Document{Fault: Refuse})
			for _, c := range []struct {
				path, location string
				status         int
				body           string
			}{
				{path: "/good", status: 200, body: "list"},
				{path: "/" + name, status: 200, body: "list"},
				{path: "/none", status: 404},
				{path: "/first", status: 302, location: "/second"},
				{path: "/second", status: 302, location: "https://evil.example/"},
				{path: "/busy", status: 503, body: "later"},
			} {
				resp, err := get(c.path)
				if err != nil {
					t.Errorf("%s: %v", c.path, err)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != c.status || string(body) != c.body || resp.Header.Get("Location") != c.location {
					t.Errorf("%s: %s %q %q %v", c.path, resp.Status, body, resp.Header.Get("Location"), err)
				}
				if after := resp.Header.Get("Retry-After"); (c.status == 503) != (after == "60") {
					t.Errorf("%s: Retry-After %q", c.path, after)
				}
			}
			if _, err := get("/refuse"); err == nil {
				t.Error("answered over a connection that is refused")
			}
			if resp, err := get("/cut"); err != nil {
				t.Error(err)
			} else if _, err := io.ReadAll(resp.Body); err == nil {
				t.Error("a body that is cut came whole")
			}
			if n := len(o.Requests("/" + name)); n != 1 || o.Sent("/"+name) != 4 {
				t.Errorf("%d requests, %d bytes", n, o.Sent("/"+name))
			}
		})
	}
}

// The bomb is small until it is unpacked, and comes unasked for.
func TestBomb(t *testing.T) {
	o := &Origin{}
	o.Set("/bomb", Document{Fault: Bomb})
	resp, err := doors(t, o)["memory"]("/bomb")
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal(resp, err)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); n != 64<<20 || err != nil || o.Sent("/bomb") > 1<<20 {
		t.Errorf("%d bytes from %d, %v", n, o.Sent("/bomb"), err)
	}
}

// Every second answer is good, counted by path.
func TestFlap(t *testing.T) {
	o := &Origin{}
	o.SetAll(Document{Body: []byte("list"), Fault: Flap}, "/a", "/b")
	get := doors(t, o)["memory"]
	var got []int
	for range 3 {
		for _, path := range []string{"/a", "/b"} {
			resp, err := get(path)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, resp.StatusCode)
		}
	}
	if fmt.Sprint(got) != "[500 500 200 200 500 500]" {
		t.Errorf("answers %v", got)
	}
}

// A slow header begins and does not end; it ends with the client.
func TestSlowHeader(t *testing.T) {
	o := &Origin{}
	o.Set("/slow", Document{Fault: Headers})
	base, err := o.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /slow HTTP/1.1\r\nHost: lists.example\r\n\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("%q %v", line, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://lists.example/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := o.RoundTrip(r); err == nil {
		t.Errorf("an answer: %v", resp.Status)
	}
}

// Nobody listens at a refused URL.
func TestRefused(t *testing.T) {
	url, err := Refused()
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get(url); err == nil {
		t.Errorf("an answer: %v", resp.Status)
	}
}
