package origin

import (
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// A follower that starts beside a store that has lists already, as after a restart,
// asks for what is new and fetches nothing else.
func TestFirstLookIsConditional(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		w.run(time.Minute)
		w.end()
		next := &Follower{Store: w.shelf, Fetcher: w.f.Fetcher, Targets: w.follows, Logger: w.f.Logger}
		w.f = next
		w.run(time.Minute)
		asked := w.origin.Requests("/pid")
		if len(asked) != 2 || asked[1].Status != 304 {
			t.Errorf("%d requests, the last answered %d", len(asked), asked[len(asked)-1].Status)
		}
		if got := w.events(); got != "[admitted pid looked pid]" {
			t.Errorf("%q", got)
		}
	})
}

// What is not a note, or is too long for one, only costs a download.
func TestNotes(t *testing.T) {
	v := Validators{ETag: `"a"`, LastModified: "Thu, 26 Nov 2026 10:00:00 GMT", SHA256: artefact.Sum([]byte("x")), Fetched: time.Unix(1, 0).UTC()}
	if got := fromNote(v.note()); got != v {
		t.Errorf("%+v", got)
	}
	for _, note := range []string{"", "null", "x", `{"etag": 1}`, Validators{ETag: strings.Repeat("e", maxValidator+1)}.note()} {
		if got := fromNote(note); got != (Validators{}) {
			t.Errorf("%q: %+v", note, got)
		}
	}
}
