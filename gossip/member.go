package gossip

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// How members are met.
const (
	maxMeeting   = 8 // at once
	maxMetAgain  = 6 // of them that were met before: others get their turn though these hang
	meetTick     = 100 * time.Millisecond
	meetTimeout  = 5 * time.Second
	firstMeeting = time.Second // until another attempt
	lastMeeting  = time.Minute
	sameWait     = 4              // attempts before the wait is doubled: the way to one that is alive is bad more often than shut
	forgetAfter  = 24 * time.Hour // a dead member that may come back
	maxDead      = 1024
	maxLooks     = 3 // at a certificate that is not the one a member says it has
	doubtPeriod  = 5 * time.Second
	maxAsking    = 2 // exchanges with one member at once, so that one that hangs holds up no others
)

// member is what is known of another member.
type member struct {
	name string
	node memberlist.Node // where packets go; of a hub: nothing
	peer transfer.Peer   // where connections go
	meta meta
	dead time.Time // since when; zero: it is alive
	bye  time.Time // when it said that it goes
	left bool      // it said so, and is gone

	certs   []shown // the current one first; none: it was not met yet, or has no good one
	keys    pairKeys
	known   uint64 // fingerprint of the certificate that was shown
	why     error  // why the last attempt to meet it came to nothing
	tries   int    // that came to nothing
	retry   time.Time
	asks    int // for its inventory, that came to nothing
	askAt   time.Time
	doubted time.Time // when its certificate was last looked at for what came in its name
	meeting bool
	asking  bool      // for its inventory
	open    int       // exchanges that are under way
	back    time.Time // when it was last asked to join again
	silent  time.Time // of a hub: since when it does not answer; zero: it does
	lost    error     // why it does not
}

// trusted says that a member is alive, and has shown the certificate of its name.
func (m *member) trusted() bool {
	return m.dead.IsZero() && !m.left && len(m.certs) > 0 && m.why == nil
}

// seat is what the core knows of a member. To be alive or dead it has to have been
// met.
type seat struct {
	alive, dead bool
	zone        string
}

func (m *member) seat() seat {
	switch {
	case m.trusted():
		return seat{alive: true, zone: m.meta.zone}
	case !m.dead.IsZero() && !m.left && len(m.certs) > 0:
		return seat{dead: true, zone: m.meta.zone}
	}
	return seat{}
}

// alive takes note of a member that memberlist found, or of what has changed of it.
func (c *Cluster) alive(n memberlist.Node) {
	if n.Name == c.o.Name {
		return
	}
	got, err := parseMeta(n.Meta)
	if err != nil {
		return
	}
	c.mu.Lock()
	m, known := c.members[n.Name]
	var gone []transfer.Peer
	if !known && len(c.members) >= MaxMembers {
		p, ok := c.makeRoom()
		if !ok {
			c.turnAway(n)
			c.mu.Unlock()
			return
		}
		gone = append(gone, p)
	}
	delete(c.outside, n.Name)
	if !known {
		m = &member{name: n.Name}
		c.members[n.Name] = m
	}
	before, follows := m.seat(), m.meta.inventory
	addr := net.JoinHostPort(n.Addr.String(), strconv.Itoa(int(got.transfer)))
	moved := m.peer.Addr != "" && m.peer.Addr != addr
	if moved {
		gone = append(gone, m.peer)
	}
	if !m.dead.IsZero() { // its certificates were not judged meanwhile
		c.judging = time.Time{}
	}
	if m.node = n; moved || !m.dead.IsZero() || m.left || got.fingerprint != m.meta.fingerprint {
		m.retry, m.tries = time.Time{}, 0
	}
	if moved || got.inventory != follows {
		m.asks, m.askAt = 0, time.Time{}
	}
	m.peer, m.meta, m.dead, m.left, m.bye = transfer.Peer{Name: n.Name, Addr: addr}, got, time.Time{}, false, time.Time{}
	c.joined = time.Now()
	after := m.seat()
	c.mu.Unlock()
	for _, p := range gone {
		c.o.Reach.Forget(p)
	}
	// Whoever holds the gossip key may say something new all the time. That must not
	// have all members compare what they hold each time.
	switch {
	case after != before:
		c.meet()
	case after.alive && got.inventory != follows: // it may feed other lists
		c.o.Changed()
	}
}

// gone takes note of a member that left, or that nobody reaches.
func (c *Cluster) gone(name string) {
	c.mu.Lock()
	changed := false
	delete(c.outside, name)
	if m, ok := c.members[name]; ok && name != c.o.Name {
		now, before := time.Now(), m.seat()
		m.dead, m.left, c.alone = now, now.Sub(m.bye) < byeFor, now
		changed = m.seat() != before
		c.log.Info("member is gone", "member", name, "left", m.left)
	}
	c.mu.Unlock()
	if changed {
		c.meet()
	}
}

