package cache_test

import (
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/verifytest"
)

var someCountry struct {
	once sync.Once
	c    *country
}

// smallCountry has 50 lists of as many entries as a country's have.
func smallCountry(t testing.TB) *country {
	t.Helper()
	someCountry.once.Do(func() {
		w, err := verifytest.New(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		someCountry.c = makeCountry(t, w, 50, countryEntries)
	})
	return someCountry.c
}

// A lookup allocates nothing, and costs little more than the bare test of a bit and
// the bare lookup in a map. How much is for the benchmarks: here the limits are such
// that only another kind of lookup goes past them.
func TestCountryLookup(t *testing.T) {
	c := smallCountry(t)
	s := c.store(t, "", nil)
	c.loadAll(t, s)
	bareArray, bareMap := c.bits()
	l := c.lookups(1 << 17)
	handle, uri := c.byHandle(s), c.byURI(s)
	for name, way := range map[string]looking{"handle": handle, "uri": uri} {
		for from := 0; from+sample <= len(l.list); from += sample {
			if got, want := way(l, from), bareArray(l, from); got != want {
				t.Fatalf("%s: %d entries are set of those from %d on, want %d", name, got, from, want)
			}
		}
		if n := testing.AllocsPerRun(10, func() { way(l, 0) }); n != 0 {
			t.Errorf("%s: %v allocations in %d lookups", name, n, sample)
		}
	}
	if testing.Short() { // as where races are looked for, which costs both sides something else
		return
	}
	const tries = 5
	for try := 1; ; try++ {
		ns := inTurns(501, l, handle, bareArray, uri, bareMap)
		h, u := ns[0]/ns[1], ns[2]/ns[3]
		t.Logf("from a handle %.1f ns, %.2f times a bare array; by URI %.1f ns, %.2f times a bare map", ns[0], h, ns[2], u)
		if h <= 8 && u <= 6 {
			return
		}
		if try == tries {
			t.Fatal("a lookup costs much more than its floor")
		}
	}
}
