package cache_test

import (
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// swapped is a list that changes while it is read. Its version n has the entries 0 to
// n-1 revoked, so that what a reader sees says which version it rests on.
type swapped struct {
	id       artefact.ID
	versions [][]byte
	admitted atomic.Int64 // how many are acknowledged
	revoked  func(v *cache.View, entry int) (revoked, held bool)
}

// A million reads in competition with swaps: none rests on a version older than one
// that was acknowledged before it began, no entry that was revoked reads good again,
// and a View says one thing.
func TestNoFalseAnswers(t *testing.T) {
	const versions = 24
	reads := 1_000_000
	if testing.Short() {
		reads = 100_000
	}
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = uris("prefetched", 3) })
	lists := w.swappedLists(versions)
	var left atomic.Int64
	left.Store(int64(reads))
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			last := slices.Repeat([]int{-1}, len(lists))
			for n := 0; left.Add(-1) >= 0; n++ {
				i := (n + reader) % len(lists)
				l := lists[i]
				acknowledged := int(l.admitted.Load())
				v := w.store.View()
				seen := l.version(v, versions)
				switch {
				case seen < acknowledged:
					t.Errorf("%s: version %d is read, %d was acknowledged", l.id.Kind, seen, acknowledged)
					return
				case seen < last[i]:
					t.Errorf("%s: version %d is read after %d: a revoked entry reads good again", l.id.Kind, seen, last[i])
					return
				case n%64 == 0 && l.version(v, versions) != seen:
					t.Errorf("%s: a View says two things", l.id.Kind)
					return
				}
				last[i] = seen
			}
		})
	}
	for _, l := range lists {
		wg.Go(func() {
			for n, b := range l.versions {
				w.must(w.store.Admit(artefact.Raw{ID: l.id, Door: artefact.Peer, Bytes: b, At: w.Now}))
				l.admitted.Store(int64(n))
				if n%3 == 2 { // an older one, which is refused, and the same again
					_, _ = w.store.Admit(artefact.Raw{ID: l.id, Door: artefact.Peer, Bytes: l.versions[n-1], At: w.Now})
					_, _ = w.store.Admit(artefact.Raw{ID: l.id, Door: artefact.Peer, Bytes: b, At: w.Now})
				}
				for at := left.Load(); left.Load() > 0 && !t.Failed() && at-left.Load() < int64(reads/versions/2); {
					time.Sleep(100 * time.Microsecond) // so that there are reads of each version
				}
			}
		})
	}
	wg.Wait()
	for _, l := range lists {
		if got := l.version(w.store.View(), versions); got != versions-1 {
			t.Errorf("%s: version %d in the end", l.id.Kind, got)
		}
	}
}

// version is the one that a View has, -1 for none. It is found by one read of an entry
// per step of a search, each of which may be wrong.
func (l *swapped) version(v *cache.View, versions int) int {
	low, high := 0, versions
	for low < high {
		middle := (low + high) / 2
		revoked, held := l.revoked(v, middle)
		switch {
		case !held:
			return -1
		case revoked:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low
}

func (w *world) swappedLists(versions int) []*swapped {
	w.t.Helper()
	de, mdl := w.PID("DE"), w.MDL()
	jwt := de.NewStatusList("https://prefetched.example/0", 2, 4096)
	cwt := mdl.NewStatusList("https://prefetched.example/1", 1, 4096)
	ids := mdl.IdentifierList("https://prefetched.example/2")
	lists := []*swapped{
		{id: statusID(jwt.URI), revoked: valueOf(jwt.URI)}, {id: statusID(cwt.URI), revoked: valueOf(cwt.URI)},
		{id: idlistID(ids.URI), revoked: func(v *cache.View, entry int) (bool, bool) {
			tokens := v.Status(statuslist.IdentifierList, ids.URI).Tokens
			return len(tokens) > 0 && tokens[0].Token.Has(fmt.Append(nil, entry)), len(tokens) > 0
		}},
		{id: crlID(de.CRL().URL), revoked: func(v *cache.View, entry int) (bool, bool) {
			held := v.CRLs(crl.IssuerOf(de.CA.Cert)).Lists
			return len(held) > 0 && held[0].Revoked(big.NewInt(int64(entry)+1_000_000)), len(held) > 0
		}},
	}
	for _, l := range lists {
		l.admitted.Store(-1)
	}
	for n := range versions {
		iat := w.Now.Add(time.Duration(n)*time.Second - time.Hour)
		if n > 0 {
			_ = jwt.Set(uint64(n-1), 1)
			_ = cwt.Set(uint64(n-1), 1)
			ids.Revoke(fmt.Append(nil, n-1))
			c := *de.Signer.Cert
			c.SerialNumber = big.NewInt(int64(n-1) + 1_000_000)
			de.CRL().Revoke(&c)
		}
		for i, b := range [][]byte{
			w.token(jwt, verifytest.FormJWT, iat, verifytest.TokenOptions{}), w.token(cwt, verifytest.FormCWT, iat, verifytest.TokenOptions{}),
			w.identifiers(ids, iat, verifytest.IdentifierOptions{}), w.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(int64(n) + 100)}),
		} {
			lists[i].versions = append(lists[i].versions, b)
		}
	}
	// The prefetched URI turns at the first token, before anybody reads.
	w.must(w.admit(artefact.Status, ids.URI, artefact.Origin, lists[2].versions[0], w.Now))
	return lists
}

func valueOf(uri string) func(v *cache.View, entry int) (revoked, held bool) {
	return func(v *cache.View, entry int) (bool, bool) {
		tokens := v.Status(statuslist.StatusList, uri).Tokens
		if len(tokens) == 0 {
			return false, false
		}
		value, _ := tokens[0].Token.Value(uint64(entry))
		return value == 1, true
	}
}
