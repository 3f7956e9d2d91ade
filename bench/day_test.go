package bench_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/bench"
)

// signedBody is what a status list of 100,000 entries, one in a hundred of them set,
// costs that was only signed again, compressed against the version before it; measured
// with package transfer.
const signedBody = 154

// A day in which nothing happens, and one in which 300 of 1,000 lists are signed again
// every five minutes: nobody misses a version, each body travels to each member about
// once, and what it all costs has a bound.
func TestDay(t *testing.T) {
	first, _ := seeds(t, 1, 1)
	members, lasts := []int{24}, 10*time.Minute
	if long() {
		members, lasts = []int{12, 24, 100}, time.Hour
	}
	for _, n := range members {
		for _, signed := range []int{0, 300} {
			d := bench.Day{
				Network: bench.Links(0.01), Members: n, Zones: 3, Lists: 1000, Looks: time.Hour,
				Signed: signed, Every: 5 * time.Minute, Body: signedBody, Lasts: lasts, Seed: first,
			}
			if long() && n == 24 {
				d.Lasts = 24 * time.Hour
			}
			r := d.Run()
			// Small bodies that are news come from two.
			if r.Missed > 0 || r.Bodies > 2.05 {
				t.Errorf("%d versions were missed, %.2f bodies a member and version", r.Missed, r.Bodies)
			}
			most := 150e6
			if signed > 0 {
				most = 600e6
			}
			if float64(r.Member.All()) > most {
				t.Errorf("%d bytes a member and day", r.Member.All())
			}
			b := r.Member
			t.Logf("%3d members in 3 zones, 1,000 lists, %3d signed again every 5 min (%v simulated): per member and day %.1f MB (announcements %.1f, looks %.1f, beacons %.1f, repair %.1f, bodies %.1f, connections %.1f), between zones %.1f MB, %.1f kB a list; %d versions, %d looks at origins, %.2f bodies a member and version",
				n, signed, d.Lasts, mB(b.All()), mB(b.Announcements), mB(b.Looks), mB(b.Beacons), mB(b.Repair), mB(b.Bodies), mB(b.Connections), mB(b.CrossZone), kB(r.List), r.Versions, r.Requests, r.Bodies)
		}
	}
}

func mB(bytes int) float64 { return float64(bytes) / 1e6 }
