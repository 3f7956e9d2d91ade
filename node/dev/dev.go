// Package dev is the demonstration behind `edgenode dev`: an ecosystem in memory,
// an origin that publishes its lists, and a cluster of three nodes that follow them,
// all on loopback. It shows every kind of outcome once, revokes a credential, shows how
// long it takes until every node refuses it, and then stays up, so that an integrator
// can try his own requests and get fresh presentations for his own nonce.
//
// Its issuers are made at start and marked as a test's; `edgenode run` refuses
// them, and every answer says "test": true.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
	"github.com/edgetrust/edgetrust/node"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Options of a demonstration. Zero addresses take a free port on loopback.
type Options struct {
	Dir     string // for the sample requests; "" makes a temporary folder and removes it at the end
	Listen  string // the first node's public listener; the others take free ports
	Admin   string // its private one
	Origin  string // the origin and POST /dev/present
	Once    bool   // end after the demonstration
	Version string
	Out     io.Writer
	Logger  *slog.Logger

	slowCRLs time.Duration // a test's: how long the origin takes for a revocation list
}

// ErrUnexpected says that a sample came out otherwise than it should.
var ErrUnexpected = errors.New("a sample came out otherwise than it should")

// count is how many nodes there are.
const count = 3

// readyTimeout is how long the nodes may take to load their lists.
const readyTimeout = 30 * time.Second

// Run runs the demonstration: until it is over if Once, else until ctx ends. The
// error is ErrUnexpected if a sample came out wrong.
func Run(ctx context.Context, o Options) error {
	d, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := d.show(ctx); err != nil || o.Once {
		return err
	}
	d.hints()
	<-ctx.Done()
	return nil
}

// demo is a running demonstration.
type demo struct {
	o      Options
	world  *verifytest.World
	origin *originServer
	ca     *identitytest.Authority // of the nodes' certificates
	nodes  []*node.Node
	client []*client.Client // of each
	token  string
	made   []*verifytest.Made

	temporary bool // the folder goes with the demonstration
}

func start(ctx context.Context, o Options) (_ *demo, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for _, addr := range []*string{&o.Listen, &o.Admin, &o.Origin} {
		if *addr == "" {
			*addr = "127.0.0.1:0"
		}
		if err := onLoopback(*addr); err != nil {
			return nil, err
		}
	}
	d := &demo{o: o}
	defer func() {
		if err != nil {
			d.stop()
		}
	}()
	if d.origin, err = listenOrigin(d); err != nil {
		return nil, err
	}
	if d.world, err = verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: d.origin.url}); err != nil {
		return nil, fmt.Errorf("failed to make the ecosystem: %w", err)
	}
	if d.ca, err = identitytest.New(time.Now()); err != nil {
		return nil, fmt.Errorf("failed to make the nodes' authority: %w", err)
	}
	d.world.StatusBase, d.world.ListBase = d.origin.url, d.origin.url
	d.origin.serve()
	if d.o.Dir == "" {
		if d.o.Dir, err = os.MkdirTemp("", "edgetrust-dev-"); err != nil {
			return nil, err
		}
		d.temporary = true
	} else if err = os.MkdirAll(d.o.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.makeSamples(); err != nil {
		return nil, err
	}
	if err := d.writeShared(); err != nil {
		return nil, err
	}
	for i := range count {
		if err := d.startNode(ctx, i); err != nil {
			return nil, err
		}
	}
	return d, d.waitReady(ctx)
}

// onLoopback keeps the demonstration's made-up trust off every network.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q: host:port is needed", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("address %q: the demonstration listens on loopback only; use edgenode run for a real node", addr)
	}
	return nil
}

// startNode starts one more node, which joins the first.
func (d *demo) startNode(ctx context.Context, i int) error {
	cfg, err := d.writeConfig(i)
	if err != nil {
		return err
	}
	n, err := node.New(node.Options{Config: cfg, Version: d.o.Version, Logger: d.o.Logger, UnsafeDev: true})
	if err != nil {
		return err
	}
	if err := n.Start(ctx); err != nil {
		n.Close()
		return err
	}
	d.nodes = append(d.nodes, n)
	c, err := client.New(client.Options{
		URL: "https://" + n.Addr(), AdminURL: "http://" + n.AdminAddr(), AdminToken: d.token, UnsafeInsecure: true,
	})
	if err != nil {
		return err
	}
	d.client = append(d.client, c)
	return nil
}

// waitReady has the first node look at everything at once, and waits until the others
// have it from there.
func (d *demo) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, url := range d.listURLs() {
		if err := d.refresh(ctx, url); err != nil {
			return fmt.Errorf("failed to refresh a list: %w", err)
		}
	}
	if err := d.refreshAll(ctx); err != nil {
		return err
	}
	if err := d.awaitCRLs(ctx); err != nil {
		return err
	}
	for i, n := range d.nodes {
		for {
			ok, why := n.Ready()
			if ok && d.holdsAll(ctx, i) {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("node %d did not become ready: %v", i+1, why)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

// holdsAll says whether a node holds every status list and revocation list it follows.
func (d *demo) holdsAll(ctx context.Context, i int) bool {
	report, err := d.client[i].StatusLists(ctx)
	if err != nil {
		return false
	}
	lists := d.statusURIs()
	for _, l := range report.StatusLists {
		if l.State == "absent" {
			return false
		}
	}
	for _, l := range report.CRLs {
		if l.State == "absent" {
			return false
		}
	}
	return len(report.StatusLists) >= len(lists)
}

// awaitCRLs makes the first node look at the revocation lists it follows and has not got
// yet: a sample that one of them refuses would pass for a good one until then.
func (d *demo) awaitCRLs(ctx context.Context) error {
	report, err := d.client[0].StatusLists(ctx)
	if err != nil {
		return fmt.Errorf("failed to ask for the revocation lists: %w", err)
	}
	for _, l := range report.CRLs {
		if l.State != "absent" {
			continue
		}
		if err := d.refresh(ctx, l.URL); err != nil {
			return fmt.Errorf("failed to refresh a revocation list: %w", err)
		}
	}
	return nil
}

// refreshAll makes the first node look at every status list and identifier list now.
func (d *demo) refreshAll(ctx context.Context) error {
	for _, uri := range append(d.statusURIs(), d.identifierURIs()...) {
		if err := d.refresh(ctx, uri); err != nil {
			return fmt.Errorf("failed to refresh a status list: %w", err)
		}
	}
	return nil
}

func (d *demo) stop() {
	for _, c := range d.client {
		_ = c.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var stopping sync.WaitGroup
	for _, n := range d.nodes {
		stopping.Go(func() { _ = n.Stop(ctx) })
	}
	stopping.Wait()
	if d.origin != nil {
		d.origin.close()
	}
	if d.temporary {
		_ = os.RemoveAll(d.o.Dir)
	}
}
