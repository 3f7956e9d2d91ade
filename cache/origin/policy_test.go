package origin

import (
	"errors"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// What a target permits, and what it does not: the error says what to do, and no
// request is made.
func TestFetchPolicy(t *testing.T) {
	const public = "https://lists.example/list"
	for _, c := range []struct {
		url    string
		target Target
		want   string // of the error; "": it is fetched
	}{
		{url: public},
		{url: "https://lists.example:8443/list"},
		{url: "https://8.8.8.8/list"},
		{url: "https://[2400:cb00::1]/list"},
		{url: "http://lists.example/list", want: "use https"},
		{url: "http://lists.example/list", target: Target{AllowPrivate: true}, want: "use https"},
		{url: "http://lists.example/list", target: Target{AllowInsecure: true}},
		{url: "http://127.0.0.1:81/list", target: Target{AllowInsecure: true}},
		{url: "http://localhost/list", target: Target{AllowInsecure: true}},
		{url: "https://10.0.0.1/list", want: "allow_insecure"},
		{url: "https://10.0.0.1/list", target: Target{AllowPrivate: true}},
		{url: "https://[::1]/list", want: "allow_insecure"},
		{url: "https://[::ffff:127.0.0.1]/list", want: "allow_insecure"},
		{url: "https://[::ffff:8.8.8.8]/list", want: "allow_insecure"},
		{url: "https://[64:ff9b::7f00:1]/list", want: "allow_insecure"},
		{url: "https://[2002:7f00:1::]/list", want: "allow_insecure"},
		{url: "https://[fe80::1%25eth0]/list", want: "allow_insecure"},
		{url: "https://localhost/list", want: "loopback"},
		{url: "https://LOCALHOST./list", want: "loopback"},
		{url: "https://any.localhost/list", want: "loopback"},
		{url: "https://127.0.0.1./list", want: "loopback"},
		{url: "https://2130706433/list", want: "usual spelling"},
		{url: "https://0x7f000001/list", want: "usual spelling"},
		{url: "https://0X7F.1/list", want: "usual spelling"},
		{url: "https://0177.0.0.1/list", want: "usual spelling"},
		{url: "https://127.1/list", want: "usual spelling"},
		{url: "https://127.0.0.0x1/list", want: "usual spelling"},
		{url: "https://0x/list", want: "usual spelling"},
		{url: "https://lists.example../list", want: "usual spelling"},
		{url: "https://127.1/list", target: Target{AllowPrivate: true}, want: "usual spelling"},
		{url: "https://１２７.0.0.1/list", want: "plain ASCII"},
		{url: "https://ⓛocalhost/list", want: "plain ASCII"},
		{url: "https://lists%20.example/list", want: "cannot be parsed"},
		{url: "https://user:secret@lists.example/list", want: "credentials"},
		{url: "https://secret@lists.example/list", target: Target{AllowInsecure: true}, want: "credentials"},
		{url: "https:///list", want: "no host"},
		{url: "https:lists.example/list", want: "no host"},
		{url: "https://:443/list", want: "no host"},
		{url: public, target: Target{Learned: true}},
		{url: "https://lists.example:443/list", target: Target{Learned: true}},
		{url: "https://lists.example:8443/list", target: Target{Learned: true}, want: "trust.rewrite"},
		{url: "https://lists.example:80/list", target: Target{Learned: true}, want: "trust.rewrite"},
		{url: "http://lists.example/list", target: Target{Learned: true}, want: "trust.rewrite"},
		{url: "https://lists.example:8443/list", target: Target{Learned: true, AllowPrivate: true}},
		{url: "file:///list", target: Target{Learned: true}, want: "not allowed"},
		{url: public, target: Target{Plain: true, Learned: true}},
		{url: "http://lists.example/list", target: Target{Plain: true}},
		{url: "http://lists.example:8080/list", target: Target{Plain: true}},
		{url: "http://8.8.8.8/list", target: Target{Plain: true, Learned: true}},
		{url: "http://[2400:cb00::1]/list", target: Target{Plain: true, Learned: true}},
		{url: "http://lists.example/list", target: Target{Plain: true, Learned: true}},
		{url: "http://lists.example:80/list", target: Target{Plain: true, Learned: true}},
		{url: "http://lists.example:443/list", target: Target{Plain: true, Learned: true}},
		{url: "http://lists.example:8080/list", target: Target{Plain: true, Learned: true}, want: "ports 80 and 443"},
		{url: "https://lists.example:8443/list", target: Target{Plain: true, Learned: true}, want: "ports 80 and 443"},
		{url: "http://lists.example:8080/list", target: Target{Plain: true, Learned: true, AllowPrivate: true}},
		{url: "http://127.0.0.1/list", target: Target{Plain: true}, want: "allow_insecure"},
		{url: "http://10.0.0.1/list", target: Target{Plain: true, Learned: true}, want: "allow_insecure"},
		{url: "http://169.254.169.254/list", target: Target{Plain: true, Learned: true}, want: "allow_insecure"},
		{url: "http://[::1]/list", target: Target{Plain: true}, want: "allow_insecure"},
		{url: "http://[::ffff:8.8.8.8]/list", target: Target{Plain: true}, want: "allow_insecure"},
		{url: "http://localhost/list", target: Target{Plain: true}, want: "loopback"},
		{url: "http://2130706433/list", target: Target{Plain: true}, want: "usual spelling"},
		{url: "http://user:secret@lists.example/list", target: Target{Plain: true}, want: "credentials"},
		{url: "ldap://lists.example/list", target: Target{Plain: true}, want: "not allowed"},
		{url: "ftp://lists.example/list", target: Target{Plain: true, Learned: true}, want: "not allowed"},
	} {
		o := &cachetest.Origin{}
		o.Set("/list", cachetest.Document{Body: []byte("list")})
		c.target.URL, c.target.Max = c.url, 4
		a, err := socketless(t, o).Fetch(t.Context(), c.target, Validators{})
		if c.want == "" {
			if err != nil || string(a.Bytes) != "list" {
				t.Errorf("%s %+v: %v", c.url, c.target, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.url, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "/list") {
			t.Errorf("%s: the error repeats the URL: %v", c.url, err)
		}
		if n := len(o.Requests("")); n != 0 {
			t.Errorf("%s: %d requests", c.url, n)
		}
		if strings.Contains(c.want, "allow_insecure") && !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: %v is not ErrNotPublic", c.url, err)
		}
	}
}
