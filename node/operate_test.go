package node

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A publisher once used a number too high, and begins again below it. An operator
// resets the list, and the node fetches what was refused by itself.
func TestResetLooksAgain(t *testing.T) {
	l := newRealLab(t)
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{Sequence: 9})))
	if code, err := l.look(pidPath); err != nil {
		t.Fatal(code, err)
	}
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{Sequence: 2, Issued: time.Now().Add(-time.Second)})))
	if code, _ := l.look(pidPath); code != "trustlist_rollback" {
		t.Fatalf("an older number: %s", code)
	}
	if _, err := l.client().Reset(t.Context(), "pid"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list is fetched again", func() bool { return l.list("pid").Sequence == 2 })
	l.want("sdjwt-pid-de", "valid")
}

// A status issuer may have a trust list looked at, and not have it spread before it has
// soaked: that is for an operator to ask.
func TestPublicRefreshSoaks(t *testing.T) {
	c := newCore(t)
	defer c.node.Close()
	close(c.node.restored)
	shared := func() bool {
		return slices.ContainsFunc(c.node.store.Share(time.Now()), func(s cache.Shared) bool { return s.ID.Name == "pid" })
	}
	if _, err := (publicRefresher{engine{c.node}}).Refresh(t.Context(), upstream+"/pid"); err != nil {
		t.Fatal(err)
	}
	if shared() {
		t.Error("an issuer had a trust list spread at once")
	}
	if _, err := (engine{c.node}).Refresh(t.Context(), upstream+"/pid"); err != nil {
		t.Fatal(err)
	}
	if !shared() {
		t.Error("an operator's refresh does not end the soak")
	}
}

// What a refresh came to is said of the list's name, or of its URL where it has no name,
// whoever asks, and so is what a publication came to.
func TestRefreshedNamesTheList(t *testing.T) {
	const uri = issuerHost + "/1"
	c := newCore(t, "prefetch: ["+uri+"]")
	defer c.node.Close()
	close(c.node.restored)
	list := c.PID("DE").NewStatusList(uri, 1, 1<<16)
	c.net.publish(list, verifytest.FormJWT)
	revoked := c.PID("DE").CRL().URL
	for _, url := range []string{upstream + "/pid", uri, revoked} {
		want := url
		if url == upstream+"/pid" {
			want = "pid"
		}
		if done, err := (engine{c.node}).Refresh(t.Context(), url); err != nil || done.List != want || done.Outcome != admin.Admitted {
			t.Errorf("%s: %+v, %v", url, done, err)
		}
		if done, err := (publicRefresher{engine{c.node}}).Refresh(t.Context(), url); err != nil || done.List != want || done.Outcome != admin.Unchanged {
			t.Errorf("%s, at the public listener: %+v, %v", url, done, err)
		}
	}
	b, err := list.Token(verifytest.FormJWT, time.Now(), verifytest.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if done, err := (engine{c.node}).Publish(t.Context(), b); err != nil || done.List != uri {
		t.Errorf("published: %+v, %v", done, err)
	}
}
