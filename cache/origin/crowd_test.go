package origin

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// Hundreds of lists that are gone for hours are told of once at the start, once an
// hour with how many they are, and once at the end; each kind for itself, and none
// by its name.
func TestOutageOfACrowd(t *testing.T) {
	inTown(t, func(w *town) {
		var log lockedBuffer
		w.f.Logger = slog.New(slog.NewTextHandler(&log, nil))
		for i := range 300 {
			w.follow(artefact.Status, fmt.Sprintf("gone-%d", i))
			w.origin.Set(fmt.Sprintf("/gone-%d", i), cachetest.Document{Fault: cachetest.Refuse})
		}
		w.follow(artefact.IdentifierList, "gone-too")
		w.follow(artefact.CRL, "good", "gone-crl")
		w.origin.Set("/gone-too", cachetest.Document{Fault: cachetest.Refuse})
		w.origin.Set("/gone-crl", cachetest.Document{Status: 500})
		w.run(150 * time.Minute)
		if n := log.lines("level=WARN", "list not fetched", "list=status"); n != 3 {
			t.Errorf("%d warnings in two and a half hours", n)
		}
		if n := log.lines("level=WARN", "list=status", "lists=301", "failed_looks="); n != 2 {
			t.Errorf("%d warnings say how many there are", n)
		}
		if n := log.lines("level=WARN", "list=crl", "lists=1 "); n != 3 {
			t.Errorf("%d warnings of a CRL", n)
		}
		w.change("gone-too", nil) // followed no more, and so not down any more
		w.f.Sync()
		synctest.Wait()
		for i := range 300 {
			w.origin.Set(fmt.Sprintf("/gone-%d", i), cachetest.Document{Body: []byte("list")})
		}
		time.Sleep(30 * time.Minute)
		if n := log.lines("level=INFO", "list fetched again", "list=status", "after_seconds=9"); n != 1 {
			t.Errorf("its end was told %d times", n)
		}
		if n := log.lines(""); n != 7 {
			t.Errorf("%d lines in all:\n%s", n, log.String())
		}
		if strings.Contains(log.String(), "gone-") {
			t.Error("a list is named")
		}
	})
}

// Lists that fail now and then, one here, one there, are two lines an hour at most.
func TestFlappingCrowd(t *testing.T) {
	inTown(t, func(w *town) {
		var log lockedBuffer
		w.f.Logger = slog.New(slog.NewTextHandler(&log, nil))
		for i := range 50 {
			w.follow(artefact.Status, fmt.Sprintf("flaps-%d", i))
			w.origin.Change(fmt.Sprintf("/flaps-%d", i), func(d *cachetest.Document) { d.Fault = cachetest.Flap })
		}
		w.run(6 * time.Hour)
		if n := log.lines(""); n < 4 || n > 14 {
			t.Errorf("%d lines in six hours:\n%s", n, log.String())
		}
	})
}
