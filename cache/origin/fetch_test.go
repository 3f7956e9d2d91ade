package origin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// newFetcher returns a fetcher that is closed with the test.
func newFetcher(t *testing.T, o Options) *Fetcher {
	t.Helper()
	o.Version = "1.2.3"
	f, err := NewFetcher(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// socketless returns a fetcher whose requests an origin answers without a socket.
func socketless(t *testing.T, o *cachetest.Origin) *Fetcher {
	t.Helper()
	return newFetcher(t, Options{Transport: o})
}

func get(f *Fetcher, url string, v Validators) (Answer, error) {
	return f.Fetch(context.Background(), Target{URL: url, Accept: "application/jose", Max: 1000}, v)
}

// What a good origin serves arrives as it is, whatever it is called, and the next
// request is conditional.
func TestFetch(t *testing.T) {
	o := &cachetest.Origin{}
	base, err := o.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	f := newFetcher(t, Options{})
	modified := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doc := cachetest.Document{Body: []byte("list"), ContentType: "text/html", Modified: modified}
	o.Set("/list", doc)
	target := Target{URL: base + "/list", Accept: "application/jose", Max: 4, AllowInsecure: true}
	a, err := f.Fetch(t.Context(), target, Validators{})
	if err != nil || string(a.Bytes) != "list" || a.NotModified || a.Validators.ETag != doc.ETag() || a.Validators.LastModified == "" {
		t.Fatalf("%+v %v", a, err)
	}
	b, err := f.Fetch(t.Context(), target, a.Validators)
	if err != nil || !b.NotModified || len(b.Bytes) != 0 || b.Validators != a.Validators {
		t.Errorf("conditional: %+v %v", b, err)
	}
	o.Change("/list", func(d *cachetest.Document) { d.Body = []byte("next") })
	if a, err = f.Fetch(t.Context(), target, a.Validators); err != nil || string(a.Bytes) != "next" {
		t.Errorf("changed: %+v %v", a, err)
	}
	// Last-Modified serves where there is no ETag.
	o.Change("/list", func(d *cachetest.Document) { d.NoETag = true })
	if a, err = f.Fetch(t.Context(), target, Validators{}); err != nil || a.Validators.ETag != "" {
		t.Fatalf("%+v %v", a, err)
	}
	if a, err = f.Fetch(t.Context(), target, a.Validators); err != nil || !a.NotModified {
		t.Errorf("if modified since: %+v %v", a, err)
	}
	first := o.Requests("/list")[0].Header
	if ua := first.Get("User-Agent"); !strings.HasPrefix(ua, "edgetrust/1.2.3 (+https://") {
		t.Errorf("User-Agent %q", ua)
	}
	if first.Get("Accept-Encoding") != "identity" {
		t.Errorf("Accept-Encoding %q", first.Get("Accept-Encoding"))
	}
	if first.Get("Accept") != "application/jose" || first.Get("If-None-Match") != "" || first.Get("If-Modified-Since") != "" {
		t.Errorf("header %v", first)
	}
	// A closed port, and a connection that ends before the answer.
	o.Set("/refuse", cachetest.Document{Fault: cachetest.Refuse})
	target.URL = base + "/refuse"
	if _, err := f.Fetch(t.Context(), target, Validators{}); err == nil {
		t.Error("fetched over a connection that was cut")
	}
	o.Close()
	target.URL = base + "/list"
	if _, err := f.Fetch(t.Context(), target, Validators{}); err == nil {
		t.Error("fetched from a closed port")
	}
}

// What an origin does wrong is an error, and nothing of the body is kept.
func TestFetchFaults(t *testing.T) {
	body := bytes.Repeat([]byte("a"), 1000)
	for name, c := range map[string]struct {
		doc   cachetest.Document
		after time.Duration // the error comes after
		want  error         // nil: any
	}{
		"status 500":        {doc: cachetest.Document{Status: 500, Body: body}},
		"status 404":        {doc: cachetest.Document{Status: 404, Body: body}},
		"status 204":        {doc: cachetest.Document{Status: 204}},
		"status 206":        {doc: cachetest.Document{Status: 206, Body: body}},
		"304 without cause": {doc: cachetest.Document{Status: 304}},
		"too large":         {doc: cachetest.Document{Body: append(body, 'a')}, want: ErrTooLarge},
		"endless":           {doc: cachetest.Document{Fault: cachetest.Endless}, want: ErrTooLarge},
		"cut":               {doc: cachetest.Document{Body: body, Fault: cachetest.Cut}},
		"refused":           {doc: cachetest.Document{Fault: cachetest.Refuse}},
		"hangs":             {doc: cachetest.Document{Fault: cachetest.Hang}, after: Timeout, want: context.DeadlineExceeded},
		"slow answer":       {doc: cachetest.Document{Body: body, Delay: Timeout + time.Second}, after: Timeout, want: context.DeadlineExceeded},
		"slow header":       {doc: cachetest.Document{Fault: cachetest.Headers}, after: Timeout, want: context.DeadlineExceeded},
		"a byte per second": {doc: cachetest.Document{Body: body, Fault: cachetest.Trickle}, after: RateWindow, want: ErrTooSlow},
		"gzip bomb":         {doc: cachetest.Document{Fault: cachetest.Bomb}, want: ErrEncoded},
		"redirect loop":     {doc: cachetest.Document{Fault: cachetest.Loop}},
		"flap":              {doc: cachetest.Document{Body: body, Fault: cachetest.Flap}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &cachetest.Origin{}
				o.Set("/list", c.doc)
				start := time.Now()
				a, err := get(socketless(t, o), "https://lists.example/list", Validators{})
				if err == nil || a.Bytes != nil || a.NotModified || a.Validators != (Validators{}) {
					t.Errorf("%d bytes, %+v, %v", len(a.Bytes), a.Validators, err)
				}
				if c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if took := time.Since(start); took != c.after {
					t.Errorf("took %v, want %v", took, c.after)
				}
			})
		})
	}
}

