package origin

import (
	"net/url"
	"slices"
	"strings"
)

// maxPerHost of the places may be one host's: a country's origin that hangs, with its
// thousand lists, would else have all others looked at every ten minutes. Of a host
// that is well, twelve places fetch sixty lists a second.
const maxPerHost = MaxAtOnce * 3 / 4

// share is how many looks at each host are under way, and which targets wait for one
// of them to end. The zero value has no limit to keep.
type share struct {
	most    int
	looking map[string]int
	held    map[string][]*following // next first; an entry may be out of date
}

func newShare(most int) share {
	return share{most: most, looking: make(map[string]int), held: make(map[string][]*following)}
}

// enter counts a look at a host, unless it has its share already.
func (s *share) enter(host string) bool {
	if s.most == 0 {
		return true
	}
	if s.looking[host] >= s.most {
		return false
	}
	s.looking[host]++
	return true
}

// hold has a target wait for its host: first, if it is one that cannot wait.
func (s *share) hold(host string, g *following) {
	at := len(s.held[host])
	if g.due.IsZero() {
		at = 0
	}
	s.held[host] = slices.Insert(s.held[host], at, g)
}

// leave is the end of a look at a host. It returns a target that waited for it; nil:
// there is none.
func (s *share) leave(host string) *following {
	if s.most == 0 {
		return nil
	}
	if s.looking[host]--; s.looking[host] == 0 {
		delete(s.looking, host)
	}
	for len(s.held[host]) > 0 {
		g := s.held[host][0]
		s.held[host] = s.held[host][1:]
		if g.waits() {
			return g
		}
	}
	delete(s.held, host)
	return nil
}

// release returns all targets that wait for a host.
func (s *share) release() (all []*following) {
	for _, held := range s.held {
		for _, g := range held {
			if g.waits() {
				all = append(all, g)
			}
		}
	}
	clear(s.held)
	return all
}

// waits says whether a target is on its schedule and yet in no queue: it is held.
func (g *following) waits() bool { return g.started && g.at < 0 && g.current == nil }

// hostOf is where a target is asked for, without any rewrite.
func hostOf(t Target) string {
	u, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
