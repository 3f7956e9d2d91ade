package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip/socket"
)

// Membership is how a node takes part in the membership of its cluster.
type Membership struct {
	Listen    string // host:port, UDP and TCP; port 0 takes a free one
	Advertise string // host:port under which others reach it; "": as it listens
	// Transfer is the port of the listener for connections, at the same host.
	Transfer int
	// Join are members to ask for the others: host:port, of which every address is
	// tried, or dns+srv://name. They are looked up again each time.
	Join []string
	// Keys returns the gossip keys, the one to encrypt with first. It is asked again
	// every few seconds, so that keys are replaced without a restart.
	Keys func() ([][]byte, error)

	// Remembered are addresses of members from before a restart, and Remember is told
	// of those of today. Nil: nobody is.
	Remembered []string
	Remember   func(addrs []string)

	// Resolver looks names up; nil: the system's.
	Resolver *net.Resolver
	// Transport carries packets in the place of sockets, for tests; nil: sockets do.
	Transport memberlist.NodeAwareTransport
}

// Times of the membership.
const (
	firstJoin    = time.Second // until the next attempt to join
	lastJoin     = 30 * time.Second
	joinPeriod   = 5 * time.Minute // whoever seems to be there
	keysPeriod   = 5 * time.Second
	metaPeriod   = 2 * time.Second // between two that this node sends of itself
	updateWithin = time.Second
	reclaimAfter = time.Second // a name whose holder is dead, at another address
	warnPeriod   = time.Minute // between warnings of names that two nodes have

	resolveWithin = 10 * time.Second // a name of this node's own
	maxJoin       = 128              // addresses that are asked
	maxJoining    = 16               // of them at once
)

// enter makes this node a member of a cluster of its own, until it has joined another.
func (c *Cluster) enter() error {
	m := c.o.Member
	keys, err := m.Keys()
	if err == nil {
		err = checkKeys(keys)
	}
	if err != nil {
		return fmt.Errorf("gossip.key_file: %w", err)
	}
	if c.ring, err = memberlist.NewKeyring(keys, keys[0]); err != nil {
		return fmt.Errorf("gossip.key_file: %w", err)
	}
	c.keysAre(keys)
	config := memberlist.DefaultLANConfig()
	config.Name, config.Keyring, config.EnableCompression = c.o.Name, c.ring, false
	config.Delegate, config.Events, config.Alive, config.Conflict = delegate{c}, delegate{c}, delegate{c}, delegate{c}
	config.LogOutput = nil
	config.DeadNodeReclaimTime = reclaimAfter
	// Of four times to three members each, one member of seven is left out once in some
	// hundred changes, and knows no better for half a minute.
	config.GossipNodes, config.RetransmitMult = 6, 6
	config.Logger = slog.NewLogLogger(newBridge(c.log.Handler()), slog.LevelInfo)
	// memberlist would take whatever is not an IP address for all of this machine's.
	if config.BindAddr, config.BindPort, err = c.resolve(m.Listen); err != nil {
		return fmt.Errorf("gossip.listen: %w", err)
	}
	config.AdvertisePort = config.BindPort
	switch ip := net.ParseIP(config.BindAddr); {
	case m.Transport != nil:
		config.Transport = m.Transport
	case m.Advertise != "":
		if config.AdvertiseAddr, config.AdvertisePort, err = c.resolve(m.Advertise); err != nil {
			return fmt.Errorf("gossip.advertise: %w", err)
		}
	case ip != nil && ip.IsUnspecified():
		if config.AdvertiseAddr, err = ownAddress(); err != nil {
			return fmt.Errorf("gossip.advertise: %w", err)
		}
	}
	c.mu.Lock()
	c.reached = len(m.Join)+len(m.Remembered) == 0
	c.mu.Unlock()
	if m.Transport == nil {
		if c.sockets, err = socket.Listen(config.BindAddr, config.BindPort, keys, c.log); err == nil {
			config.Transport = c.sockets
		}
	}
	if err == nil {
		c.list, err = memberlist.Create(config)
	}
	if err != nil {
		if c.sockets != nil {
			_ = c.sockets.Shutdown()
		}
		return fmt.Errorf("gossip.listen: %w; another node may be running here, or gossip.advertise has to say how others reach this one", err)
	}
	// It does not change, and memberlist goes on writing to its own record of it.
	c.addr = c.list.LocalNode().Address()
	return nil
}

