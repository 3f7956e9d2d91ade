package gossip

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/socket"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// Limits of a Cluster.
const (
	MaxMembers   = 4096 // that are taken note of
	maxPackets   = 1024 // that came and wait; more are dropped
	maxFetching  = 32   // bodies that are fetched or judged at once
	maxExchanges = 32   // exchanges of this member's that are under way

	exchangeTimeout = 10 * time.Second
	pullTimeout     = 2 * time.Second // for a body, and what its size takes
	pullRate        = 256 << 10       // bytes a second that a member has to send at least
	beaconPeriod    = time.Minute
	settleAfter     = time.Second     // without a new member
	settleAtMost    = 3 * time.Second // after the start
)

// Store is where bodies are held and judged.
type Store interface {
	// Plausible says whether a head can be one of a list that is followed, or may come
	// to be, at the time. It must not wait for anything that waits for the Cluster.
	Plausible(h Head, now time.Time) bool
	// Take judges a body that came from a member and says what came of it.
	Take(a Arrival) Outcome
	// Before is a body that is held of an older version of the head's list, against
	// which it may come compressed; nil: there is none.
	Before(h Head) []byte
	// Looked says that enough other members have seen this head at the origin, the
	// last of them at the time.
	Looked(h Head, at time.Time)
}

// Arrival is a body as it came, with exactly the digest of its head.
type Arrival struct {
	Head
	Body   []byte
	From   string        // the member
	Spread time.Duration // since it was announced, by the clocks of two members; 0: not known
}

// Reach is how members are reached over connections: transfer.Client.
type Reach interface {
	// Certificates has a peer show its certificates, its own first, and verifies them.
	Certificates(ctx context.Context, p transfer.Peer) ([]*x509.Certificate, error)
	// Judge says whether certificates that a peer has shown are still good. It waits
	// for nothing.
	Judge(p transfer.Peer, certs []*x509.Certificate) error
	Exchange(ctx context.Context, p transfer.Peer, message []byte) ([]byte, error)
	Fetch(ctx context.Context, p transfer.Peer, w transfer.Want) ([]byte, error)
	Forget(p transfer.Peer)
}

// Credentials are a node certificate and its key.
type Credentials struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// ClusterOptions are what a Cluster needs.
type ClusterOptions struct {
	Name, Zone  string
	Credentials func() Credentials // now; another after a renewal
	Reach       Reach
	Store       Store

	// Member is this node's place in the membership; nil: it is a leaf of Hubs.
	Member *Membership
	Hubs   []transfer.Peer

	// Held says which versions of lists this node holds and may tell of, announced or
	// not. Nil: it tells of none.
	Held func(lists []ListID) []Holding
	// Changed is told that the feeders may be others than before. It must not wait
	// for the Cluster. Nil: nobody is.
	Changed func()
	// Beacon is told how long another member's beacon took. Nil: nobody is.
	Beacon func(from string, took time.Duration)
	Logger *slog.Logger // nil: discards
}

