package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/transfer"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/node/serve"
)

const (
	certificateRecheck = 5 * time.Second
	leaveWithin        = time.Second
	maxTransferConns   = 4096
	// leafKeepAlive is less than the half minute after which the first routers forget a
	// UDP flow that says nothing.
	leafKeepAlive = 15 * time.Second
	// awaitedAgain is how often it is asked, at the start, whether the trust lists have come.
	awaitedAgain = 500 * time.Millisecond
)

// cluster is this node's place among others: it hears what they hold, and they what it
// does. Nothing that comes this way is believed: it goes through the store's one door.
type cluster struct {
	n        *Node
	identity *identity.Identity
	client   *transfer.Client
	listener *serve.Server // others ask it for bodies; nil: a leaf, which nobody asks
	gossip   *gossip.Cluster
	shelf    *transfer.Shelf
	spread   *spread
}

// newCluster wires a cluster; nothing listens yet. The error names the member of the
// configuration that is wrong.
func (n *Node) newCluster() (*cluster, error) {
	conf := n.opts.Config
	g := conf.Gossip
	id, err := identity.Load(conf.Identity())
	if err != nil {
		return nil, err
	}
	if g.Mode != config.Leaf { // a mistake in it should not wait for the start
		if _, err := g.Keys(); err != nil {
			return nil, fmt.Errorf("gossip.key_file: %w", err)
		}
	}
	o, err := clientOptions(conf)
	if err != nil {
		return nil, err
	}
	o.Count = n.metrics.moved
	c := &cluster{n: n, identity: id, spread: newSpread(n), client: transfer.NewClient(id.Client(), o)}
	c.shelf = transfer.NewShelf(bodies{c})
	return c, nil
}

// clientOptions say how other members are reached.
func clientOptions(c *config.Config) (o transfer.ClientOptions, err error) {
	o.Proxy = c.Egress.Proxy
	if o.ProxyCAs, err = c.Egress.CAs(); err != nil {
		return o, fmt.Errorf("egress.ca_file: %w", err)
	}
	if c.Gossip.Mode == config.Leaf { // which waits on its hubs for as long as nothing happens
		o.KeepAlive = leafKeepAlive
	}
	return o, nil
}

// listen opens the listener that other members ask for bodies.
func (c *cluster) listen(addr string) (err error) {
	handler := transfer.NewHandler(c.shelf, func(ctx context.Context, from string, message []byte) ([]byte, error) {
		return c.gossip.Answer(ctx, from, message)
	})
	c.listener, err = serve.Listen(serve.Options{
		Addr: addr, Handler: c.n.metrics.exchanged(handler), Logger: quiet(c.n.log), MaxConns: maxTransferConns,
		TLS: serve.TLSOptions{Config: c.identity.Server()},
	})
	if err != nil {
		return fmt.Errorf("gossip.transfer: %w; another node may be running here", err)
	}
	return nil
}

// start joins the others. When it fails nothing of it is left.
func (c *cluster) start(ctx context.Context) (err error) {
	g := c.n.opts.Config.Gossip
	o := c.options()
	o.Reach = c.client
	o.Credentials = func() gossip.Credentials {
		cert, key := c.identity.Credentials()
		return gossip.Credentials{Certificate: cert, Key: key}
	}
	if g.Mode == config.Leaf {
		if o.Hubs, err = hubs(g.Join); err != nil {
			return err
		}
	} else {
		if err := c.listen(g.Transfer); err != nil {
			return err
		}
		o.Member = &gossip.Membership{
			Listen: g.Listen, Advertise: g.Advertise, Transfer: c.listener.Addr().Port, Join: g.Join, Keys: g.Keys,
		}
		if c.n.opts.Config.DataDir != "" {
			o.Member.Remembered, o.Member.Remember = c.n.remembered(), c.n.remember
		}
	}
	if err := c.begin(ctx, o); err != nil {
		if c.listener != nil {
			c.listener.Close()
		}
		return err
	}
	if c.listener != nil {
		c.n.wg.Go(func() { c.n.fail(c.listener.Serve()) })
	}
	c.n.wg.Go(func() { c.identity.Watch(ctx, certificateRecheck, c.n.log) })
	c.n.log.Info("in the cluster", "mode", g.Mode, "gossip", c.gossip.Addr(), "transfer", c.transferAddr())
	return nil
}

// options are what a cluster needs of the node, whatever carries it.
func (c *cluster) options() gossip.ClusterOptions {
	conf := c.n.opts.Config
	return gossip.ClusterOptions{
		Name: conf.Name, Zone: conf.Zone, Store: c.spread, Held: c.spread.held, Changed: c.n.follower.Reconsider, Beacon: c.n.metrics.beacon, Logger: c.n.log,
	}
}

// begin has the store's holdings spread, until ctx ends.
func (c *cluster) begin(ctx context.Context, o gossip.ClusterOptions) error {
	c.gossip = gossip.NewCluster(o)
	if err := c.gossip.Start(ctx); err != nil {
		return err
	}
	c.n.wg.Go(func() { c.spread.run(ctx, c.gossip) })
	return nil
}

// leave tells the others that this node goes, and serves them no longer.
func (c *cluster) leave(ctx context.Context) error {
	err := c.gossip.Leave(leaveWithin)
	if c.listener != nil {
		ctx, cancel := context.WithTimeout(ctx, leaveWithin)
		defer cancel()
		if e := c.listener.Shutdown(ctx); !errors.Is(e, context.DeadlineExceeded) { // long questions are simply cut
			err = errors.Join(err, e)
		}
	}
	c.client.Close()
	return err
}