// split takes an address to listen at apart; without a host it is all of them.
func split(addr string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(p); err != nil {
		return "", 0, err
	}
	if host == "" {
		host = "::"
		if !hasIPv6() {
			host = "0.0.0.0"
		}
	}
	return host, port, nil
}

// ownAddress is the address of this machine that others most likely reach it at: a
// private one before a public one, IPv4 before IPv6.
func ownAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	best, least := "", 4
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || !n.IP.IsGlobalUnicast() && !n.IP.IsLoopback() {
			continue
		}
		worth := 0
		if n.IP.To4() == nil {
			worth = 2
		}
		switch {
		case n.IP.IsLoopback():
			worth = 3
		case !n.IP.IsPrivate():
			worth++
		}
		if worth < least {
			best, least = n.IP.String(), worth
		}
	}
	if best == "" {
		return "", errors.New("this machine has no address; say how others reach it")
	}
	return best, nil
}

// hasIPv6 says whether this machine can listen at IPv6 addresses, and so at all.
func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// resolve finds the address of a host, since members know one another by addresses.
func (c *Cluster) resolve(addr string) (ip string, port int, err error) {
	host, port, err := split(addr)
	if err != nil || net.ParseIP(host) != nil {
		return host, port, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveWithin)
	defer cancel()
	ips, err := c.resolver().LookupHost(ctx, host)
	if err != nil {
		return "", 0, err
	}
	if net.ParseIP(ips[0]) == nil {
		return "", 0, fmt.Errorf("%q is good on one link only: write an address without a zone", ips[0])
	}
	return ips[0], port, nil
}

func (c *Cluster) resolver() *net.Resolver {
	if r := c.o.Member.Resolver; r != nil {
		return r
	}
	return net.DefaultResolver
}

// Addr is the address at which others reach this member; "" of a leaf.
func (c *Cluster) Addr() string { return c.addr }

// keepJoined joins, and goes on trying as long as nobody is there or somebody is missed;
// in its first half minute in any case, and every few minutes. Who was restarted
// elsewhere before the others took it for dead is reached where it is now when it joins
// after that; and two parts that have forgotten one another find together again.
func (c *Cluster) keepJoined(ctx context.Context) {
	asked := len(c.o.Member.Join)+len(c.o.Member.Remembered) > 0
	var last time.Time
	for wait := firstJoin; ctx.Err() == nil; pause(ctx, wait/2+rand.N(wait)) {
		alone, missed := c.lonely()
		if asked && (alone || missed || wait < lastJoin || time.Since(last) >= joinPeriod) {
			last = time.Now()
			n, err := c.join(ctx)
			c.mu.Lock()
			c.reached = c.reached || n > 0
			c.mu.Unlock()
			if err != nil && alone && wait == firstJoin<<2 { // not while all start together
				c.log.Warn("nobody answered at gossip.join: see that the addresses are right, that their UDP and TCP port is open and that gossip.key_file is the same everywhere", "err", err)
			}
		}
		if !alone {
			c.remember()
		}
		wait = min(wait*2, lastJoin)
	}
}

// lonely says whether no other member is alive, and whether one is missed.
func (c *Cluster) lonely() (alone, missed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	alone = true
	for _, m := range c.members {
		if m.dead.IsZero() && !m.left {
			alone = false
		} else if !m.left {
			missed = true
		}
	}
	return alone, missed
}

