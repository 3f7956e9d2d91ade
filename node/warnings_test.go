package node

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// careful is a configuration that nothing has to be said of.
func careful() *config.Config {
	c := config.Default()
	c.DataDir = "/var/lib/edgetrust"
	c.Public.TLS = config.TLS{Cert: "server.crt", Key: "server.key"}
	c.Trust.Sources = []config.Source{{Name: "pid", Type: config.TypeLoTE}, {Name: "eu", Type: config.TypeLOTL}}
	c.Trust.Rewrite = []config.Rewrite{{From: "https://a/", To: "https://b/"}}
	return c
}

// Each weakness is said, by its name, and nothing else is.
func TestWarnings(t *testing.T) {
	if w := Warnings(careful()); len(w) > 0 {
		t.Errorf("of a careful configuration: %q", w)
	}
	for says, weaken := range map[string]func(*config.Config){
		"data_dir is absent":                          func(c *config.Config) { c.DataDir = "" },
		"self-signed":                                 func(c *config.Config) { c.Public.TLS = config.TLS{} },
		"public.auth is open":                         func(c *config.Config) { c.Public.Auth.Open = true },
		"through the proxy proxy:3128":                func(c *config.Config) { c.Egress.Proxy = proxy("http://u:secret@proxy:3128") },
		"source pid is fetched over plain HTTP":       func(c *config.Config) { c.Trust.Sources[0].AllowInsecure = true },
		"source eu allows lists of version 5":         func(c *config.Config) { c.Trust.Sources[1].AllowVersion5 = true },
		"forbids: missing_members, no_outer_member":   func(c *config.Config) { c.Trust.Sources[0].Allow = []string{"missing_members", "no_outer_member"} },
		"source pid takes a:x for a:y":                func(c *config.Config) { c.Trust.Sources[0].Aliases = map[string]string{"a:x": "a:y"} },
		"under https://a/ is fetched from https://b,": func(c *config.Config) { c.Trust.Rewrite[0].AllowPrivate = true },
		"status.allow_insecure":                       func(c *config.Config) { c.Status.AllowInsecure = true },
		"a request to an issuer's host":               func(c *config.Config) { c.Status.OnMiss = config.Fetch },
		"policy default skips crl":                    func(c *config.Config) { p := verify.DefaultPolicy(); p.CRL = verify.Skip; c.Policies["default"] = p },
		"policy default for kind eaa skips crl": func(c *config.Config) {
			p := verify.DefaultPolicy()
			p.Kinds = map[trustlist.Kind]verify.Revocation{trustlist.KindEAA: {Status: verify.Required, CRL: verify.Skip}}
			c.Policies["default"] = p
		},
		"policy default for type org.x skips status": func(c *config.Config) {
			p := verify.DefaultPolicy()
			p.Types = map[string]verify.Revocation{"org.x": {Status: verify.Skip, CRL: verify.Required}}
			c.Policies["default"] = p
		},
		"policy default skips status": func(c *config.Config) { p := verify.DefaultPolicy(); p.Status = verify.Skip; c.Policies["default"] = p },
	} {
		c := careful()
		weaken(c)
		w := Warnings(c)
		if len(w) != 1 || !strings.Contains(w[0], says) || strings.Contains(w[0], "secret") {
			t.Errorf("%q: %q", says, w)
		}
	}
}

// A secret that lies open is named, not what is in it.
func TestWarningsOfOpenSecrets(t *testing.T) {
	c := careful()
	path := filepath.Join(t.TempDir(), "gossip.key")
	if err := os.WriteFile(path, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Gossip = &config.Gossip{KeyFile: path}
	if w := Warnings(c); len(w) != 1 || !strings.HasPrefix(w[0], "gossip.key_file may be read by everybody") {
		t.Errorf("%q", w)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if w := Warnings(c); len(w) > 0 {
		t.Errorf("of a file for few: %q", w)
	}
}

// A fleet that rewrites a whole world to one site of its own is told so once.
func TestWarningsOfManyRewrites(t *testing.T) {
	c := careful()
	for _, country := range []string{"de", "fr", "nl"} {
		c.Trust.Rewrite = append(c.Trust.Rewrite, config.Rewrite{From: "https://" + country + ".example/", To: "https://our.example/" + country + "/", AllowPrivate: true})
	}
	want := []string{"what stands under https://de.example/ (and 2 more) is fetched from https://our.example, which may be plain HTTP and on private addresses"}
	if d := cmp.Diff(want, Warnings(c)); d != "" {
		t.Error(d)
	}
}

// Several aliases are named in one order, so that logs can be compared.
func TestWarningsHaveAnOrder(t *testing.T) {
	c := careful()
	c.Trust.Sources[0].Aliases = map[string]string{"a:2": "b:2", "a:1": "b:1", "a:3": "b:3"}
	w := Warnings(c)
	if d := cmp.Diff(slices.Sorted(slices.Values(w)), w); d != "" || len(w) != 3 {
		t.Error(d)
	}
}

func proxy(raw string) *url.URL {
	u, _ := url.Parse(raw)
	return u
}