func (c *cluster) transferAddr() string {
	if c.listener == nil {
		return ""
	}
	return c.listener.Addr().String()
}

// hubs are the peers that a leaf asks, as the configuration names them.
func hubs(urls []string) (peers []transfer.Peer, err error) {
	for i, s := range urls {
		u, err := url.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("gossip.join[%d]: %w", i, err)
		}
		// Two hubs may be one host's, so that the port, which the configuration has to
		// give, is part of the name.
		addr := net.JoinHostPort(u.Hostname(), u.Port())
		peers = append(peers, transfer.Peer{Name: addr, Addr: addr, ServerName: u.Hostname()})
	}
	return peers, nil
}

// GossipAddr is the address of the membership, TransferAddr the one that others ask for
// bodies; "" of a node that has none.
func (n *Node) GossipAddr() string {
	if n.cluster == nil {
		return ""
	}
	return n.cluster.gossip.Addr()
}

// TransferAddr is the real address at which other members ask this one.
func (n *Node) TransferAddr() string {
	if n.cluster == nil {
		return ""
	}
	return n.cluster.transferAddr()
}

// shared has a target looked at by few for all. What is no origin's each node has for
// itself. maxOwn is how long a node may do without a look of its own; 0: for ever.
func (c *cluster) shared(f origin.Followed, maxOwn time.Duration) origin.Followed {
	if f.Door != artefact.Origin {
		return f
	}
	next := f.Next
	otherwise := next(cache.Outcome{})
	f.Next = func(out cache.Outcome) time.Duration {
		d := next(out)
		if out.Ref.Digest != (artefact.Digest{}) {
			c.spread.setPeriod(f.ID, d)
		}
		return d
	}
	list := gossip.IDOf(f.ID)
	f.Turn = func() time.Duration {
		own, _ := c.n.store.Looks(f.ID)
		if own.IsZero() && !isTrustList(f.ID.Kind) && c.n.store.Awaits() {
			return awaitedAgain // it could not be judged: who signs it may be in a trust list that comes
		}
		// Nobody else looks for this node. Members announce one version of a list, and the
		// looks of others say that there is none above it: of an authority that follows
		// another under its URL, and counts from one again, they say nothing.
		if !c.n.store.Spreads(f.ID) || c.n.store.Disputed(f.ID) {
			return 0
		}
		var held uint64
		for _, r := range c.n.store.HeldRefs(f.ID) {
			held = max(held, r.Version)
		}
		wait := c.gossip.Wait(list, c.spread.period(f.ID, otherwise), held, own, maxOwn)
		if wait > 0 && isTrustList(f.ID.Kind) && c.n.store.Left(f.ID, time.Now()) {
			wait = min(wait, awaitedAgain)
		}
		return wait
	}
	return f
}

func isTrustList(k artefact.Kind) bool {
	switch k {
	case artefact.Status, artefact.IdentifierList, artefact.CRL, artefact.Aggregation:
		return false
	}
	return true
}

// admit is the store's Admit. What it replaces is served for a while longer: others may
// be fetching it, or want its successor compressed against it.
func (n *Node) admit(raw artefact.Raw) (cache.Outcome, error) {
	keep := n.keeper(raw.ID)
	out, err := n.store.Admit(raw)
	if err == nil && !out.Unchanged {
		keep()
	}
	return out, err
}

// keeper returns what keeps the versions of a list that are held now on the shelf.
func (n *Node) keeper(id artefact.ID) (keep func()) {
	if n.cluster == nil {
		return func() {}
	}
	held := make(map[artefact.Digest][]byte)
	for _, r := range n.store.HeldRefs(id) {
		if b, ok := n.store.Body(r.Digest); ok {
			held[r.Digest] = b
		}
	}
	return func() {
		for d, b := range held {
			n.cluster.shelf.Keep(d, b)
		}
	}
}

// originStore is the store as the follower of origins sees it.
type originStore struct {
	*cache.Store
	n *Node
}

// Admit keeps what is replaced for others.
func (s originStore) Admit(raw artefact.Raw) (cache.Outcome, error) { return s.n.admit(raw) }

// looked tells the others that this node has looked at an origin. Of a list that could
// point at a person they must not even hear that it is followed.
func (n *Node) looked(id artefact.ID, ref artefact.Ref) {
	if n.cluster != nil && n.store.Spreads(id) {
		n.cluster.gossip.Seen(gossip.SeenOf(gossip.Head{List: gossip.IDOf(id), Version: ref.Version, Digest: ref.Digest}))
	}
}

// bodies are the signed bytes that others may ask a cluster's node for.
type bodies struct{ *cluster }

// Body returns them. It waits for one that this node is fetching itself: whoever asks
// has been told of it before it was here.
func (c bodies) Body(ctx context.Context, d artefact.Digest) ([]byte, bool) {
	if b, ok := c.n.store.Body(d); ok || ctx.Err() != nil {
		return b, ok
	}
	c.gossip.Await(ctx, d)
	return c.n.store.Body(d)
}

// udpPorts are the ports of this node's own that packets come to.
func (n *Node) udpPorts() map[string]int {
	ports := map[string]int{"public": n.public.Addr().Port}
	if n.cluster == nil || n.cluster.listener == nil { // which a leaf has not, and no membership either
		return ports
	}
	ports["transfer"] = n.cluster.listener.Addr().Port
	// What others reach it at may be another port, of a router.
	for _, addr := range []string{n.opts.Config.Gossip.Listen, n.cluster.gossip.Addr()} {
		_, port, err := net.SplitHostPort(addr)
		if p, e := strconv.Atoi(port); err == nil && e == nil && p != 0 {
			ports["gossip"] = p
			break
		}
	}
	return ports
}
