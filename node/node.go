package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/node/serve"
	"github.com/edgetrust/edgetrust/verify"
)

// Options of a node.
type Options struct {
	Config  *config.Config
	Version string
	Logger  *slog.Logger // nil: discards
	// UnsafeDev admits anchors of a test ecosystem and marks every answer as a
	// test's. Only the demonstration sets it.
	UnsafeDev bool
	// DrainDelay is how long the node goes on serving after readiness fell, so that
	// load balancers notice; 0: not at all.
	DrainDelay time.Duration
}

// chainCacheBytes bounds what is kept of certificate paths that were built.
const chainCacheBytes = 32 << 20

// ballastBytes is what the heap seems to hold at least.
const ballastBytes = 32 << 20

// tick is how often the store is asked what time has done to its lists.
const tick = 5 * time.Second

// drainTimeout is how long requests in flight may take to end.
const drainTimeout = 10 * time.Second

// Node is one node. Its methods are New, then Start, then Stop, once each; or Run
// for all of them.
type Node struct {
	opts    Options
	log     *slog.Logger
	started time.Time

	disk     *disk.Store   // nil: lists live in memory only
	restored chan struct{} // closed when what it held is loaded
	store    *cache.Store
	verifier *verify.Verifier
	chains   *cache.Chains
	fetcher  *origin.Fetcher
	follower *origin.Follower
	metrics  *metrics
	feed     *api.Feed
	cluster  *cluster // nil: there is none
	learned  uint64   // by the store, as far as the follower was told; of mayShare alone

	public   *serve.Server
	admin    *http.Server
	adminLis net.Listener

	// ballast is never touched, so it takes address space and no memory; but the
	// collector counts it, and so does not run after every few megabytes of
	// requests in a node whose lists are small.
	ballast []byte

	ownProcess bool // Run made it
	gcSet      int  // what keepHeadroom has set, by keepTime alone

	draining atomic.Bool
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	failed   chan error
}

// New wires a node; nothing listens or fetches yet. The error names the field of
// the configuration that is wrong.
func New(o Options) (*Node, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	now := time.Now()
	n := &Node{
		opts: o, log: o.Logger, started: now, metrics: newMetrics(o.Version), feed: api.NewFeed(now),
		restored: make(chan struct{}), failed: make(chan error, 3), ballast: make([]byte, ballastBytes),
	}
	c := o.Config

	// Trust: what is followed, and the store that judges it.
	sources, err := sources(c, o.UnsafeDev)
	if err != nil {
		return nil, err
	}
	n.store = cache.New(cache.Options{
		Sources: sources, Status: c.Status.Prefetch, Aggregations: c.Status.Aggregation, Soak: c.Trust.Soak,
		MaxMemory: c.Status.MaxMemory, FlipAlarm: c.Status.FlipAlarm, Permit: n.permits, Grown: n.grown, Shared: n.mayShare,
		RemovalShare: c.Trust.SuddenRemoval.Share, RemovalHold: c.Trust.SuddenRemoval.Hold,
		UnsafeTestAnchors: o.UnsafeDev, Logger: n.log, Notify: n.told,
	}, now)
	n.metrics.watch(n.store)

	// Verification.
	if n.chains, err = cache.NewChains(chainCacheBytes); err != nil {
		return nil, err
	}
	n.verifier, err = verify.New(verify.Options{
		Limits: verify.Limits{Presentation: c.Limits.Presentation, Disclosures: c.Limits.Disclosures, Documents: c.Limits.Documents},
		Kinds:  c.Trust.Kinds, Chains: n.chains,
	})
	if err != nil {
		return nil, err
	}

	// Origins.
	if n.fetcher, err = fetcher(c, o.Version); err != nil {
		return nil, err
	}
	n.follower = &origin.Follower{
		Store: originStore{n.store, n}, Fetcher: n.fetcher, Targets: n.targets, Logger: n.log, Observe: n.metrics.look, Looked: n.looked,
	}
	if c.Gossip != nil {
		if n.cluster, err = n.newCluster(); err != nil {
			n.Close()
			return nil, err
		}
		n.metrics.registry.MustRegister(clusterCollector{n.cluster})
	}
	return n, nil
}

// Start opens the listeners and begins to follow the lists. Both listeners answer
// at once; readiness comes when the lists are loaded.
func (n *Node) Start(ctx context.Context) error {
	var held *disk.Contents
	if dir := n.opts.Config.DataDir; dir != "" {
		var err error
		if n.disk, held, err = disk.Open(dir, nil); err != nil {
			return fmt.Errorf("data_dir: %w", err)
		}
	}
	if err := n.listen(); err != nil {
		return err
	}
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if n.cluster != nil {
		if err := n.cluster.start(ctx); err != nil {
			n.cancel()
			n.public.Close()
			_ = n.adminLis.Close()
			return err
		}
	}
	n.wg.Go(func() {
		n.restore(held)
		n.follower.Run(ctx)
	})
	n.wg.Go(func() { n.keepTime(ctx) })
	n.wg.Go(func() { n.keepFinding(ctx) })
	n.wg.Go(func() { n.fail(n.public.Serve()) })
	n.wg.Go(func() { n.fail(n.admin.Serve(n.adminLis)) })
	n.metrics.registry.MustRegister(socketCollector{n})
	n.log.Info("listening", "public", n.Addr(), "admin", n.AdminAddr(), "node", n.opts.Config.Name, "version", n.opts.Version)
	return nil
}

// restore loads what the disk held, before any origin is looked at.
func (n *Node) restore(held *disk.Contents) {
	if n.disk != nil {
		n.store.Restore(n.disk, held, time.Now())
		n.log.Info("lists restored from data_dir", "seconds", time.Since(n.started).Seconds())
	}
	close(n.restored)
}

