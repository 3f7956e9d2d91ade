package origin

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped returns a fetcher whose one connection is answered in memory.
func piped(t *testing.T, answer func(io.Writer)) *Fetcher {
	t.Helper()
	way := newTransport(Options{}, nil, true).(*http.Transport)
	way.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			if _, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
				answer(server)
			}
		}()
		return client, nil
	}
	return newFetcher(t, Options{Transport: way})
}

var plain = Target{URL: "http://lists.example/list", Max: 1 << 20, AllowInsecure: true}

// A header has a time of its own, shorter than that of the whole, and it does not
// help to keep sending.
func TestSlowHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := piped(t, func(w io.Writer) {
			_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nX-Slow: ")
			for err == nil {
				time.Sleep(time.Second)
				_, err = w.Write([]byte{'a'})
			}
		})
		start := time.Now()
		if _, err := f.Fetch(t.Context(), plain, Validators{}); err == nil {
			t.Error("fetched")
		}
		if took := time.Since(start); took != headerTimeout {
			t.Errorf("took %v", took)
		}
		time.Sleep(2 * time.Second) // the other side ends, too
	})
}

// A header has a size.
func TestLargeHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrote int
		f := piped(t, func(w io.Writer) {
			_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\n")
			for err == nil && wrote < 100*maxHeaderBytes {
				var n int
				n, err = io.WriteString(w, "X-Large: "+strings.Repeat("a", 1000)+"\r\n")
				wrote += n
			}
		})
		if _, err := f.Fetch(t.Context(), plain, Validators{}); err == nil {
			t.Error("fetched")
		}
		synctest.Wait() // the other side has ended, too
		if wrote > 2*maxHeaderBytes {
			t.Errorf("read %d bytes of header", wrote)
		}
	})
}

// A body may be slow, not slower than MinRate in any window; the whole has its time
// all the same.
func TestRate(t *testing.T) {
	const header = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
	window := int(MinRate * RateWindow / time.Second)
	for name, c := range map[string]struct {
		chunks []int // one in each window
		want   error
		after  time.Duration
	}{
		"just enough":  {chunks: []int{window, window, window}, want: context.DeadlineExceeded, after: Timeout},
		"just too few": {chunks: []int{window - 1, window, window}, want: ErrTooSlow, after: RateWindow},
		"a fast start": {chunks: []int{50 * window, window - 1, window}, want: ErrTooSlow, after: 2 * RateWindow},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := piped(t, func(w io.Writer) {
					_, err := io.WriteString(w, header)
					time.Sleep(RateWindow / 2)
					for _, n := range c.chunks {
						if err == nil {
							_, err = w.Write(make([]byte, n))
						}
						time.Sleep(RateWindow)
					}
				})
				start := time.Now()
				a, err := f.Fetch(t.Context(), plain, Validators{})
				if !errors.Is(err, c.want) || a.Bytes != nil {
					t.Errorf("%d bytes, error %v, want %v", len(a.Bytes), err, c.want)
				}
				if took := time.Since(start); took != c.after {
					t.Errorf("took %v, want %v", took, c.after)
				}
				time.Sleep(Timeout) // the other side ends, too
			})
		})
	}
}

// A proxy of the environment is none of ours. net/http reads the environment once
// in a process, so that it is no use to set it here.
func TestProxyOfTheEnvironment(t *testing.T) {
	for _, private := range []bool{true, false} {
		if newTransport(Options{}, nil, private).(*http.Transport).Proxy != nil {
			t.Errorf("private %v: there is a proxy that nobody configured", private)
		}
	}
}

// HTTP/2 is spoken with those who can, within the same limits.
func TestHTTP2(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("asked in %s", r.Proto)
		}
		_, err := w.Write([]byte("list"))
		for r.URL.Path == "/endless" && err == nil {
			_, err = w.Write(make([]byte, 1<<10))
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	ca := x509.NewCertPool()
	ca.AddCert(srv.Certificate())
	f := newFetcher(t, Options{CAs: ca})
	target := Target{URL: srv.URL + "/list", Max: 1 << 20, AllowPrivate: true}
	if a, err := f.Fetch(t.Context(), target, Validators{}); err != nil || string(a.Bytes) != "list" {
		t.Errorf("%q %v", a.Bytes, err)
	}
	target.URL = srv.URL + "/endless"
	if a, err := f.Fetch(t.Context(), target, Validators{}); !errors.Is(err, ErrTooLarge) || a.Bytes != nil {
		t.Errorf("endless: %d bytes, %v", len(a.Bytes), err)
	}
	f.Close()
}
