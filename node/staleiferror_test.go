package node

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestStaleIfError: after a good list its origin answers with errors. The list is
// relied on until its exp and not a second longer, and nobody is told that he may.
// Peers have served lists past their end where an HTTP cache before them honoured
// stale-if-error.
func TestStaleIfError(t *testing.T) {
	for _, status := range []int{404, 410, 403, 500} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				uri := issuerHost + "/one"
				c := newCore(t, `prefetch: ["`+uri+`"]`)
				defer c.run()()
				list := c.PID("DE").StatusList(uri)
				made := time.Now().Truncate(time.Second)
				exp := made.Add(time.Hour)
				token, err := list.Token(verifytest.FormJWT, made, verifytest.TokenOptions{Expires: exp})
				if err != nil {
					t.Fatal(err)
				}
				c.net.serve(uri, func(*http.Request) reply {
					return reply{body: token, header: http.Header{"Cache-Control": {"max-age=86400, stale-if-error=604800"}}}
				})
				c.seeded()
				good, _ := list.Allocate(verifytest.StatusGood)
				w := c.issue(c.PID("DE"), good)
				time.Sleep(time.Minute)
				if s := w.show(); s != "valid" {
					t.Fatal(s)
				}
				h := api.New(api.Options{Engine: engine{c.node}, Holdings: engine{c.node}, NodeName: "core"})
				if !wantNoLonger(t, h, uri, exp) {
					t.Error("a fresh list may be kept by nobody")
				}
				c.net.serve(uri, func(*http.Request) reply {
					return reply{status: status, header: http.Header{"Cache-Control": {"stale-if-error=604800"}}}
				})
				check := func() {
					t.Helper()
					want := "valid"
					if !time.Now().Before(exp) {
						want = "indeterminate status_token_expired"
					}
					if s := w.show(); s != want {
						t.Errorf("%s before its end: %s, want %s", time.Until(exp), s, want)
					}
					wantNoLonger(t, h, uri, exp)
				}
				for time.Now().Before(exp.Add(-2 * time.Second)) {
					check()
					time.Sleep(min(97*time.Second, time.Until(exp.Add(-2*time.Second))))
				}
				for _, d := range []time.Duration{-time.Second, -time.Nanosecond, 0, time.Second, time.Hour, 48 * time.Hour} {
					time.Sleep(time.Until(exp.Add(d)))
					check()
				}
				if n := len(c.net.requests(uri)); n < 10 {
					t.Errorf("%d requests: the origin was not asked again", n)
				}
			})
		})
	}
}

// wantNoLonger wants what the node serves of a list to be good until exp at most, and
// says whether it may be kept at all.
func wantNoLonger(t *testing.T, h http.Handler, uri string, exp time.Time) (kept bool) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/status-lists?uri="+url.QueryEscape(uri), nil))
	control := rec.Header().Get("Cache-Control")
	if rec.Code != 200 || strings.Contains(control, "stale") || rec.Header().Get("Expires") != "" {
		t.Errorf("status %d, Cache-Control %q", rec.Code, control)
	}
	maxAge, public := strings.CutPrefix(control, "public, max-age=")
	if !public {
		if control != "no-cache" { // its ttl is over, and nobody knows of a newer one
			t.Errorf("%s before its end: Cache-Control %q", time.Until(exp), control)
		}
		return false
	}
	most, err := strconv.Atoi(maxAge)
	age, bad := strconv.Atoi(rec.Header().Get("Age"))
	if err != nil || bad != nil {
		t.Fatalf("%q, Age %q", control, rec.Header().Get("Age"))
	}
	if until := time.Now().Add(time.Duration(most-age) * time.Second); until.After(exp) {
		t.Errorf("%s before its end a cache may keep it for %d s", time.Until(exp), most-age)
	}
	return true
}
