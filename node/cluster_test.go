package node

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
	"github.com/edgetrust/edgetrust/node/config"
)

// Every mistake in what a cluster is made of names its member of the configuration, and
// says what to do.
func TestClusterMistakes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	other, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const member = "mode: member\n  listen: \"127.0.0.1:0\"\n  transfer: \"127.0.0.1:0\"\n  key_file: gossip.key"
	for name, c := range map[string]struct {
		gossip string
		break_ func(f *fleet)
		want   []string
	}{
		"short key":           {member, func(f *fleet) { f.file(0, "gossip.key", "c2hvcnQ=\n") }, []string{"gossip.key_file", "32 are needed"}},
		"no key file":         {member, func(f *fleet) { _ = os.Remove(filepath.Join(f.folder(0), "gossip.key")) }, []string{"gossip.key_file"}},
		"another node's name": {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), "somebody", identitytest.Issue{Jurisdiction: "EU"}) }, []string{"gossip.tls.cert", "edge-0", "somebody"}},
		"no name":             {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), "", identitytest.Issue{Jurisdiction: "EU"}) }, []string{"gossip.tls.cert", "edge-0"}},
		"another authority": {member, func(f *fleet) {
			_ = other.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU"})
			f.file(0, "ca.pem", string(f.ca.PEM()))
		}, []string{"gossip.tls.c"}},
		"another jurisdiction": {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "US"}) }, []string{"residency.jurisdiction", "US"}},
		"RSA": {member, func(f *fleet) {
			_ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU", RSA: true})
		}, []string{"gossip.tls.key", "P-256"}},
		"expired": {member, func(f *fleet) {
			_ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU", NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
		}, []string{"gossip.tls.cert"}},
		"listen in use":   {strings.Replace(member, "listen: \"127.0.0.1:0\"", "listen: \""+busy.Addr().String()+"\"", 1), nil, []string{"gossip.listen", "another node"}},
		"transfer in use": {strings.Replace(member, "transfer: \"127.0.0.1:0\"", "transfer: \""+busy.Addr().String()+"\"", 1), nil, []string{"gossip.transfer", "another node"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1, fleetOptions{})
			if c.break_ != nil {
				c.break_(f)
			}
			err := f.startHere(c.gossip)
			if err == nil {
				t.Fatal("it started")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			t.Log(err)
		})
	}
}

// startHere starts the first node in this process, and stops it if it does start.
func (f *fleet) startHere(gossip string) error {
	f.file(0, "edgenode.yaml", f.yaml(0, gossip))
	conf, err := config.Load(filepath.Join(f.folder(0), "edgenode.yaml"))
	if err != nil {
		return err
	}
	n, err := New(Options{Config: conf, UnsafeDev: true})
	if err != nil {
		return err
	}
	if err := n.Start(f.t.Context()); err != nil {
		n.Close()
		return err
	}
	_ = n.Stop(f.t.Context())
	return nil
}

// A leaf keeps its connections open through devices that forget quiet ones, and trusts
// the proxy that the configuration trusts.
func TestClientOptions(t *testing.T) {
	ca, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "proxy.pem")
	if err := os.WriteFile(file, ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{config.Member, config.Leaf} {
		c := config.Default()
		c.Gossip = &config.Gossip{Mode: mode}
		c.Egress = config.Egress{Proxy: &url.URL{Scheme: "https", Host: "proxy.example:3129"}, CAFile: file}
		o, err := clientOptions(c)
		if err != nil {
			t.Fatal(err)
		}
		if o.Proxy != c.Egress.Proxy || o.ProxyCAs == nil {
			t.Errorf("%s: proxy %v, its authorities %v", mode, o.Proxy, o.ProxyCAs)
		}
		if leaf := mode == config.Leaf; leaf != (o.KeepAlive > 0) {
			t.Errorf("%s: something is sent every %v", mode, o.KeepAlive)
		}
		c.Egress.CAFile += ".not"
		if _, err := clientOptions(c); err == nil || !strings.Contains(err.Error(), "egress.ca_file") {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
