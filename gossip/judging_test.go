package gossip_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

// An authority is replaced while the cluster runs: whom the new one does not vouch for is
// out within seconds, though its certificate is good for a month, and nobody else notices.
func TestReplacedAuthorityExpels(t *testing.T) {
	inWorld(t, 50, lan, []string{"a"}, func(w *world) {
		w.members(4)
		honest, expelled := w.nodes[:3], w.nodes[3]
		stolen := expelled.Credentials()
		old := w.CA
		renewed, err := gossiptest.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range w.nodes {
			n.Reach.Trust(old, renewed)
		}
		w.CA = renewed
		for _, n := range honest {
			if err := n.Renew(30 * 24 * time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		for range 60 {
			time.Sleep(time.Second)
			if !w.all(w.nodes, 3) {
				t.Fatal("somebody is not trusted while both authorities are")
			}
		}
		for _, n := range honest {
			n.Reach.Trust(renewed)
		}
		w.until(10*time.Second, "it is trusted by nobody", func() bool { return w.all(honest, 2) })
		for range 60 {
			time.Sleep(time.Second)
			if !w.all(honest, 2) {
				t.Fatal("it is trusted again, or others are not")
			}
		}
		h, _ := gossiptest.NewVersion("a", 500, 2000, 0)
		for _, to := range honest {
			_ = expelled.Cluster.SendRaw(to.Addr(), gossip.Seal(stolen.Key, to.Credentials().Certificate, expelled.Name, to.Name, gossip.PacketAnnounce, announcement(stolen.Key, expelled.Name, h)))
		}
		w.nodes = honest
		w.spread(honest[0], "a", 2*time.Second)
		for _, n := range honest {
			if !n.Store.HeardAt(h).IsZero() {
				t.Errorf("%s listens to it", n.Name)
			}
		}
	})
}

// A replaced certificate speaks for its member for as long as others need to know the
// next one, and never after its own end.
func TestReplacedKeyIsSilent(t *testing.T) {
	inWorld(t, 51, lan, []string{"a"}, func(w *world) {
		w.members(3)
		to, victim := w.nodes[0], w.nodes[1]
		version := uint64(500)
		heard := func(key gossip.Credentials) bool {
			version++
			h, _ := gossiptest.NewVersion("a", version, 2000, 0)
			p := gossip.Seal(key.Key, to.Credentials().Certificate, victim.Name, to.Name, gossip.PacketAnnounce, announcement(key.Key, victim.Name, h))
			_ = w.nodes[2].Cluster.SendRaw(to.Addr(), p)
			time.Sleep(time.Second)
			return !to.Store.HeardAt(h).IsZero()
		}
		for what, k := range map[string]struct {
			life        time.Duration // of the certificate that is replaced
			while, then time.Duration // after that
		}{
			"it has expired":            {5 * time.Minute, 3 * time.Minute, 5 * time.Minute},
			"it would be good for long": {30 * 24 * time.Hour, 8 * time.Minute, 12 * time.Minute},
		} {
			if err := victim.Renew(k.life); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Second)
			stolen := victim.Credentials()
			if err := victim.Renew(60 * 24 * time.Hour); err != nil {
				t.Fatal(err)
			}
			renewed := time.Now()
			time.Sleep(k.while)
			if !heard(stolen) {
				t.Errorf("%s: what was on its way is not taken", what)
			}
			time.Sleep(time.Until(renewed.Add(k.then)))
			if heard(stolen) {
				t.Errorf("%s: the key of before is listened to", what)
			}
			if !heard(victim.Credentials()) {
				t.Errorf("%s: the key of now is not listened to", what)
			}
		}
	})
}

// A member that shows a bad certificate when it is looked at is nobody from then on; one
// that cannot be reached stays what it was.
func TestLookEndsBadly(t *testing.T) {
	inWorld(t, 52, lan, []string{"a"}, func(w *world) {
		w.members(3)
		other, err := gossiptest.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		m := w.nodes[2]
		strange, err := other.Issue(m.Name, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		bad := *m.Service
		bad.Certificate = func() *x509.Certificate { return strange.Certificate }
		for _, k := range []struct {
			what    string
			service *gossiptest.Service
			trusted int
		}{{"nothing", nil, 2}, {"a certificate of another authority", &bad, 1}, {"its own again", m.Service, 2}} {
			w.Net.Serve(m.Peer().Addr, k.service)
			_ = w.nodes[1].Cluster.SendRaw(w.nodes[0].Addr(), gossip.Seal(strange.Key, w.nodes[0].Credentials().Certificate, m.Name, w.nodes[0].Name, gossip.PacketLooks, nil)) // so that it is doubted
			w.until(time.Minute, k.what+" was shown", func() bool { return trusted(w.nodes[0]) == k.trusted })
			time.Sleep(10 * time.Second)
			if n := trusted(w.nodes[0]); n != k.trusted {
				t.Errorf("%s is shown: %d are trusted, want %d", k.what, n, k.trusted)
			}
		}
	})
}