// join asks those that the configuration names and those that are remembered for the
// members they know, and returns how many others answered.
func (c *Cluster) join(ctx context.Context) (n int, err error) {
	addrs, err := c.joinAddrs(ctx)
	if len(addrs) == 0 {
		return 0, err
	}
	places := make(chan struct{}, maxJoining)
	done := make(chan struct{}, len(addrs))
	for _, addr := range addrs {
		go func() { // which ends by itself: one that does not answer must not hold up the others, or who leaves
			places <- struct{}{}
			_, _ = c.list.Join([]string{addr}) // what came of it is seen by who is there then
			<-places
			done <- struct{}{}
		}()
	}
	for range addrs {
		select {
		case <-done:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if n = c.list.NumMembers() - 1; n == 0 {
		return 0, errors.Join(err, fmt.Errorf("%s: no answer", strings.Join(addrs, ", ")))
	}
	return n, nil
}

// joinAddrs looks up whom to ask: some of those that the configuration names, those that
// are missed, whom nobody else looks for, and as many of the others as there is room for.
func (c *Cluster) joinAddrs(ctx context.Context) (addrs []string, err error) {
	own := c.Addr()
	add := func(most int, list []string) {
		for _, addr := range list {
			if addr != own && len(addrs) < most && !slices.Contains(addrs, addr) {
				addrs = append(addrs, addr)
			}
		}
	}
	named, err := c.lookUpAll(ctx, c.o.Member.Join)
	remembered, lost := c.lookUpAll(ctx, c.o.Member.Remembered)
	add(maxJoin/2, named)
	add(maxJoin, c.missed())
	add(maxJoin, named)
	add(maxJoin, remembered)
	return addrs, errors.Join(err, lost)
}

// missed are the addresses of those that are dead, in an order that is another each time.
func (c *Cluster) missed() (addrs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if !m.dead.IsZero() && !m.left {
			addrs = append(addrs, m.node.Address())
		}
	}
	return addrs
}

func (c *Cluster) lookUpAll(ctx context.Context, entries []string) (addrs []string, err error) {
	var errs []error
	for _, entry := range entries {
		found, err := c.lookUp(ctx, entry)
		if err != nil {
			errs = append(errs, err)
		}
		addrs = append(addrs, found...)
	}
	return addrs, errors.Join(errs...)
}

// SRVScheme begins an entry of Join that is looked up as DNS SRV records.
const SRVScheme = "dns+srv://"

// lookUp returns every address of an entry of Join.
func (c *Cluster) lookUp(ctx context.Context, entry string) (addrs []string, err error) {
	if name, ok := strings.CutPrefix(entry, SRVScheme); ok {
		_, records, err := c.resolver().LookupSRV(ctx, "", "", name)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			found, lost := c.lookUp(ctx, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
			err = errors.Join(err, lost)
			addrs = append(addrs, found...)
		}
		return addrs, err
	}
	host, port, err := net.SplitHostPort(entry)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) != nil {
		return []string{entry}, nil
	}
	ips, err := c.resolver().LookupHost(ctx, host)
	for _, ip := range ips {
		addrs = append(addrs, net.JoinHostPort(ip, port))
	}
	return addrs, err
}

// back has a member join again that was taken for dead and has answered, for which
// memberlist takes as long as it likes.
func (c *Cluster) back(name string) {
	c.mu.Lock()
	m, ok := c.members[name]
	if !ok || m.dead.IsZero() || c.list == nil || time.Since(m.back) < firstJoin {
		c.mu.Unlock()
		return
	}
	m.back = time.Now()
	addr := m.node.Address()
	c.mu.Unlock()
	if _, err := c.list.Join([]string{addr}); err != nil {
		c.log.Debug("a member that is back did not join", "member", name, "err", err)
	}
}

// remember hands on the addresses of the members of now.
func (c *Cluster) remember() {
	if c.o.Member.Remember == nil {
		return
	}
	c.mu.Lock()
	var addrs []string
	for _, m := range c.members {
		if m.trusted() {
			addrs = append(addrs, m.node.Address())
		}
	}
	c.mu.Unlock()
	slices.Sort(addrs)
	if len(addrs) > 0 {
		c.o.Member.Remember(addrs[:min(len(addrs), maxJoin)])
	}
}

