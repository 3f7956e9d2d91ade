package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"
)

// FeederCount is how many members look at the origin of a list for all.
const FeederCount = 2

// absentUnit is what members wait for one another when nobody holds a list yet.
const absentUnit = time.Second

// rank is a member's place among those who follow a list: below FeederCount it looks at
// the origin for all, and the higher the later it stands in. It is worked out from the
// names alone (rendezvous hashing), so that all members agree, and one that comes or
// goes changes the feeders of few lists. The second is of another zone than the first
// if there is one.
func rank(id ListID, self Member, others []Member) int {
	order := append([]Member{self}, others...)
	weights := make(map[string]uint64, len(order))
	for _, m := range order {
		weights[m.Name] = weight(id, m.Name)
	}
	slices.SortFunc(order, func(a, b Member) int {
		switch wa, wb := weights[a.Name], weights[b.Name]; {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return 0
	})
	if len(order) > 1 {
		if i := slices.IndexFunc(order, func(m Member) bool { return m.Zone != order[0].Zone }); i > 1 {
			second := order[i]
			order = slices.Insert(slices.Delete(order, i, i+1), 1, second)
		}
	}
	return slices.IndexFunc(order, func(m Member) bool { return m.Name == self.Name })
}

func weight(id ListID, name string) uint64 {
	sum := sha256.Sum256(append(id[:], name...))
	return binary.BigEndian.Uint64(sum[:])
}

// Duty is what decides whether a member looks at an origin now.
type Duty struct {
	Period  time.Duration // between looks at this list
	Rank    int
	Members int // that follow it, this one included

	Own   time.Time // last look of this member, or arrival of a new version; zero: nothing is held
	Tried time.Time // last time that Wait let it look; zero: never
	Since time.Time // since when it follows the list and knows the cluster
	// Those that found nothing newer than what is held.
	Latest time.Time // of the others' looks; zero: none is known
	Second time.Time // the latest of another one than that; zero: none is known
	// MaxOwn is how long a member may do without a look of its own.
	MaxOwn time.Duration
}

// Wait is how long the look may wait because others look; 0: it is this member's turn.
//
// The feeders look whenever it is time to, about half a period after one another. The
// others look if the feeders are not heard of: a pair of them after two periods, the
// next four after four, the next eight after eight, so that the load on an origin that
// is gone grows with the logarithm of the cluster, and one that is back is noticed.
// Nobody goes without a look of its own for longer than MaxOwn.
func (d Duty) Wait(now time.Time) time.Duration {
	due := now
	switch absent := d.Own.IsZero(); {
	case d.Rank == 0 && absent:
	case d.Rank < FeederCount && absent:
		due = d.Since.Add(FeederCount * absentUnit)
	case d.Rank < FeederCount:
		due = earlier(d.Latest.Add(d.Period*9/10/FeederCount), d.Own.Add(2*d.Period))
	case absent && d.Tried.IsZero():
		due = d.Since.Add(absentUnit << min(bits.Len(uint(d.Rank)), 16))
	case d.Members < 3:
		due = d.backOff(latest(d.Latest, d.Since, d.Tried))
	default:
		due = d.backOff(latest(d.Second, d.Since, d.Tried))
	}
	if d.MaxOwn > 0 && !d.Own.IsZero() {
		due = earlier(due, latest(d.Own.Add(d.MaxOwn), d.Tried.Add(d.MaxOwn/8)))
	}
	return max(0, due.Sub(now))
}

// backOff is when a member that is no feeder looks, after a time at which others did or
// it has tried itself. Of those who would do so together each waits a little longer
// than the one before.
func (d Duty) backOff(after time.Time) time.Time {
	group := min(bits.Len(uint(d.Rank))-1, 16)
	place := float64(d.Rank-1<<group) / float64(int(1)<<group)
	return after.Add(time.Duration(float64(d.Period<<group) * (1 + place/2)))
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