// keepTime tells the store, every few seconds, what time it is.
func (n *Node) keepTime(ctx context.Context) {
	t, h := time.NewTicker(tick), time.NewTicker(headroomTick)
	defer t.Stop()
	defer h.Stop()
	for {
		select {
		case <-t.C:
			n.store.Tick(time.Now())
		case <-h.C:
			n.keepHeadroom(n.store.Used())
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) listen() error {
	c := n.opts.Config
	tokens, err := tokenFile(c.Public.Auth.TokensFile, n.log)
	if err != nil {
		return fmt.Errorf("public.auth.tokens_file: %w", err)
	}
	adminTokens, err := tokenFile(c.Admin.TokenFile, n.log)
	if err != nil {
		return fmt.Errorf("admin.token_file: %w", err)
	}
	clientCAs, err := c.ClientCAs()
	if err != nil {
		return fmt.Errorf("public.auth.client_ca: %w", err)
	}
	var refresh api.Refresh
	if r := c.Public.Refresh; r.TokensFile != "" {
		refresh = api.Refresh{Refresher: publicRefresher{engine{n}}, Rate: api.Rate{PerSecond: r.Rate.PerSecond, Burst: r.Rate.Burst}}
		if refresh.Tokens, err = tokenFile(r.TokensFile, n.log); err != nil {
			return fmt.Errorf("public.refresh.tokens_file: %w", err)
		}
	}
	handler := api.New(api.Options{
		Engine: engine{n}, Holdings: engine{n}, Feed: n.feed, Policies: c.Policies, Limits: api.Limits{Body: c.Limits.Body, Batch: c.Limits.Batch},
		Auth: api.Auth{Tokens: tokens}, Refresh: refresh, Rate: api.Rate{PerSecond: c.Public.Rate.PerSecond, Burst: c.Public.Rate.Burst},
		NodeName: c.Name, Version: n.opts.Version, Test: n.opts.UnsafeDev, InFlight: c.Limits.InFlight,
		Logger: n.log, Observe: n.metrics.observe,
	})
	n.public, err = serve.Listen(serve.Options{
		Addr: c.Public.Listen, Handler: handler, Logger: quiet(n.log), Allow0RTT: c.Public.Allow0RTT,
		TLS: serve.TLSOptions{CertFile: c.Public.TLS.Cert, KeyFile: c.Public.TLS.Key, ClientCAs: clientCAs, Names: []string{c.Name}},
	})
	if err != nil {
		return fmt.Errorf("public.listen: %w", err)
	}
	n.adminLis, err = net.Listen("tcp", c.Admin.Listen)
	if err != nil {
		_ = n.public.Shutdown(context.Background())
		return fmt.Errorf("admin.listen: %w; another node may be running", err)
	}
	n.admin = admin.Server(admin.New(admin.Options{
		Readiness: n.readiness, Refresher: engine{n}, Publisher: engine{n}, Operator: engine{n}, StatusKeeper: engine{n}, Membership: engine{n}, Metrics: n.metrics.handler(), Tokens: adminTokens,
		Loopback: isLoopback(n.adminLis.Addr()), Hosts: []string{c.Name}, Logger: n.log,
	}), n.log)
	return nil
}

// Stop drains: readiness falls first, then no new request is taken and those in
// flight may end, within ctx.
func (n *Node) Stop(ctx context.Context) error {
	n.draining.Store(true)
	n.log.Info("draining")
	select {
	case <-time.After(n.opts.DrainDelay):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	n.feed.Close()
	err := n.public.Shutdown(ctx)
	if n.cluster != nil {
		err = errors.Join(err, n.cluster.leave(ctx))
	}
	err = errors.Join(err, n.admin.Shutdown(ctx))
	n.cancel()
	n.wg.Wait()
	n.Close()
	n.log.Info("stopped")
	return err
}

// Close frees what New took. Stop does it, too; only a node that was never started
// needs it.
func (n *Node) Close() {
	if n.cluster != nil && n.cluster.client != nil {
		n.cluster.client.Close()
	}
	n.fetcher.Close()
	n.chains.Close()
	n.closeDisk()
}

func (n *Node) closeDisk() {
	if n.disk == nil {
		return
	}
	if err := n.disk.Close(); err != nil {
		n.log.Warn("data_dir not closed", "err", err)
	}
}

// Run starts a node and stops it when ctx ends, or when a listener fails.
func Run(ctx context.Context, o Options) error {
	n, err := New(o)
	if err != nil {
		return err
	}
	n.ownProcess = true
	if err := n.Start(ctx); err != nil {
		n.Close()
		return err
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-n.failed:
	}
	return errors.Join(failure, n.Stop(context.WithoutCancel(ctx)))
}

func (n *Node) fail(err error) {
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !n.draining.Load() {
		n.failed <- err
	}
}

// Addr is the public listener's real address.
func (n *Node) Addr() string { return n.public.Addr().String() }

// AdminAddr is the private listener's real address.
func (n *Node) AdminAddr() string { return n.adminLis.Addr().String() }

// Ready says whether the node can serve now, and if not, why.
func (n *Node) Ready() (ok bool, why []string) {
	r := n.readiness()
	return len(r.NotReady) == 0, r.NotReady
}

// readiness is what /readyz answers with.
func (n *Node) readiness() admin.Readiness {
	if n.draining.Load() {
		return admin.Readiness{NotReady: []string{"draining"}}
	}
	now := time.Now()
	degraded := append(n.store.Degraded(now), n.unnamed(n.store.Lists(now))...)
	return admin.Readiness{NotReady: n.store.NotReady(now), Degraded: append(degraded, n.degradedCluster(now)...)}
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