// keepKeys takes up keys that were replaced: what is new may be used to read at once,
// and the first is used to write.
func (c *Cluster) keepKeys(ctx context.Context) {
	failed := ""
	for pause(ctx, keysPeriod) {
		keys, err := c.o.Member.Keys()
		if err == nil {
			err = c.useKeys(keys)
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != failed && text != "" {
			c.log.Error("gossip.key_file is not taken up; the keys of before are in use", "err", err)
		}
		failed = text
	}
}

// checkKeys says what is wrong with keys, before any of them is used.
func checkKeys(keys [][]byte) error {
	if len(keys) == 0 {
		return errors.New("it holds no key; make one with head -c 32 /dev/urandom | base64")
	}
	for i, key := range keys {
		if err := memberlist.ValidateKey(key); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
	}
	return nil
}

// useKeys takes up keys: all of them, or none.
func (c *Cluster) useKeys(keys [][]byte) error {
	if err := checkKeys(keys); err != nil {
		return err
	}
	ring := c.ring
	have := slices.Clone(ring.GetKeys())
	for _, key := range keys {
		if err := ring.AddKey(key); err != nil {
			return err
		}
	}
	if string(ring.GetPrimaryKey()) != string(keys[0]) {
		if err := ring.UseKey(keys[0]); err != nil {
			return err
		}
	}
	for _, key := range have {
		if !slices.ContainsFunc(keys, func(k []byte) bool { return string(k) == string(key) }) {
			if err := ring.RemoveKey(key); err != nil {
				return err
			}
		}
	}
	c.keysAre(keys)
	if c.sockets != nil {
		return c.sockets.UseKeys(keys)
	}
	return nil
}

// keysAre notes which keys are in use. They are told apart by fingerprints: the ring's
// own list is not to be kept, as the ring writes to it.
func (c *Cluster) keysAre(keys [][]byte) {
	now := fingerprints(keys)
	c.mu.Lock()
	before := c.keys
	c.keys = now
	c.mu.Unlock()
	if before != nil && !slices.Equal(before, now) {
		c.log.Info("gossip keys changed; the first one encrypts", "keys", len(now), "fingerprints", now, "before", before)
	}
}

// spreadMeta tells the others what this member has to say of itself, soon.
func (c *Cluster) spreadMeta(ctx context.Context) {
	c.mu.Lock()
	told := c.telling
	c.telling = true
	c.mu.Unlock()
	if c.list == nil || told {
		return
	}
	c.wg.Go(func() {
		if !pause(ctx, metaPeriod) {
			return
		}
		c.mu.Lock()
		c.telling = false
		c.mu.Unlock()
		if err := c.list.UpdateNode(updateWithin); err != nil {
			c.log.Debug("what this member says of itself may not have reached the others", "err", err)
		}
	})
}

// delegate is what memberlist calls. None of it waits.
type delegate struct{ c *Cluster }

func (d delegate) NodeMeta(limit int) []byte {
	c := d.c
	c.mu.Lock()
	cert := c.pair.current.Certificate
	if c.pair.next != nil {
		cert = c.pair.next.Certificate
	}
	m := meta{transfer: uint16(c.o.Member.Transfer), zone: c.o.Zone, fingerprint: fingerprint(cert), inventory: c.follow}
	c.mu.Unlock()
	b, err := m.marshal()
	if err != nil || len(b) > limit {
		c.log.Error("this member cannot say of itself what it has to", "bytes", len(b), "err", err)
		return nil
	}
	return b
}

func (d delegate) NotifyMsg(b []byte) {
	if len(b) > MaxLookNews+3+MaxName+codeSize {
		return
	}
	if len(d.c.parcel) < cap(d.c.parcel) { // what is dropped need not be copied
		select {
		case d.c.parcel <- slices.Clone(b):
			return
		default:
		}
	}
	d.c.count(func(n *Counters) { n.Dropped++ })
}

func (d delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d delegate) LocalState(bool) []byte          { return nil }
func (d delegate) MergeRemoteState([]byte, bool)   {}
func (d delegate) NotifyJoin(n *memberlist.Node)   { d.c.inbox.put(joined{*n}) }
func (d delegate) NotifyUpdate(n *memberlist.Node) { d.c.inbox.put(joined{*n}) }
func (d delegate) NotifyLeave(n *memberlist.Node)  { d.c.inbox.put(parted{n.Name}) }

// NotifyAlive keeps out who does not say what a member says, and more than there is room
// for.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	if len(n.Name) == 0 || len(n.Name) > MaxName {
		return errors.New("a name of no bytes or too many")
	}
	if _, err := parseMeta(n.Meta); err != nil {
		return err
	}
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	if _, known := d.c.members[n.Name]; !known && n.Name != d.c.o.Name && len(d.c.members) >= MaxMembers && d.c.unmet() == nil {
		return errors.New("there are too many members")
	}
	return nil
}

// NotifyConflict tells of two nodes that go by one name.
func (d delegate) NotifyConflict(existing, other *memberlist.Node) {
	now := time.Now()
	d.c.mu.Lock()
	d.c.counters.Conflicts++
	d.c.noteConflict(existing.Name, existing.Address(), other.Address())
	due := now.Sub(d.c.warned) >= warnPeriod
	if due {
		d.c.warned = now
	}
	d.c.mu.Unlock()
	if !due { // memberlist says so with every packet
		return
	}
	d.c.log.Error("two nodes have one name: give one of them another, and a certificate for it",
		"name", existing.Name, "addr", existing.Address(), "other", other.Address())
}

// joined and parted are what memberlist says of members.
type (
	joined struct{ node memberlist.Node }
	parted struct{ name string }
)
