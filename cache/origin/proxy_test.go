package origin

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// proxy is a CONNECT proxy on the loopback interface to which every name leads to
// one address.
type proxy struct {
	*httptest.Server
	address string // of the origin
	status  int    // 0: it lets through

	mu    sync.Mutex
	asked []string // host:port, and what was said for authentication
}

func newProxy(t *testing.T, address string) *proxy {
	t.Helper()
	p := &proxy{address: address}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	up, err := net.Dial("tcp", p.address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	w.WriteHeader(http.StatusOK)
	down, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	go func() { _, _ = io.Copy(up, buffered); _ = up.Close() }() // it may hold what came early
	_, _ = io.Copy(down, up)
}

// secure returns an origin with TLS, its host:port, and a fetcher's options that
// trust it for lists.example.
func secure(t *testing.T) (o *cachetest.Origin, address string, opts Options) {
	t.Helper()
	o = &cachetest.Origin{}
	base, ca, err := o.ListenTLS("lists.example")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	o.Set("/list", cachetest.Document{Body: []byte("list")})
	return o, strings.TrimPrefix(base, "https://"), Options{CAs: ca}
}

// Through a proxy a list is fetched by its name, which the proxy resolves, and the
// origin's own certificate is what counts.
func TestProxy(t *testing.T) {
	_, address, opts := secure(t)
	p := newProxy(t, address)
	opts.Proxy = mustParse(t, p.URL)
	opts.Proxy.User = url.UserPassword("node", "secret")
	f := newFetcher(t, opts)
	a, err := get(f, "https://lists.example/list", Validators{})
	if err != nil || string(a.Bytes) != "list" {
		t.Fatalf("%q %v", a.Bytes, err)
	}
	if want := "CONNECT lists.example:443 Basic bm9kZTpzZWNyZXQ="; len(p.asked) != 1 || p.asked[0] != want {
		t.Errorf("the proxy was asked for %q", p.asked)
	}
	if _, err := get(f, "https://other.example/list", Validators{}); err == nil {
		t.Error("a certificate for another name was accepted")
	}
	// An address that can be told by looking at it is refused all the same.
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost", "10.0.0.1", "2130706433"} {
		if _, err := get(f, "https://"+host+"/list", Validators{}); err == nil {
			t.Errorf("%s was fetched", host)
		}
	}
	if len(p.asked) != 2 {
		t.Errorf("the proxy was asked for %q", p.asked)
	}
}

// What a proxy's URL holds is in no error, and so in no log, however it fails.
func TestProxySecretIsNotTold(t *testing.T) {
	closed, err := cachetest.Refused()
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, mustParse(t, closed).Host)
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for name, c := range map[string]struct {
		url    string
		status int
	}{
		"407":       {url: p.URL, status: http.StatusProxyAuthRequired},
		"502":       {url: p.URL},
		"closed":    {url: closed},
		"not TLS":   {url: "https" + strings.TrimPrefix(p.URL, "http")},
		"socks":     {url: "socks5://127.0.0.1:1"},
		"ftp":       {url: "ftp://127.0.0.1:1"},
		"no host":   {url: "http://:3128"},
		"no scheme": {url: "//127.0.0.1:1"},
	} {
		p.status = c.status
		u := mustParse(t, c.url)
		u.User = url.UserPassword("node", "secret")
		f, err := NewFetcher(Options{Proxy: u})
		if err == nil {
			_, err = get(f, "https://lists.example/list", Validators{})
			f.Close()
		}
		if err == nil {
			t.Errorf("%s: fetched", name)
			continue
		}
		logger.Warn(name, "err", err)
	}
	for _, secret := range []string{"secret", "c2VjcmV0", "bm9kZTpzZWNyZXQ"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("told: %s", log.String())
		}
	}
}