// The cap is exact, and a slow answer within the time is an answer.
func TestFetchWithinLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &cachetest.Origin{}
		o.Set("/full", cachetest.Document{Body: bytes.Repeat([]byte("a"), 1000), Delay: Timeout - time.Second})
		if a, err := get(socketless(t, o), "https://lists.example/full", Validators{}); err != nil || len(a.Bytes) != 1000 {
			t.Errorf("%d bytes, %v", len(a.Bytes), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := socketless(t, o).Fetch(ctx, Target{URL: "https://lists.example/full", Max: 1000}, Validators{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("the caller's deadline: %v after %v", err, time.Since(start))
		}
	})
}

// http is for labs that ask for it; nothing but https, http and file is known.
func TestFetchSchemes(t *testing.T) {
	o := &cachetest.Origin{}
	o.Set("/list", cachetest.Document{Body: []byte("list")})
	f := socketless(t, o)
	for _, url := range []string{"http://lists.example/list", "HTTP://lists.example/list", "ftp://lists.example/list", "lists.example/list", "", "://", "data:,list", "unix:/list"} {
		if _, err := get(f, url, Validators{}); err == nil {
			t.Errorf("%q was fetched", url)
		}
	}
	if n := len(o.Requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
	if a, err := f.Fetch(t.Context(), Target{URL: "http://lists.example/list", Max: 10, AllowInsecure: true}, Validators{}); err != nil || string(a.Bytes) != "list" {
		t.Errorf("in a lab: %+v %v", a, err)
	}
}

// An origin whose certificate nobody vouches for is not fetched from, in a lab
// neither.
func TestFetchTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("list")) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // that the handshake fails is the point
	srv.TLS = &tls.Config{}
	srv.StartTLS()
	defer srv.Close()
	f := newFetcher(t, Options{})
	if _, err := f.Fetch(t.Context(), Target{URL: srv.URL, Max: 10, AllowInsecure: true}, Validators{}); err == nil {
		t.Error("an unknown certificate was accepted")
	}
}

// A local file is read to the cap.
func TestFetchFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "my list.pem")
	if err := os.WriteFile(name, []byte("list"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFetcher(t, Options{})
	a, err := f.Fetch(t.Context(), Target{URL: "file:my%20list.pem", Path: name, Max: 4}, Validators{})
	if err != nil || string(a.Bytes) != "list" {
		t.Errorf("%+v %v", a, err)
	}
	if a, err = f.Fetch(t.Context(), Target{URL: "file:x", Path: name, Max: 3}, Validators{}); !errors.Is(err, ErrTooLarge) || a.Bytes != nil {
		t.Errorf("too large: %+v %v", a, err)
	}
	for _, path := range []string{"", name + ".missing", filepath.Dir(name)} {
		_, err := f.Fetch(t.Context(), Target{URL: "file:x", Path: path, Max: 10}, Validators{})
		if err == nil || strings.Contains(err.Error(), filepath.Dir(name)) {
			t.Errorf("%q: %v", path, err)
		}
	}
}
