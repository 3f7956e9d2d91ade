package gossiptest

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// Ports of every host.
const (
	GossipPort   = 7946
	TransferPort = 8443
)

// World is a network with members on it, of one authority and with one set of keys.
type World struct {
	Net    *Network
	CA     *Authority
	Lists  []string // that every member follows
	Logger *slog.Logger

	mu    sync.Mutex
	keys  [][]byte
	hosts int
	nodes []*Node
}

// NewWorld returns a world of nobody whose members follow lists.
func NewWorld(seed uint64, c Conditions, lists ...string) (*World, error) {
	ca, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	return &World{
		Net: NewNetwork(seed, c), CA: ca, Lists: lists, Logger: slog.New(slog.DiscardHandler), keys: [][]byte{bytes.Repeat([]byte{7}, 32)},
	}, nil
}

// SetKeys changes the gossip keys, the one to encrypt with first.
func (w *World) SetKeys(keys ...[]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys = keys
}

// Keys are those of now.
func (w *World) Keys() ([][]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keys, nil
}

// Node is a member, or a leaf.
type Node struct {
	Name, Host string
	Store      *Store
	Cluster    *gossip.Cluster
	Service    *Service // what it answers; taken up by Start
	Transport  *Transport
	Reach      *Reach

	world *World
	mu    sync.Mutex
	creds gossip.Credentials
	past  []string // addresses it remembers
	beats map[string]time.Duration
	ended bool
}

// NewHost is an address that nobody has yet.
func (w *World) NewHost() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts++
	return fmt.Sprintf("10.0.%d.%d", w.hosts/250, w.hosts%250+1)
}

// Member makes a member at a host of its own that asks others to join: host:port or
// whatever else gossip.Membership takes. change, if it is not nil, has the last word on
// the options.
func (w *World) Member(name, zone string, join []string, change func(*gossip.ClusterOptions)) (*Node, error) {
	return w.At(w.NewHost(), name, zone, join, change)
}

// At makes a member at a host, which may have been another's.
func (w *World) At(host, name, zone string, join []string, change func(*gossip.ClusterOptions)) (*Node, error) {
	n, o, err := w.node(host, name, zone)
	if err != nil {
		return nil, err
	}
	n.Transport = w.Net.Listen(host, GossipPort)
	o.Member = &gossip.Membership{
		Listen: fmt.Sprintf("%s:%d", host, GossipPort), Transfer: TransferPort, Join: join, Keys: w.Keys,
		Remember: n.remember, Transport: n.Transport,
	}
	n.make(o, change)
	return n, nil
}

// Leaf makes a leaf of hubs.
func (w *World) Leaf(name string, hubs []*Node, change func(*gossip.ClusterOptions)) (*Node, error) {
	n, o, err := w.node(w.NewHost(), name, "")
	if err != nil {
		return nil, err
	}
	for _, h := range hubs {
		o.Hubs = append(o.Hubs, h.Peer())
	}
	n.make(o, change)
	return n, nil
}

func (w *World) node(host, name, zone string) (*Node, gossip.ClusterOptions, error) {
	creds, err := w.CA.Issue(name, 30*24*time.Hour)
	if err != nil {
		return nil, gossip.ClusterOptions{}, err
	}
	n := &Node{Name: name, Host: host, world: w, creds: creds, beats: make(map[string]time.Duration)}
	n.Reach = NewReach(w.Net, w.CA, host, n.certificate)
	n.Store = NewStore(w.Lists, func(h gossip.Held) { n.Cluster.Hold(h) })
	return n, gossip.ClusterOptions{
		Name: name, Zone: zone, Credentials: n.Credentials, Reach: n.Reach, Store: n.Store, Beacon: n.beat,
		Logger: w.Logger.With("node", name),
	}, nil
}

// Body makes a node a transfer.Source: what is being pulled is waited for.
func (n *Node) Body(ctx context.Context, d artefact.Digest) ([]byte, bool) {
	if b, ok := n.Store.Body(d); ok {
		return b, true
	}
	n.Cluster.Await(ctx, d)
	return n.Store.Body(d)
}

func (n *Node) make(o gossip.ClusterOptions, change func(*gossip.ClusterOptions)) {
	if change != nil {
		change(&o)
	}
	n.Cluster = gossip.NewCluster(o)
	n.Service = &Service{Certificate: n.certificate, Judge: n.Reach.judgeCaller, Answer: n.Cluster.Answer, Body: Serving(n)}
	var ids []gossip.ListID
	for _, l := range n.world.Lists {
		ids = append(ids, ListOf(l))
	}
	n.Cluster.Follow(ids)
}

// Start has the member listen, unless it is a leaf, and join.
func (n *Node) Start() error {
	if n.Transport != nil {
		n.world.Net.Serve(n.Peer().Addr, n.Service)
	}
	n.world.mu.Lock()
	n.world.nodes = append(n.world.nodes, n)
	n.world.mu.Unlock()
	return n.Cluster.Start(context.Background())
}

// Peer is how it is reached over connections.
func (n *Node) Peer() transfer.Peer {
	return transfer.Peer{Name: n.Name, Addr: fmt.Sprintf("%s:%d", n.Host, TransferPort)}
}

// Addr is where its packets go.
func (n *Node) Addr() string { return fmt.Sprintf("%s:%d", n.Host, GossipPort) }

// Credentials are those of now.
func (n *Node) Credentials() gossip.Credentials {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.creds
}

func (n *Node) certificate() *x509.Certificate { return n.Credentials().Certificate }

// Renew gives it another certificate with another key.
func (n *Node) Renew(life time.Duration) error {
	creds, err := n.world.CA.Issue(n.Name, life)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.creds = creds
	return nil
}

func (n *Node) remember(addrs []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.past = addrs
}

// Remembered are the addresses that it would find after a restart.
func (n *Node) Remembered() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.past)
}

func (n *Node) beat(from string, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.beats[from] = took
}

// Beats is how long the last beacon of each other member took that came.
func (n *Node) Beats() map[string]time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	beats := make(map[string]time.Duration, len(n.beats))
	for name, took := range n.beats {
		beats[name] = took
	}
	return beats
}

// Leave has it go and say so. It answers until it has gone.
func (n *Node) Leave() error {
	if !n.endOnce() {
		return nil
	}
	defer n.unserve()
	return n.Cluster.Leave(5 * time.Second)
}

// Kill switches its host off. Nobody is told.
func (n *Node) Kill() {
	if !n.endOnce() {
		return
	}
	n.unserve()
	if n.Transport != nil {
		_ = n.Transport.Shutdown()
	}
	_ = n.Cluster.Leave(time.Millisecond) // that nobody heard is what is meant
}

// endOnce says that it has not ended yet, which it has from now on.
func (n *Node) endOnce() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.ended
	n.ended = true
	return !was
}

func (n *Node) unserve() {
	if n.Transport != nil {
		n.world.Net.Serve(n.Peer().Addr, nil)
	}
}

// Close ends every node that is left, all at once, and waits as long as memberlist's
// last probes and dials may take.
func (w *World) Close() {
	w.mu.Lock()
	nodes := w.nodes
	w.nodes = nil
	w.mu.Unlock()
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(n.Kill)
	}
	wg.Wait()
	time.Sleep(time.Minute)
}
