package config

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// gossipKey is a key whose bytes are all the same, and its text.
func gossipKey(b byte, size int) ([]byte, string) {
	key := bytes.Repeat([]byte{b}, size)
	return key, base64.StdEncoding.EncodeToString(key)
}

func TestKeys(t *testing.T) {
	a, aText := gossipKey(0xfb, 32) // with + and / in it
	b, bText := gossipKey(2, 32)
	g := &Gossip{KeyFile: put(t, t.TempDir(), "gossip.key", "# of today\n\n  "+strings.TrimRight(aText, "=")+"  \r\n"+bText+"\n#of yesterday")}
	got, err := g.Keys()
	if err != nil || len(got) != 2 || !bytes.Equal(got[0], a) || !bytes.Equal(got[1], b) {
		t.Errorf("%d keys, %v", len(got), err)
	}
}

func TestWrongKeys(t *testing.T) {
	dir := t.TempDir()
	_, good := gossipKey(1, 32)
	_, short := gossipKey(1, 31)
	_, long := gossipKey(1, 33)
	var many strings.Builder
	for i := range maxKeys + 1 {
		_, text := gossipKey(byte(i), 32)
		fmt.Fprintln(&many, text)
	}
	for content, says := range map[string]string{
		"":                                    "no key in it; make one with head -c 32 /dev/urandom | base64",
		"# none":                              "no key in it",
		"\n" + short:                          "line 2: a key of 31 bytes, 32 are needed; make one with head",
		long:                                  "line 1: a key of 33 bytes, 32 are needed",
		good + "\nnot a key":                  "line 2: not base64; make a key with head",
		good + good:                           "line 1: not base64",
		good + "\n" + good:                    "line 2: this key stands twice",
		good + "\n" + strings.Trim(good, "="): "line 2: this key stands twice",
		many.String():                         "line 9: more than 8 keys",
		strings.Repeat("#", maxKeyFile+1):     "larger than 65536",
		strings.Replace(good, "AQ", "A_", 1):  "line 1: not base64",
	} {
		g := &Gossip{KeyFile: put(t, dir, "gossip.key", content)}
		_, err := g.Keys()
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), g.KeyFile) {
			t.Errorf("%.40q: %v, want %s", content, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "AQEB") {
			t.Errorf("a key is repeated: %v", err)
		}
	}
	if _, err := (&Gossip{KeyFile: filepath.Join(dir, "absent")}).Keys(); err == nil {
		t.Error("a file that is not there has keys")
	}
	last := strings.TrimSuffix(many.String(), "\n")
	last = last[:strings.LastIndex(last, "\n")]
	if keys, err := (&Gossip{KeyFile: put(t, dir, "gossip.key", last)}).Keys(); err != nil || len(keys) != maxKeys {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

// FuzzKeys: whatever a file holds, its keys have their size and are different.
func FuzzKeys(f *testing.F) {
	_, good := gossipKey(7, 32)
	f.Add(good + "\n# c\n" + strings.TrimRight(good, "="))
	f.Add("AAAA====\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys(text)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for i, k := range keys {
			if len(k) != keySize || slices.ContainsFunc(keys[:i], func(o []byte) bool { return bytes.Equal(o, k) }) {
				t.Fatalf("key %d", i)
			}
		}
	})
}

func TestExposed(t *testing.T) {
	dir := t.TempDir()
	g := &Gossip{KeyFile: put(t, dir, "gossip.key", ""), TLS: GossipTLS{Key: put(t, dir, "node.key", "")}}
	if f := g.Exposed(); len(f) > 0 {
		t.Errorf("%q", f)
	}
	for _, path := range []string{g.KeyFile, g.TLS.Key} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if f := g.Exposed(); !slices.Equal(f, []string{"gossip.key_file", "gossip.tls.key"}) {
		t.Errorf("%q", f)
	}
	if f := (&Gossip{KeyFile: filepath.Join(dir, "absent")}).Exposed(); len(f) > 0 {
		t.Errorf("%q", f)
	}
}

// What check-config finds good of a node's identity is what the node starts with.
func TestNodeCertificate(t *testing.T) {
	dir := t.TempDir()
	_, key := gossipKey(1, 32)
	put(t, dir, "gossip.key", key)
	now := time.Now()
	ca, err := identitytest.New(now)
	if err != nil {
		t.Fatal(err)
	}
	check := func(residency string) error {
		t.Helper()
		cfg, err := Parse([]byte(named(goodMember)+"\nresidency: "+residency), dir)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Trust.Sources = nil // whose files are another test's
		return cfg.CheckFiles()
	}
	for what, c := range map[string]struct {
		residency, name string
		issue           identitytest.Issue
		field, says     string // "": it is good
	}{
		"good":               {"{jurisdiction: EU, allow: [EU]}", "edge-1", identitytest.Issue{Jurisdiction: "EU"}, "", ""},
		"no jurisdiction":    {"{}", "edge-1", identitytest.Issue{}, "", ""},
		"one unasked for":    {"{}", "edge-1", identitytest.Issue{Jurisdiction: "EU", URIs: []string{"urn:other:1"}}, "", ""},
		"another's name":     {"{jurisdiction: EU}", "edge-2", identitytest.Issue{Jurisdiction: "EU", DNS: []string{"edge-1"}}, "gossip.tls.cert", `for "edge-2" and this node is "edge-1"`},
		"no name":            {"{jurisdiction: EU}", "", identitytest.Issue{Jurisdiction: "EU"}, "gossip.tls.cert", `this node is "edge-1"`},
		"stands elsewhere":   {"{jurisdiction: EU}", "edge-1", identitytest.Issue{Jurisdiction: "CH"}, "residency.jurisdiction", `names "CH"`},
		"says not where":     {"{jurisdiction: EU}", "edge-1", identitytest.Issue{}, "residency.jurisdiction", "have one issued with the URI urn:edgetrust:jurisdiction:EU"},
		"not allowed itself": {"{allow: [EU]}", "edge-1", identitytest.Issue{Jurisdiction: "US"}, "residency.allow", `this node is of "US" itself`},
		"would be refused":   {"{allow: [EU]}", "edge-1", identitytest.Issue{}, "residency.allow", "names no jurisdiction"},
		"another algorithm":  {"{}", "edge-1", identitytest.Issue{RSA: true}, "gossip.tls.key", "P-256"},
		"expired":            {"{}", "edge-1", identitytest.Issue{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)}, "gossip.tls.cert", "expired"},
	} {
		if err := ca.Write(dir, c.name, c.issue); err != nil {
			t.Fatal(err)
		}
		err := check(c.residency)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), c.field+": ")) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := ca.Write(dir, "edge-1", identitytest.Issue{}); err != nil {
		t.Fatal(err)
	}
	_, other := pair(t)
	put(t, dir, "node.key", other)
	if err := check("{}"); err == nil || !strings.HasPrefix(err.Error(), "gossip.tls.key: ") || !strings.Contains(err.Error(), "is not the key of the certificate") {
		t.Errorf("another's key: %v", err)
	}
}
