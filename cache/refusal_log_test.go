package cache_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A thousand refused lists are a line of the log per kind and reason, and another an
// hour later that says how many it stands for. Each is an event all the same.
func TestRefusalsLogged(t *testing.T) {
	var out bytes.Buffer
	list := uris("prefetched", 500)
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Logger = list, slog.New(slog.NewTextHandler(&out, nil))
	})
	offer := func() {
		for i, uri := range list {
			_, _ = w.admit(artefact.Status, uri, artefact.Origin, []byte("x"), w.Now)
			_, _ = w.admit(artefact.Kind(fmt.Sprint("stranger ", i)), uri, artefact.Peer, []byte("x"), w.Now)
		}
	}
	lines := func() int { return strings.Count(out.String(), "artefact refused") }
	offer()
	if got := lines(); got != 2 {
		t.Errorf("%d lines for 1,000 refusals of two kinds", got)
	}
	if n := count(w.events, cache.ListRefused); n != 2*len(list) {
		t.Errorf("%d events", n)
	}
	w.store.Tick(w.Now.Add(time.Hour - time.Second))
	offer()
	if got := lines(); got != 2 {
		t.Errorf("%d lines within the hour", got)
	}
	out.Reset()
	w.store.Tick(w.Now.Add(time.Hour))
	offer()
	if got := lines(); got != 2 || strings.Count(out.String(), "more_since_the_last_line=999") != 2 {
		t.Errorf("%d lines after the hour: %s", got, out.String())
	}
}
