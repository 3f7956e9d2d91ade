package cache

import (
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// When an issuer's lists are hardly used: at least so many of them, followed for so
// long, and all but one part in so many of them used less than manyTimes.
const (
	hardlyUsedLists = 16
	hardlyUsedFor   = 24 * time.Hour
	hardlyUsedShare = 10
	hardlyUsedEvery = 60 // seconds from one look at all lists to the next
)

// alarms tells what of a new version an operator should know. It is applied all the
// same. The caller holds mu.
func (s *Store) alarms(h *heldStatus, st *verify.StatusToken) {
	s.alarmFlips(h, st)
	s.alarmTiny(st)
}

// alarmFlips tells of a version that changes more than a share of the entries.
func (s *Store) alarmFlips(h *heldStatus, st *verify.StatusToken) {
	of := entityOf(st)
	for _, have := range h.tokens {
		if have.entity != of || !have.token.Token.IssuedAt.Before(st.Token.IssuedAt) {
			continue
		}
		changed, all := st.Token.Flips(have.token.Token)
		if float64(changed) <= s.opts.FlipAlarm*float64(all) {
			continue
		}
		detail := fmt.Sprintf("%d of %d entries changed at once, in a list of %q of list %q; it is in force", changed, all, s.entityName(ownerOf(st.Anchors[0])), of.list)
		s.log.Error("a status list changed in large part", "list", of.list, "changed", changed, "entries", all)
		s.announce(Event{Type: StatusFlood, List: "status", Detail: detail})
		return
	}
}

// alarmTiny tells of an issuer whose lists are so small that asking for one may point
// at a person (ARF VCR_18), once.
func (s *Store) alarmTiny(st *verify.StatusToken) {
	u := s.owned(ownerOf(st.Anchors[0]))
	if st.Token.Mechanism == statuslist.IdentifierList || st.Token.Len() >= MinStored || u.tiny {
		return // an identifier list grows with revocations alone
	}
	u.tiny = true
	s.log.Warn("an issuer publishes status lists of few entries", "list", st.Anchors[0].List, "entries", st.Token.Len())
	s.announce(Event{Type: StatusTiny, List: "status", Detail: fmt.Sprintf("%q of list %q publishes a status list of %d entries, which could point at a person", s.entityName(ownerOf(st.Anchors[0])), st.Anchors[0].List, st.Token.Len())})
}

// alarmHardlyUsed tells of issuers that name many lists each of which is hardly ever
// used: a list per credential tells its issuer when that is shown to somebody who
// fetches. The caller holds mu.
func (s *Store) alarmHardlyUsed(now time.Time) {
	if s.second(now) < s.useLooked+hardlyUsedEvery {
		return
	}
	s.useLooked = s.second(now)
	lists, unused := make(map[owner]int), make(map[owner]int)
	for _, h := range s.status {
		if h.came != Found || now.Sub(h.since) < hardlyUsedFor {
			continue
		}
		lists[h.owner]++
		if h.use.times.Load() < manyTimes {
			unused[h.owner]++
		}
	}
	for of, n := range lists {
		u := s.owned(of)
		if n < hardlyUsedLists || unused[of]*hardlyUsedShare < n*(hardlyUsedShare-1) || u.tracked {
			continue
		}
		u.tracked = true
		s.log.Warn("an issuer names many status lists that are hardly used", "list", of.list, "lists", n)
		s.announce(Event{Type: StatusTracking, List: "status", Detail: fmt.Sprintf("%q of list %q names %d status lists that are hardly used: one per credential could follow its holder", s.entityName(of), of.list, n)})
	}
}

// entityName is what a trust list calls an entity.
func (s *Store) entityName(of owner) string {
	for _, t := range s.view.Load().Entity(of.list, of.entity) {
		return t.Anchor.EntityName
	}
	return "an issuer"
}
