package gossip

import "time"

// MaxLookers are the members whose looks at one list are remembered.
const MaxLookers = 4

// looks is what is known of who has looked at the origins of lists, this member apart.
type looks map[ListID]*lookers

// lookers have seen one version of a list: the newest that anybody has seen.
type lookers struct {
	version uint64
	digest  [8]byte
	last    []looker // the latest first, no member twice
}

type looker struct {
	name string
	at   time.Time
}

// note takes in that a member has looked. A look that found an older version than
// others saw says nothing; one that found a newer one ends what the others' said.
func (ls looks) note(s Seen, by string, at time.Time) {
	l, known := ls[s.List]
	switch {
	case !known && len(ls) >= MaxLists:
		return
	case !known, l.version < s.Version:
		l = &lookers{version: s.Version, digest: s.Digest}
		ls[s.List] = l
	case l.version > s.Version, l.digest != s.Digest:
		return
	}
	next := []looker{{by, at}}
	for _, o := range l.last {
		if o.name == by {
			if o.at.After(at) {
				return
			}
			continue
		}
		if len(next) < MaxLookers {
			next = append(next, o)
		}
	}
	l.last = next
}

// nth is when the n-th latest of different members looked (1: the latest), zero if
// there were not so many.
func (ls looks) nth(id ListID, n int) time.Time {
	l, known := ls[id]
	if !known || len(l.last) < n {
		return time.Time{}
	}
	return l.last[n-1].at
}

// agree says whether at least so many different members have seen just this head, and
// since when so many have.
func (ls looks) agree(h Head, n int) (at time.Time, ok bool) {
	l, known := ls[h.List]
	if !known || l.version != h.Version || l.digest != shortOf(h.Digest) || len(l.last) < n {
		return at, false
	}
	return l.last[n-1].at, true
}
