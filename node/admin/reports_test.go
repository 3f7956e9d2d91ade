package admin

import (
	"strings"
	"testing"
)

// The operator's reports are open on loopback, need the token off it, and are none of a
// browser's business.
func TestWhoMaySeeReports(t *testing.T) {
	for path, with := range map[string]func(...func(*Options)) Options{
		"/v1/members":      func(change ...func(*Options)) Options { return clustered(cluster{}, change...) },
		"/v1/status-lists": func(change ...func(*Options)) Options { return keeping(StatusReport{}, change...) },
	} {
		for _, c := range []struct {
			what   string
			o      Options
			method string
			header []string
			status int
		}{
			{"on loopback", with(), "GET", nil, 200},
			{"headers only", with(), "HEAD", nil, 200},
			{"off loopback", with(offLoopback), "GET", nil, 401},
			{"off loopback, with the token", with(offLoopback), "GET", []string{"Authorization", bearer}, 200},
			{"off loopback, no token configured", with(offLoopback, noToken), "GET", nil, 403},
			{"a page of a browser", with(), "GET", []string{"Origin", "https://evil.example"}, 403},
			{"another name", with(), "GET", []string{"Host", "evil.example"}, 403},
			{"a POST", with(), "POST", []string{"Authorization", bearer}, 405},
			{"a node without", options(), "GET", nil, 404},
		} {
			if w := ask(c.o, c.method, path, "", c.header...); w.Code != c.status {
				t.Errorf("%s, %s: %d, want %d: %s", path, c.what, w.Code, c.status, w.Body)
			}
		}
	}
}

// A node in no cluster says how it would be in one.
func TestNoCluster(t *testing.T) {
	for _, o := range []Options{clustered(cluster{none: true}), options()} {
		if w := ask(o, "GET", "/v1/members", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "gossip in its configuration") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