// Cluster is one node's place among others: it carries a Core on memberlist's packets
// and on connections.
type Cluster struct {
	o   ClusterOptions
	log *slog.Logger

	core    *Core // of run alone
	list    *memberlist.Memberlist
	sockets *socket.Transport // that list uses; nil: it has another transport
	addr    string            // of this member, as others reach it; "" of a leaf
	ring    *memberlist.Keyring
	inbox   inbox
	parcel  chan []byte // packets that came
	coming  *coming

	fetching  chan struct{} // holds one value for each body that is fetched
	exchanges chan struct{} // likewise

	mu      sync.Mutex // guards what follows
	members map[string]*member
	outside map[string]memberlist.Node // for whom there is no place among them
	looks   looks
	own     map[ListID]own
	follows []uint64 // inventory
	follow  uint64   // its hash
	// followed are the lists themselves, whose looks are remembered.
	followed map[ListID]bool
	others   map[uint64]map[uint64]bool
	sum      Summary
	differs  chan struct{} // closed when sum changes
	pair     pairing
	keys     []string // fingerprints of the gossip keys, the one to encrypt with first
	began    time.Time
	joined   time.Time // when a member was last met
	alone    time.Time // when a member was last lost, or the start
	reached  bool      // somebody answered when this node joined, or nobody was to
	settled  bool
	telling  bool          // what it has to say of itself, soon
	retries  atomic.Uint64 // calls of Retry
	judging  time.Time     // when the members' certificates are judged again
	warned   time.Time     // of a name that two nodes have

	said      rates               // of members that ask what is held here
	conflicts map[string]conflict // names that two nodes have

	counters Counters
	avoided  map[string]time.Time // as of the last look into the core

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// own is this member's own looks at a list.
type own struct {
	since time.Time // when it was first about to look
	seen  Seen
	at    time.Time
	tried time.Time
}

// NewCluster returns a Cluster of nobody. Start has it meet others.
func NewCluster(o ClusterOptions) *Cluster {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Beacon == nil {
		o.Beacon = func(string, time.Duration) {}
	}
	c := &Cluster{
		o: o, log: o.Logger, inbox: newInbox(), parcel: make(chan []byte, maxPackets), coming: newComing(), said: make(rates),
		fetching: make(chan struct{}, maxFetching), exchanges: make(chan struct{}, maxExchanges),
		members: make(map[string]*member), outside: make(map[string]memberlist.Node), looks: make(looks), own: make(map[ListID]own),
		others: make(map[uint64]map[uint64]bool), differs: make(chan struct{}), avoided: make(map[string]time.Time),
		pair: pairing{current: o.Credentials()},
	}
	c.core = New(Options{
		Self: o.Name, Zone: o.Zone, Seed: rand.Uint64(), Sign: c.sign, Verify: c.verify, VerifyLooks: c.verifyLooks,
		Plausible: o.Store.Plausible,
	}, time.Now())
	return c
}

// Start joins the others, and goes on trying where none can be reached. The error says
// what keeps this node from being a member at all.
func (c *Cluster) Start(ctx context.Context) error {
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.began = time.Now()
	c.alone = c.began
	if c.o.Member != nil {
		if err := c.enter(); err != nil {
			c.cancel()
			return err
		}
		c.wg.Go(func() { c.keepJoined(ctx) })
		c.wg.Go(func() { c.keepKeys(ctx) })
	} else {
		c.enterAsLeaf()
		for _, hub := range c.o.Hubs {
			c.wg.Go(func() { c.keepWaiting(ctx, hub) })
		}
		c.wg.Go(func() { c.keepAskingForLooks(ctx) })
	}
	c.wg.Go(func() { c.run(ctx) })
	c.wg.Go(func() { c.keepMeeting(ctx) })
	return nil
}

// Leave tells the others that this node goes, and ends what it does for them. The
// error says that nobody may have heard.
func (c *Cluster) Leave(wait time.Duration) error {
	var err error
	if c.list != nil {
		began := time.Now()
		c.sayBye(wait / 2)
		err = errors.Join(c.list.Leave(max(wait-time.Since(began), time.Millisecond)), c.list.Shutdown())
	}
	c.cancel()
	c.wg.Wait()
	return err
}

// Hold says that this node holds a head from now on.
func (c *Cluster) Hold(h Held) {
	c.coming.came(h.Digest)
	c.inbox.put(h)
}

// Await returns when a body is held that is about to be, at once if it is not, or when
// ctx ends.
func (c *Cluster) Await(ctx context.Context, d artefact.Digest) { c.coming.await(ctx, d) }

// Release says that nothing of a list is held any more that others may have.
func (c *Cluster) Release(id ListID) { c.inbox.put(Left{id}) }

// Retry says that what could not be judged may be judged now.
func (c *Cluster) Retry() {
	c.retries.Add(1)
	c.inbox.put(Retry{})
}

// Follow says which lists this node follows, held or not.
func (c *Cluster) Follow(ids []ListID) {
	list, hash := inventoryOf(ids[:min(len(ids), MaxInventory)])
	followed := make(map[ListID]bool, len(ids))
	for _, id := range ids {
		followed[id] = true
	}
	c.mu.Lock()
	changed := hash != c.follow
	c.follows, c.follow, c.followed = list, hash, followed
	maps.DeleteFunc(c.own, func(id ListID, _ own) bool { return !followed[id] })
	maps.DeleteFunc(c.looks, func(id ListID, _ []looker) bool { return !followed[id] })
	c.mu.Unlock()
	if changed {
		c.inbox.put(metaChanged{})
	}
}

// Seen says that this node has looked at an origin.
func (c *Cluster) Seen(s Seen) {
	c.mu.Lock()
	o := c.own[s.List]
	o.seen, o.at = s, time.Now()
	c.own[s.List] = o
	c.mu.Unlock()
	c.inbox.put(s)
}

// Wait is how long a look at a list may wait because others look; 0: it is this
// node's turn, which it is taken to use. period is the time between looks, version the
// newest that is held (0: none is), held when this node last looked or something new
// came (zero: nothing is held), maxOwn how long it may do without a look of its own.
func (c *Cluster) Wait(id ListID, period time.Duration, version uint64, held time.Time, maxOwn time.Duration) time.Duration {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.settled {
		return max(settleAtMost-now.Sub(c.began), 100*time.Millisecond)
	}
	o := c.own[id]
	if o.since.IsZero() { // a list of which all have just heard is one that all would look for
		o.since = now
	}
	d := Duty{
		Period: period, Own: held, Tried: o.tried, Since: o.since,
		Latest: c.looks.nth(id, 1, version), Second: c.looks.nth(id, 2, version), MaxOwn: maxOwn,
	}
	d.Rank, d.Members = c.rank(id)
	wait := d.Wait(now)
	if wait == 0 {
		o.tried = now
	}
	c.own[id] = o
	return wait
}

// rank is this member's for a list, and how many follow it. A leaf never feeds others,
// so its hubs always come before it. The caller holds mu.
func (c *Cluster) rank(id ListID) (place, members int) {
	if c.o.Member == nil {
		return FeederCount + int(weight(id, c.o.Name)%FeederCount), len(c.o.Hubs) + 1
	}
	others := c.followers(id)
	return rank(id, Member{c.o.Name, c.o.Zone}, others), len(others) + 1
}

// followers are the other members that follow a list. The caller holds mu.
func (c *Cluster) followers(id ListID) (others []Member) {
	for _, m := range c.members {
		if m.trusted() && c.followsList(m, id) {
			others = append(others, Member{m.name, m.meta.zone})
		}
	}
	return others
}

// followsList says whether a member follows a list, as far as is known: one that has
// not said so yet is taken to follow what this one does. The caller holds mu.
func (c *Cluster) followsList(m *member, id ListID) bool {
	if m.meta.inventory == c.follow {
		return true
	}
	list, known := c.others[m.meta.inventory]
	return !known || list[shortID(id)]
}

// run is the one goroutine that steps the core. It never waits for anything else.
func (c *Cluster) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	beacon := time.NewTicker(beaconPeriod)
	defer beacon.Stop()
	looks := time.NewTimer(time.Hour)
	defer looks.Stop()
	var seen []Seen // that were not told of yet
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			c.step(ctx, Tick{})
		case <-beacon.C:
			if c.beats(time.Now()) {
				c.step(ctx, Beat{})
			}
		case <-looks.C:
			c.step(ctx, Look{seen})
			seen = nil
		case b := <-c.parcel:
			if e, ok := c.open(b); ok {
				c.step(ctx, e)
			}
		case <-c.inbox.full:
			for _, e := range c.inbox.take() {
				switch e := e.(type) {
				case Seen: // several go out together
					if len(seen) == 0 {
						looks.Reset(lookDelay)
					}
					if seen = append(seen, e); len(seen) == MaxSeen {
						c.step(ctx, Look{seen})
						seen = nil
					}
				case question:
					e.answer <- c.answerOf(ctx, e)
				case metaChanged:
					c.spreadMeta(ctx)
				case joined:
					c.alive(e.node)
				case parted:
					c.gone(e.name)
				case hubLooks:
					c.heardFromHub(e)
				case Held:
					c.step(ctx, e)
					c.credit([]Seen{SeenOf(e.Head)}) // which others may have said that they saw
				default:
					c.step(ctx, e)
				}
			}
		}
		timer.Reset(time.Until(c.core.Next()))
	}
}

