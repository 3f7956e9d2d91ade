package node

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What a credential, a token or a trust list names is fetched from where the operator
// allows, and as little as possible otherwise.
func TestPermits(t *testing.T) {
	none := config.Status{}
	some := config.Status{AllowHosts: []string{"status.example", "ports.example:8443", "192.0.2.7"}}
	lab := config.Status{AllowHosts: []string{"127.0.0.1:8080", "lab.example"}, AllowInsecure: true}
	for _, c := range []struct {
		conf config.Status
		kind artefact.Kind
		uri  string
		want bool
	}{
		{none, artefact.Status, "https://anywhere.example/1", true},
		{none, artefact.IdentifierList, "https://anywhere.example/1", true},
		{none, artefact.Aggregation, "https://anywhere.example/1", true},
		{none, artefact.Status, "https://anywhere.example:443/1", true},
		{none, artefact.Status, "https://anywhere.example:8443/1", false},
		{none, artefact.Status, "https://anywhere.example:22/1", false},
		{none, artefact.Status, "http://anywhere.example/1", false},
		{none, artefact.IdentifierList, "http://anywhere.example/1", false},
		{none, artefact.Aggregation, "http://anywhere.example/1", false},
		{none, artefact.CRL, "http://anywhere.example/ca.crl", true},
		{none, artefact.CRL, "https://anywhere.example/ca.crl", true},
		{none, artefact.CRL, "http://anywhere.example:80/ca.crl", true},
		{none, artefact.CRL, "http://anywhere.example:8080/ca.crl", false},
		{none, artefact.CRL, "http://anywhere.example:443/ca.crl", false},
		{none, artefact.CRL, "ldap://anywhere.example/cn=ca", false},
		{none, artefact.CRL, "ldap:///cn=ca", false},
		{none, artefact.Status, "https://user@anywhere.example/1", false},
		{none, artefact.Status, "https://anywhere.example/1#part", false},
		{none, artefact.Status, "https:///1", false},
		{none, artefact.Status, "https:anywhere.example", false},
		{none, artefact.Status, "//anywhere.example/1", false},
		{none, artefact.Status, "/1", false},
		{none, artefact.Status, "", false},
		{none, artefact.Status, "file:///etc/passwd", false},
		{none, artefact.Status, "ftp://anywhere.example/1", false},
		{none, artefact.Status, "https://anywhere.example/\x01", false},
		{some, artefact.Status, "https://status.example/1", true},
		{some, artefact.Status, "https://status.example:443/1", true},
		{some, artefact.Status, "https://status.example:8443/1", false},
		{some, artefact.Status, "https://ports.example:8443/1", true},
		{some, artefact.Status, "https://ports.example/1", false},
		{some, artefact.Status, "https://other.example/1", false},
		{some, artefact.Status, "https://status.example.evil.example/1", false},
		{some, artefact.Status, "https://sub.status.example/1", false},
		{some, artefact.Status, "https://192.0.2.7/1", true}, // whether it may be dialled is the fetcher's to say
		{some, artefact.CRL, "http://status.example/ca.crl", true},
		{some, artefact.CRL, "http://other.example/ca.crl", false},
		{some, artefact.Status, "http://status.example/1", false},
		{lab, artefact.Status, "http://127.0.0.1:8080/1", true},
		{lab, artefact.Status, "http://lab.example:9000/1", true},
		{lab, artefact.Status, "https://lab.example:9000/1", true},
		{lab, artefact.Status, "http://127.0.0.1:8081/1", false},
		{lab, artefact.Status, "file://lab.example/1", false},
	} {
		n := &Node{opts: Options{Config: &config.Config{Status: c.conf}}}
		if got := n.permits(artefact.ID{Kind: c.kind, Name: c.uri}); got != c.want {
			t.Errorf("allow_hosts %q, %s %q: %v", c.conf.AllowHosts, c.kind, c.uri, got)
		}
	}
}

