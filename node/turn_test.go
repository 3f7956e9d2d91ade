package node

import (
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// left says whether the look at a list is left to others, by a node that has not met
// them yet.
func (w *spreadWorld) left(id artefact.ID) bool {
	w.t.Helper()
	c := w.n.cluster
	if c.gossip == nil {
		c.gossip = gossip.NewCluster(gossip.ClusterOptions{Name: "edge-1", Store: w.spread, Credentials: func() gossip.Credentials { return gossip.Credentials{} }})
	}
	f := c.shared(origin.Followed{ID: id, Door: artefact.Origin, Next: func(cache.Outcome) time.Duration { return time.Hour }}, 0)
	return f.Turn() > 0
}

// Two authorities publish under one URL (one was replaced, and its successor counts from
// one again): each node looks itself, since the number of the one says nothing of the
// other's; also one that has nothing of the other's yet.
func TestTurnOfTwoAuthorities(t *testing.T) {
	w := newSpreadWorld(t, 0)
	w.admit(pidList, artefact.Origin, w.lote("pid", 3))
	const url = "https://crl.example/shared.crl"
	id := artefact.ID{Kind: artefact.CRL, Name: url}
	follow := func(a *verifytest.Authority) {
		w.n.store.Discover([]verify.Lacking{{URI: url, Anchor: verify.AnchorRef{List: "pid", Entity: a.ID}, Issuer: a.CA.Cert}})
		w.n.store.FollowFound(time.Now())
	}
	admit := func(a *verifytest.Authority, number int64) {
		t.Helper()
		b, err := a.CRL().Sign(time.Now(), verifytest.CRLOptions{Number: big.NewInt(number)})
		if err != nil {
			t.Fatal(err)
		}
		w.admit(id, artefact.Origin, b)
	}
	want := func(what string, left bool) {
		t.Helper()
		if w.left(id) != left {
			t.Errorf("%s: left to others %v", what, !left)
		}
	}
	old, next := w.PID("DE"), w.PID("FR")
	follow(old)
	admit(old, 1000)
	want("one authority's list", true)
	admit(old, 1001)
	want("its next", true)
	follow(next)
	want("its successor is known", false)
	admit(next, 1)
	want("the lists of both", false)
}

// So it is where a trusted issuer signs a list at another's URI.
func TestTurnOfTwoIssuers(t *testing.T) {
	w := newSpreadWorld(t, 0)
	w.admit(pidList, artefact.Origin, w.lote("pid", 3))
	id := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
	for _, c := range []struct {
		what, territory, form string
		ago                   time.Duration
		left                  bool
	}{
		{"the issuer's token", "DE", verifytest.FormJWT, time.Hour, true},
		{"its next, in another form", "DE", verifytest.FormCWT, time.Minute, true},
		{"somebody else's beside it", "FR", verifytest.FormJWT, 0, false},
	} {
		b, err := w.PID(c.territory).NewStatusList(id.Name, 1, listEntries).Token(c.form, time.Now().Add(-c.ago), verifytest.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.admit(id, artefact.Peer, b)
		if w.left(id) != c.left {
			t.Errorf("%s: left to others %v", c.what, !c.left)
		}
	}
}