// lookDelay is how long news of a look waits for more.
const lookDelay = 200 * time.Millisecond

// step hands an event to the core and has done what it says.
func (c *Cluster) step(ctx context.Context, e Event) {
	for _, effect := range c.core.Step(time.Now(), e) {
		c.do(ctx, effect)
	}
	c.after(e)
}

// after takes note of what an event has changed that others may ask for.
func (c *Cluster) after(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Stats = c.core.Stats
	if c.core.sum != c.sum {
		c.sum = c.core.sum
		close(c.differs)
		c.differs = make(chan struct{})
	}
	switch e.(type) {
	case Pulled, Members:
	default:
		return // nobody is avoided for anything else
	}
	clear(c.avoided)
	for name, p := range c.core.peers {
		if !p.until.IsZero() {
			c.avoided[name] = p.until
		}
	}
}

// count counts what happened.
func (c *Cluster) count(what func(*Counters)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what(&c.counters)
}

// beats says whether it is this member that sends the beacon of this minute: one after
// the other does.
func (c *Cluster) beats(now time.Time) bool {
	if c.o.Member == nil {
		return false
	}
	var id ListID
	binary.BigEndian.PutUint64(id[:], uint64(now.Unix()/int64(beaconPeriod/time.Second)))
	c.mu.Lock()
	defer c.mu.Unlock()
	var others []Member
	for _, m := range c.members {
		if m.trusted() {
			others = append(others, Member{m.name, m.meta.zone})
		}
	}
	return len(others) > 0 && rank(id, Member{c.o.Name, c.o.Zone}, others) == 0
}

// inbox holds events for run. Whoever puts one in never waits.
type inbox struct {
	mu     *sync.Mutex
	events *[]any
	full   chan struct{} // holds one value: there are events
}

func newInbox() inbox { return inbox{new(sync.Mutex), new([]any), make(chan struct{}, 1)} }

func (i inbox) put(e any) {
	i.mu.Lock()
	*i.events = append(*i.events, e)
	i.mu.Unlock()
	select {
	case i.full <- struct{}{}:
	default:
	}
}

func (i inbox) take() []any {
	i.mu.Lock()
	defer i.mu.Unlock()
	events := *i.events
	*i.events = nil
	return events
}
