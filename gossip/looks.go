package gossip

import (
	"slices"
	"time"
)

// MaxLookers bounds the looks at one list that are remembered. Of one member there are
// two at most, so that nobody alone can push out what others saw.
const MaxLookers = 8

// looks is what is known of who has looked at the origins of lists, this member apart:
// the latest looks first. What one member says takes nothing from what others said.
type looks map[ListID][]looker

// looker is a member's latest look, or its latest that found an older version than that.
type looker struct {
	name    string
	version uint64
	digest  [8]byte
	at      time.Time
}

// note takes in that a member has looked. What it saw before stands beside it, in case
// that not everybody holds yet what is new.
func (ls looks) note(s Seen, by string, at time.Time) {
	list, known := ls[s.List]
	if !known && len(ls) >= MaxLists {
		return
	}
	n := looker{by, s.Version, s.Digest, at}
	next := []looker{n}
	before := false // a look of the same member stays
	for _, o := range list {
		switch {
		case o.name != by:
		case o.at.After(at): // this one is late to arrive
			return
		case before || o.version >= n.version:
			continue
		default:
			before = true
		}
		next = append(next, o)
	}
	slices.SortStableFunc(next, func(a, b looker) int { return b.at.Compare(a.at) })
	ls[s.List] = next[:min(len(next), MaxLookers)]
}

// nth is when the n-th latest of different members looked (1: the latest) and found
// nothing newer than a version; zero if there were not so many. Who saw something newer
// says nothing of what is held here, for want of which this member has to look itself.
func (ls looks) nth(id ListID, n int, held uint64) (at time.Time) {
	at, _ = ls.nthOf(id, n, func(l looker) bool { return l.version <= held })
	return at
}

// agree says whether at least so many different members have seen just this head, and
// since when so many have.
func (ls looks) agree(h Head, n int) (at time.Time, ok bool) {
	return ls.nthOf(h.List, n, func(l looker) bool { return l.version == h.Version && l.digest == shortOf(h.Digest) })
}

// newest is the newest version that at least so many different members have seen, and
// since when so many have.
func (ls looks) newest(id ListID, n int) (s Seen, at time.Time, ok bool) {
	for _, l := range ls[id] {
		if ok && l.version <= s.Version {
			continue
		}
		like := func(o looker) bool { return o.version == l.version && o.digest == l.digest }
		if since, enough := ls.nthOf(id, n, like); enough {
			s, at, ok = Seen{id, l.version, l.digest}, since, true
		}
	}
	return s, at, ok
}

// nthOf is when the n-th latest of different members had a look that counts.
func (ls looks) nthOf(id ListID, n int, counts func(looker) bool) (at time.Time, ok bool) {
	var names [MaxLookers]string
	found := 0
	for _, l := range ls[id] {
		if !counts(l) || slices.Contains(names[:found], l.name) {
			continue
		}
		if names[found] = l.name; found == n-1 {
			return l.at, true
		}
		found++
	}
	return at, false
}