// A host that the operator names with its port may be asked there; any other only
// where its scheme has its port.
func TestFoundListsKeepToTheirPort(t *testing.T) {
	conf := config.Status{AllowHosts: []string{"ports.example:8443", "status.example"}}
	for _, c := range []struct {
		uri     string
		came    cache.Came
		learned bool
	}{
		{"https://ports.example:8443/1", cache.Found, false},
		{"https://status.example/1", cache.Found, true},
		{"https://status.example/1", cache.Aggregated, true},
		{"https://status.example/1", cache.Anchored, true},
		{"https://status.example:9443/1", cache.Prefetched, false},
	} {
		f := statusTarget(conf, cache.Target{ID: artefact.ID{Kind: artefact.Status, Name: c.uri}, Came: c.came})
		if f.Target.Learned != c.learned || (f.Spread == 0) != (c.came == cache.Prefetched) {
			t.Errorf("%s by %s: learned %v, spread %s", c.uri, c.came, f.Target.Learned, f.Spread)
		}
	}
}

// When a list is looked at again, by what its token says.
func TestStatusNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := statusNext(config.Status{RefreshMin: 30 * time.Second, RefreshMax: 5 * time.Minute})
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		for name, c := range map[string]struct {
			out  cache.Outcome
			want time.Duration
		}{
			"ttl":                               {cache.Outcome{TTL: 2 * time.Minute, Ends: in(12 * time.Hour)}, 2 * time.Minute},
			"ttl of a second":                   {cache.Outcome{TTL: time.Second, Ends: in(12 * time.Hour)}, 30 * time.Second},
			"ttl of a day":                      {cache.Outcome{TTL: 24 * time.Hour, Ends: in(240 * time.Hour)}, 5 * time.Minute},
			"longest ttl":                       {cache.Outcome{TTL: 1<<63 - 1, Ends: in(240 * time.Hour)}, 5 * time.Minute},
			"no ttl, a week":                    {cache.Outcome{Ends: in(8 * 24 * time.Hour)}, 5 * time.Minute},
			"no ttl, six minutes":               {cache.Outcome{Ends: in(6 * time.Minute)}, 3 * time.Minute},
			"the end is nearer than ttl":        {cache.Outcome{TTL: 5 * time.Minute, Ends: in(2 * time.Minute)}, time.Minute},
			"the end is nearer than twice ttl":  {cache.Outcome{TTL: 4 * time.Minute, Ends: in(6 * time.Minute)}, 3 * time.Minute},
			"the end is nearer than the least":  {cache.Outcome{TTL: 5 * time.Minute, Ends: in(10 * time.Second)}, 30 * time.Second},
			"expired":                           {cache.Outcome{TTL: 5 * time.Minute, Ends: in(-time.Hour)}, 30 * time.Second},
			"just expired":                      {cache.Outcome{Ends: in(0)}, 30 * time.Second},
			"nothing came of it":                {cache.Outcome{}, 5 * time.Minute},
			"ttl and no end, which cannot come": {cache.Outcome{TTL: time.Minute}, time.Minute},
		} {
			if got := next(c.out); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
	})
}

// Bytes that were refused do not get better by being fetched again and again: the
// publisher has to act. A list of megabytes would come thousands of times a day.
func TestRefusedTokenIsNotFetchedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		uri := issuerHost + "/refused"
		c := newCore(t, `prefetch: ["`+uri+`"]`)
		defer c.run()()
		list := c.PID("DE").StatusList(uri)
		token, err := list.Token(verifytest.FormJWT, time.Now(), verifytest.TokenOptions{Signer: c.Stranger().Revocation})
		if err != nil {
			t.Fatal(err)
		}
		c.net.serve(uri, func(*http.Request) reply { return reply{body: token} })
		time.Sleep(6 * time.Hour)
		if n := len(c.net.requests(uri)); n < 60 || n > 100 {
			t.Errorf("%d requests in six hours, want one in five minutes", n)
		}
		c.net.publish(list, verifytest.FormJWT)
		time.Sleep(7 * time.Minute)
		if sum := c.node.store.StatusLists(time.Now()); sum.Held != 1 {
			t.Errorf("mended, and not held: %+v", sum)
		}
	})
}
