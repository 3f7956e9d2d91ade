package identity_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// A renewed certificate is taken up whole, whatever is written first, and each handshake
// has what is in use then.
func TestReload(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	write(t, a, dir, "edge-1", identitytest.Issue{Jurisdiction: "EU"})
	id, err := identity.Load(options(dir, "edge-1"))
	if err != nil {
		t.Fatal(err)
	}
	server, peer := id.Server(), node(t, a, "edge-2", identitytest.Issue{})
	first, _ := id.Credentials()
	if changed, err := id.Reload(); changed || err != nil {
		t.Fatalf("nothing changed: %v, %v", changed, err)
	}
	next, err := a.Issue("edge-1", identitytest.Issue{Jurisdiction: "EU"})
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "node.crt"), filepath.Join(dir, "node.key")
	put(t, cert, next.CertPEM[:100])
	for range 2 { // half a file, then a certificate whose key is not there yet
		changed, err := id.Reload()
		if now, _ := id.Credentials(); changed || err == nil || !strings.Contains(err.Error(), "stay in use") || !now.Equal(first) {
			t.Errorf("%v, %v", changed, err)
		}
		put(t, cert, next.CertPEM)
	}
	put(t, key, next.KeyPEM)
	changed, err := id.Reload()
	now, k := id.Credentials()
	if !changed || err != nil || !now.Equal(next.TLS.Leaf) || !k.PublicKey.Equal(now.PublicKey) {
		t.Fatalf("%v, %v", changed, err)
	}
	shown := server.Clone() // the configuration of before
	if _, atClient, atServer := handshake(peer.Client(), shown, "edge-1"); atClient != nil || atServer != nil {
		t.Errorf("%v, %v", atClient, atServer)
	}
	got, err := shown.GetCertificate(nil)
	if err != nil || !got.Leaf.Equal(next.TLS.Leaf) {
		t.Error("a handshake has the certificate of before")
	}
	_ = os.Remove(key)
	if changed, err := id.Reload(); changed || err == nil || !strings.HasPrefix(err.Error(), "gossip.tls.key: ") {
		t.Errorf("a key that is gone: %v, %v", changed, err)
	}
}

