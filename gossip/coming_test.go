package gossip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// A body that is being pulled is waited for until it is held or the wait is over; what
// nobody pulls is not.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComing()
		d := artefact.Digest{1}
		took := func(within time.Duration) time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			began := time.Now()
			c.await(ctx, d)
			return time.Since(began)
		}
		if w := took(time.Second); w > 0 {
			t.Errorf("waited %v for what nobody pulls", w)
		}
		c.begin(d)
		c.begin(d)
		time.AfterFunc(100*time.Millisecond, func() { c.end(d) }) // one pull fails
		time.AfterFunc(200*time.Millisecond, func() { c.end(d) }) // so does the other
		time.AfterFunc(250*time.Millisecond, func() { c.begin(d) })
		time.AfterFunc(300*time.Millisecond, func() { c.came(d); c.end(d) })
		if w := took(time.Second); w != 300*time.Millisecond {
			t.Errorf("waited %v", w)
		}
		c.begin(d)
		if w := took(time.Second); w != time.Second {
			t.Errorf("waited %v for what does not come", w)
		}
		for range maxWaiting {
			go took(time.Hour)
		}
		synctest.Wait()
		if w := took(time.Second); w > 0 {
			t.Errorf("waited %v beside too many others", w)
		}
		c.came(d)
		synctest.Wait()
		c.end(d)
		if len(c.bodies) > 0 || c.waiting > 0 {
			t.Errorf("%d bodies and %d who wait are left", len(c.bodies), c.waiting)
		}
	})
}