// meet tells the core who is there, and who feeds may be another.
func (c *Cluster) meet() {
	c.mu.Lock()
	var m Members
	for _, o := range c.members {
		switch s := o.seat(); {
		case s.alive:
			m.Alive = append(m.Alive, Member{o.name, s.zone})
		case s.dead:
			m.Dead = append(m.Dead, Member{o.name, s.zone})
		}
	}
	for _, list := range [][]Member{m.Alive, m.Dead} {
		slices.SortFunc(list, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	}
	c.inbox.put(m) // before anybody else can, who knows better by then
	c.mu.Unlock()
	c.o.Changed()
}

// keepMeeting meets those that have not been met, asks for inventories, forgets who has
// long been gone, and notices when this node is settled.
func (c *Cluster) keepMeeting(ctx context.Context) {
	t := time.NewTicker(meetTick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			c.renew(ctx, now)
			c.judge(now)
			c.meetNext(ctx, now)
			c.forgetGone(now)
			c.letIn()
			c.settle(now)
		}
	}
}

// meetNext begins to meet members whose turn it is.
func (c *Cluster) meetNext(ctx context.Context, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, again := 0, 0 // that are under way, and of them with those that were met before
	for _, m := range c.members {
		if m.meeting || m.asking {
			all++
			if len(m.certs) > 0 {
				again++
			}
		}
	}
	var next []*member
	for _, m := range c.members {
		if m.dead.IsZero() && !m.left && !m.meeting && !m.asking && (c.toMeet(m, now) || c.toAsk(m, now)) {
			next = append(next, m)
		}
	}
	// Who was met before, and then who was tried least: so those that were made up, to
	// whom nobody gets through, do not keep others waiting.
	slices.SortFunc(next, func(a, b *member) int {
		return cmp.Or(-cmp.Compare(len(a.certs), len(b.certs)), cmp.Compare(a.tries, b.tries))
	})
	asked := make(map[uint64]bool)
	for _, m := range next {
		peer, before := m.peer, len(m.certs) > 0
		switch {
		case all >= maxMeeting:
			return
		case before && again >= maxMetAgain:
			continue
		case c.toMeet(m, now):
			m.meeting = true
			c.wg.Go(func() { c.introduce(ctx, m, peer) })
		case asked[m.meta.inventory]: // of another one that says the same
			continue
		default:
			m.asking, asked[m.meta.inventory] = true, true
			c.wg.Go(func() { c.askInventory(ctx, m, peer) })
		}
		all++
		if before {
			again++
		}
	}
}

// toMeet says that a member has not shown the certificate that it says it has, and that
// it may be asked for it. The caller holds mu.
func (c *Cluster) toMeet(m *member, now time.Time) bool {
	return !now.Before(m.retry) && (m.known != m.meta.fingerprint || len(m.certs) == 0)
}

// toAsk says the same of which lists a member follows. The caller holds mu.
func (c *Cluster) toAsk(m *member, now time.Time) bool {
	due := !now.Before(m.retry) && !now.Before(m.askAt)
	return due && c.o.Member != nil && m.trusted() && m.meta.inventory != c.follow && c.others[m.meta.inventory] == nil
}

// doubt has a member's certificate looked at again: it may have another. Since anybody
// may have caused that, it does not happen often, nor sooner where looks fail.
func (c *Cluster) doubt(name string) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.members[name]; ok && len(m.certs) > 0 && now.Sub(m.doubted) >= doubtPeriod {
		m.doubted, m.known = now, 0
	}
}

