package cache_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What is served are the bytes that were received, of each form the newest, from memory
// and from disk; that it was asked for is not a use.
func TestStatusToken(t *testing.T) {
	const uri = "https://found.example/1"
	for _, onDisk := range []bool{false, true} {
		k := keptWorld(t, none)
		k.loadAll(k.Now)
		if !onDisk {
			k.world = loaded(t, none)
		}
		w := k.world
		l := w.MDL().NewStatusList(uri, 1, 4096)
		w.find(w.MDL(), uri)
		old := w.token(l, verifytest.FormJWT, w.Now.Add(-time.Minute), verifytest.TokenOptions{})
		cwt := w.token(l, verifytest.FormCWT, w.Now.Add(-time.Second), verifytest.TokenOptions{})
		jwt := w.token(l, verifytest.FormJWT, w.Now, verifytest.TokenOptions{})
		for _, b := range [][]byte{old, cwt, jwt} {
			w.admitStatus(uri, b, w.Now)
		}
		check := func(what string) {
			t.Helper()
			got := w.store.StatusToken(uri)
			if len(got) != 2 || !bytes.Equal(got[0].Bytes, jwt) || !bytes.Equal(got[1].Bytes, cwt) || got[0].Kind != artefact.Status || !got[0].Received.Equal(w.Now) {
				t.Errorf("on disk %v, %s: %d tokens, or not as received", onDisk, what, len(got))
			}
		}
		check("admitted")
		if onDisk {
			k.restart(k.Now)
			check("restarted")
		}
		if w.store.OnlyForTestUsedLately(statusID(uri)) {
			t.Error("to be asked for is noted as a use")
		}
		targets := len(w.store.Targets())
		if got := w.store.StatusToken("https://found.example/2"); len(got) > 0 || w.store.FollowFound(w.Now) || len(w.store.Targets()) != targets {
			t.Error("to be asked for has a list followed")
		}
	}
}

// A small list that credentials alone led to is not served: who is told that it is held
// would know that its holder was here. One that the configuration names is.
func TestStatusTokenSmall(t *testing.T) {
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = uris("prefetched", 1) })
	w.find(w.PID("DE"), "https://found.example/1", "https://found.example/2")
	w.mustEntries(w.PID("DE"), "https://found.example/1", 992, w.Now)
	w.mustEntries(w.PID("DE"), "https://found.example/2", 1000, w.Now)
	w.mustEntries(w.PID("DE"), "https://prefetched.example/0", 8, w.Now)
	for uri, want := range map[string]int{"https://found.example/1": 0, "https://found.example/2": 1, "https://prefetched.example/0": 1} {
		if got := w.store.StatusToken(uri); len(got) != want {
			t.Errorf("%s: %d tokens", uri, len(got))
		}
	}
}