// What would not do at start does not do later.
func TestReloadRefuses(t *testing.T) {
	a, others := newAuthority(t), newAuthority(t)
	for what, k := range map[string]struct {
		from  *identitytest.Authority
		name  string
		issue identitytest.Issue
		good  bool
	}{
		"the like":             {a, "edge-1", identitytest.Issue{Jurisdiction: "EU"}, true},
		"another name":         {a, "edge-2", identitytest.Issue{Jurisdiction: "EU"}, false},
		"another jurisdiction": {a, "edge-1", identitytest.Issue{Jurisdiction: "CH"}, false},
		"expired":              {a, "edge-1", identitytest.Issue{Jurisdiction: "EU", NotAfter: time.Now().Add(-time.Second)}, false},
		"another authority":    {others, "edge-1", identitytest.Issue{Jurisdiction: "EU"}, true}, // with its own file
	} {
		dir := t.TempDir()
		write(t, a, dir, "edge-1", identitytest.Issue{Jurisdiction: "EU"})
		id, err := identity.Load(options(dir, "edge-1", "EU"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, k.from, dir, k.name, k.issue)
		if changed, err := id.Reload(); changed != k.good || (err == nil) != k.good {
			t.Errorf("%s: %v, %v", what, changed, err)
		}
	}
}

// An authority is replaced without a moment in which members do not know one another:
// first both are trusted, then certificates are renewed, then the old one goes.
func TestAuthorityIsReplaced(t *testing.T) {
	old, renewed := newAuthority(t), newAuthority(t)
	dirs, names := []string{t.TempDir(), t.TempDir()}, []string{"edge-1", "edge-2"}
	ids := make([]*identity.Identity, 2)
	for n := range ids {
		write(t, old, dirs[n], names[n], identitytest.Issue{})
		var err error
		if ids[n], err = identity.Load(options(dirs[n], names[n])); err != nil {
			t.Fatal(err)
		}
	}
	servers, clients := ids, ids
	meet := func(what string) {
		t.Helper()
		for n := range ids {
			if changed, err := ids[n].Reload(); !changed && err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if _, atClient, atServer := handshake(clients[n].Client(), servers[1-n].Server(), names[1-n]); atClient != nil || atServer != nil {
				t.Errorf("%s: %v, %v", what, atClient, atServer)
			}
		}
	}
	both := bytes.Join([][]byte{old.PEM(), renewed.PEM()}, nil)
	for n := range ids {
		put(t, filepath.Join(dirs[n], "ca.pem"), both)
		meet("both trusted by " + names[n])
	}
	for n := range ids {
		issued, err := renewed.Issue(names[n], identitytest.Issue{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dirs[n], "node.crt"), issued.CertPEM)
		put(t, filepath.Join(dirs[n], "node.key"), issued.KeyPEM)
		meet("renewed at " + names[n])
	}
	for n := range ids {
		put(t, filepath.Join(dirs[n], "ca.pem"), renewed.PEM())
		meet("the old one gone at " + names[n])
	}
	left := node(t, old, "edge-3", identitytest.Issue{})
	if _, _, atServer := handshake(left.Client(), ids[0].Server(), "edge-1"); atServer == nil {
		t.Error("a certificate of the old authority was accepted")
	}
}

// A connection that is open is judged by the authorities of now, not by those under which
// it was made.
func TestOpenConnectionIsJudged(t *testing.T) {
	old, renewed := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	write(t, old, dir, "edge-1", identitytest.Issue{})
	id, err := identity.Load(options(dir, "edge-1"))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := old.Issue("edge-2", identitytest.Issue{})
	if err != nil {
		t.Fatal(err)
	}
	open := tls.ConnectionState{PeerCertificates: []*x509.Certificate{issued.TLS.Leaf}, ServerName: "edge-2"}
	another := open
	another.ServerName = "edge-3"
	server, client := id.Server().VerifyConnection, id.Client().VerifyConnection
	for range 2 { // the second time from memory
		if err := errors.Join(server(open), client(open)); err != nil {
			t.Error(err)
		}
		if client(another) == nil {
			t.Error("good for another name")
		}
	}
	write(t, renewed, dir, "edge-1", identitytest.Issue{})
	if changed, err := id.Reload(); !changed || err != nil {
		t.Fatal(changed, err)
	}
	for what, verify := range map[string]func(tls.ConnectionState) error{"server": server, "client": client} {
		if _, ok := errors.AsType[*tls.CertificateVerificationError](verify(open)); !ok {
			t.Errorf("%s: %v, of an authority that is gone", what, verify(open))
		}
	}
}

// Each fault is said once, and what is taken up.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		dir := t.TempDir()
		write(t, a, dir, "edge-1", identitytest.Issue{})
		id, err := identity.Load(options(dir, "edge-1"))
		if err != nil {
			t.Fatal(err)
		}
		var log logged
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); id.Watch(ctx, time.Minute, log.logger()) }()
		said := func(what string, after time.Duration, want ...string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			lines := log.take()
			if len(lines) != len(want) {
				t.Errorf("%s: %q", what, lines)
				return
			}
			for n, w := range want {
				if !strings.Contains(lines[n], w) {
					t.Errorf("%s: %s, want %s", what, lines[n], w)
				}
			}
		}
		said("nothing changed", 5*time.Minute+time.Second)
		put(t, filepath.Join(dir, "node.key"), []byte("x"))
		said("a fault", time.Minute, "level=ERROR")
		said("the same fault", 5*time.Minute)
		put(t, filepath.Join(dir, "node.crt"), []byte("x"))
		said("another fault", time.Minute, "gossip.tls.cert")
		write(t, a, dir, "edge-1", identitytest.Issue{NotAfter: time.Now().Add(30 * 24 * time.Hour)})
		said("mended", time.Minute, "reloaded")
		end := id.NotAfter()
		said("a second before seven days before", time.Until(end.Add(-7*24*time.Hour-time.Second)))
		said("seven days before", time.Minute+time.Second, "expires soon")
		said("the same day", 23*time.Hour)
		said("the next day", 2*time.Hour, "expires soon")
		time.Sleep(time.Until(end.Add(24 * time.Hour)))
		log.take()
		said("after the end", 24*time.Hour, "has expired")
		write(t, a, dir, "edge-1", identitytest.Issue{NotAfter: time.Now().Add(24 * time.Hour)})
		said("renewed, for short", time.Minute, "reloaded", "expires soon")
		cancel()
		<-done
	})
}
