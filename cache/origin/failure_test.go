package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// What an origin writes in place of an answer is told on one line of bounded length.
func TestFailuresAreBounded(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":         strings.Repeat("garbage\x1b[31m\u202e ", 2000) + "\r\n\r\n",
		"status":          "HTTP/1.1 " + strings.Repeat("9", 5000) + " OK\r\n\r\n",
		"header":          "HTTP/1.1 200 OK\r\n" + strings.Repeat("garbage ", 2000) + "\r\n\r\n",
		"transfer coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + strings.Repeat("x", 5000) + "\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			f := piped(t, func(w io.Writer) { _, _ = io.WriteString(w, answer) })
			_, err := f.Fetch(t.Context(), plain, Validators{})
			if err == nil {
				t.Fatalf("%s: fetched", name)
			}
			if text := err.Error(); len([]rune(text)) > maxFailure || strings.ContainsAny(text, "\x1b\u202e\n") {
				t.Errorf("%s: %d bytes: %q", name, len(text), text)
			}
		})
	}
}

// A failure says what happened, and what to do where there is something.
func TestFailuresSayWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			doc  cachetest.Document
			want string
			is   error
		}{
			"cut within the body": {cachetest.Document{Body: []byte("a list"), Fault: cachetest.Cut}, "cut", nil},
			"hangs":               {cachetest.Document{Fault: cachetest.Hang}, "did not come in time", context.DeadlineExceeded},
		} {
			o := &cachetest.Origin{}
			o.Set("/list", c.doc)
			_, err := get(socketless(t, o), "https://lists.example/list", Validators{})
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, answer := range map[string]string{"nothing": "", "half a body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"} {
			f := piped(t, func(w io.Writer) { _, _ = io.WriteString(w, answer) })
			if _, err := f.Fetch(t.Context(), plain, Validators{}); err == nil || !strings.HasPrefix(err.Error(), "the connection ended before the answer did") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	o := &cachetest.Origin{}
	base, _, err := o.ListenTLS("lists.example")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	_, err = newFetcher(t, Options{}).Fetch(t.Context(), Target{URL: base + "/list", Max: 10, AllowInsecure: true}, Validators{})
	if err == nil || !strings.Contains(err.Error(), "egress.ca_file") {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
}

// The words of a proxy are not repeated, and one that wants a password says where
// it belongs.
func TestProxyRefuses(t *testing.T) {
	for status, want := range map[string]string{
		"407 CANARY": "http://user:password@host:port",
		"403 CANARY": "the proxy answered 403 Forbidden",
		"299 CANARY": "the proxy answered 299",
	} {
		f := newFetcher(t, Options{Proxy: &url.URL{Scheme: "http", Host: answering(t, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")}})
		_, err := get(f, "https://lists.example/list", Validators{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// answering returns the address of a listener that answers one request with this.
func answering(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, answer)
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}
