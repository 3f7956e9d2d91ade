package origin

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// knows says whether the signer of what needs one is known.
func (w *town) knows(known bool) {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	w.shelf.signer = known
}

// What was refused since nobody knew who had signed it is looked at again soon after
// something was learned, and nothing else is.
func TestLearned(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "status", "bad", "good")
		w.follow(artefact.CRL, "crl")
		w.follow(artefact.LoTE, "lote") // whose signers the configuration names
		for name, body := range map[string]string{"status": "signed", "crl": "signed", "lote": "signed", "bad": "bad"} {
			w.origin.Set("/"+name, cachetest.Document{Body: []byte(body)})
		}
		w.f.Learned() // before Run
		w.run(time.Minute)
		w.knows(true)
		w.f.Learned()
		time.Sleep(2 * firstRetry)
		for name, want := range map[string]int{"status": 2, "crl": 2, "lote": 1, "bad": 1, "good": 1} {
			if n := len(w.looks(name)); n != want {
				t.Errorf("%s: %d looks, want %d", name, n, want)
			}
		}
		w.f.Learned()
		time.Sleep(time.Minute)
		if n := len(w.looks("status")); n != 2 {
			t.Errorf("%d looks at what has been admitted", n)
		}
		w.end()
		w.f.Learned() // after Run
	})
}

// What is learned while a look is under way, the refusal of which comes after, counts.
func TestLearnedDuringALook(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "status")
		w.origin.Set("/status", cachetest.Document{Body: []byte("signed"), Delay: 5 * time.Second})
		w.run(4 * time.Second)
		w.f.Learned()
		time.Sleep(2 * time.Second)
		w.knows(true)
		time.Sleep(firstRetry)
		if at := w.looks("status"); len(at) != 2 || at[1] > 5*time.Second+firstRetry {
			t.Errorf("looks at %v", at)
		}
	})
}

// A signer that never comes to be known does not have the origin asked for ever.
func TestLearnedInVain(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "status")
		w.origin.Set("/status", cachetest.Document{Body: []byte("signed")})
		w.run(time.Second)
		for range 3600 {
			w.f.Learned()
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := len(w.looks("status")); n < 10 || n > 200 {
			t.Errorf("%d looks in an hour in which something is learned every second", n)
		}
	})
}