// introduce has a member show its certificate. That it is of this cluster, of the
// member's name and of a jurisdiction that may be is seen to by the connection. Whether
// the member takes this one's is known once it has answered something.
func (c *Cluster) introduce(ctx context.Context, m *member, peer transfer.Peer) {
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	certs, err := c.o.Reach.Certificates(ctx, peer)
	if err == nil && c.o.Member != nil {
		if _, err = c.ask(ctx, peer, message{askInventory: true}); err != nil { // a call may break off: who refuses, refuses twice
			_, err = c.ask(ctx, peer, message{askInventory: true})
		}
		if err != nil {
			err = fmt.Errorf("it answers nothing, and may refuse this node's certificate or jurisdiction: %w", err)
		}
	}
	c.mu.Lock()
	m.meeting = false
	before := m.trusted()
	if err == nil && m.peer == peer {
		c.note(m, certs)
	}
	said := false
	if _, refused := errors.AsType[*tls.CertificateVerificationError](err); refused && m.peer == peer {
		c.refuse(m, err)
	}
	lost := before && !m.trusted()
	switch {
	case m.peer != peer: // it has moved meanwhile
		m.retry = time.Time{}
	case err == nil && c.o.Member != nil && fingerprint(certs[0]) != m.meta.fingerprint && m.tries < maxLooks:
		m.why = nil // it is about to say so, or to show another
		m.tries++
		m.retry = time.Now().Add(firstMeeting)
	case err != nil:
		m.tries++
		m.retry = time.Now().Add(waitAfter(m.tries))
		said = m.tries == 1 || m.tries == 5
		if len(m.certs) == 0 {
			m.why = err
		}
	default:
		m.known, m.why, m.tries = m.meta.fingerprint, nil, 0
	}
	met := m.trusted() && !before
	evicted := c.members[m.name] != m
	c.mu.Unlock()
	if met {
		c.log.Info("member met", "member", m.name, "addr", peer.Addr)
	}
	if lost || evicted {
		c.o.Reach.Forget(peer)
	}
	if met || lost {
		c.meet()
	}
	switch {
	case err == nil:
	case said && ctx.Err() == nil:
		c.log.Warn("a member could not be met: see that its gossip.transfer port is open and its certificate is of this cluster, in its name and of an allowed jurisdiction",
			"member", m.name, "addr", peer.Addr, "err", err)
	}
}

// waitAfter is how long a member is left alone that was tried so often in vain.
func waitAfter(tries int) time.Duration {
	wait := min(firstMeeting<<min((tries-1)/sameWait, 10), lastMeeting)
	return wait*3/4 + rand.N(wait/2)
}

// askInventory asks a member which lists it follows. What it says is known by its hash,
// so that of many members with one configuration one is asked.
func (c *Cluster) askInventory(ctx context.Context, m *member, peer transfer.Peer) {
	got, err := c.ask(ctx, peer, message{askInventory: true})
	c.mu.Lock()
	defer c.mu.Unlock()
	m.asking = false
	if hash := hashOf(got.inventory); err != nil || hash != m.meta.inventory {
		m.asks++
		m.askAt = time.Now().Add(waitAfter(m.asks))
		return
	}
	m.asks = 0
	set := make(map[uint64]bool, len(got.inventory))
	for _, id := range got.inventory {
		set[id] = true
	}
	c.others[m.meta.inventory] = set
	// Those that nobody has any more go.
	maps.DeleteFunc(c.others, func(hash uint64, _ map[uint64]bool) bool {
		for _, o := range c.members {
			if o.meta.inventory == hash {
				return false
			}
		}
		return true
	})
}

// forgetGone forgets members that have been gone for long, and the first of too many.
func (c *Cluster) forgetGone(now time.Time) {
	c.mu.Lock()
	var gone []transfer.Peer
	dead, met := 0, false
	for name, m := range c.members {
		if m.dead.IsZero() {
			continue
		}
		if dead++; m.left || len(m.certs) == 0 || dead > maxDead || now.Sub(m.dead) > forgetAfter {
			gone, met = append(gone, m.peer), met || len(m.certs) > 0
			delete(c.members, name)
		}
	}
	c.mu.Unlock()
	for _, p := range gone {
		c.o.Reach.Forget(p)
	}
	if met { // the core knows of no others
		c.meet()
	}
}

// settle notices when this node knows whom it is among: those that it found when it
// joined were met, or there was nobody to be found within a short time.
func (c *Cluster) settle(now time.Time) {
	c.mu.Lock()
	if c.settled {
		c.mu.Unlock()
		return
	}
	open, met := 0, 0
	for _, m := range c.members {
		switch {
		case m.trusted():
			met++
		case m.dead.IsZero() && m.why == nil:
			open++
		}
	}
	quiet := now.Sub(c.joined) >= settleAfter
	c.settled = now.Sub(c.began) >= settleAtMost || c.reached && open == 0 && met > 0 && quiet
	done := c.settled
	c.mu.Unlock()
	if done {
		c.log.Info("settled", "members", met+1)
		c.o.Changed()
	}
}

// keysOf are what this member shares with another; none if that is nobody.
func (c *Cluster) keysOf(name string) pairKeys {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.members[name]; ok {
		return m.keys
	}
	return nil
}

// peerOf is how a member is reached; false: it is nobody.
func (c *Cluster) peerOf(name string) (transfer.Peer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.members[name]
	if !ok {
		return transfer.Peer{}, false
	}
	return m.peer, true
}
