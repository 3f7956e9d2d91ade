package cache_test

import (
	"crypto/x509"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Events come in the order of the changes they tell of, one at a time, however
// slow the listener is and whoever admits meanwhile; and he may call the store.
func TestEventsInOrder(t *testing.T) {
	w := loaded(t, nil)
	const versions = 4
	lists := make([][]byte, versions)
	for i := range lists {
		lists[i] = w.list("pid", verifytest.ListOptions{Sequence: uint64(i) + 1})
	}
	begun, overtaken := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	var told []uint64
	var store *cache.Store
	store = cache.New(cache.Options{
		UnsafeTestAnchors: true,
		Sources:           []cache.Source{{Name: "pid", Type: artefact.LoTE, Profile: "pid", Signers: []*x509.Certificate{w.Operator.Cert}}},
		Notify: func(e cache.Event) {
			if e.Type != cache.ListChanged {
				return
			}
			if first.CompareAndSwap(false, true) {
				close(begun)
				<-overtaken
			}
			store.Looked(e.Ref.ID, w.Now)
			told = append(told, e.Ref.Version)
		},
	}, w.Now)
	admit := func(b []byte) {
		if _, err := store.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.LoTE, Name: "pid"}, Door: artefact.Peer, Bytes: b, At: w.Now}); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { admit(lists[0]) })
	<-begun
	for _, b := range lists[1:] {
		admit(b)
	}
	close(overtaken)
	wg.Wait()
	if !slices.Equal(told, []uint64{1, 2, 3, 4}) {
		t.Errorf("told of versions %v", told)
	}
}
