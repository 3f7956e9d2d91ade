package node

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
	"github.com/edgetrust/edgetrust/gossip/transfer"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// virtual is a cluster of whole nodes, but for their listeners, in virtual time.
type virtual struct {
	*verifytest.World
	t    *testing.T
	net  *gossiptest.Network
	ca   *gossiptest.Authority
	pub  *publisher
	list *verifytest.StatusList
	card *wallet
	dir  string
}

// virtualNode is one of its nodes.
type virtualNode struct {
	*core
	host string
	stop func()
}

func newVirtual(t *testing.T) *virtual {
	t.Helper()
	w, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: upstream})
	if err != nil {
		t.Fatal(err)
	}
	w.ListBase, w.StatusBase = upstream, issuerHost
	v := &virtual{
		World: w, t: t, dir: t.TempDir(), pub: &publisher{world: w, serving: make(map[string]func(*http.Request) reply)},
		net: gossiptest.NewNetwork(7, gossiptest.Conditions{Least: 20 * time.Millisecond, Most: 60 * time.Millisecond}),
	}
	if v.ca, err = gossiptest.NewAuthority(); err != nil {
		t.Fatal(err)
	}
	v.list = w.PID("DE").NewStatusList(issuerHost+"/list", 1, 1<<16)
	ref, err := v.list.Allocate(verifytest.StatusGood)
	if err != nil {
		t.Fatal(err)
	}
	v.card = (&core{World: w, t: t}).issue(w.PID("DE"), ref)
	pid, err := w.LoTE("pid", verifytest.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v.pub.serve(upstream+"/pid", func(*http.Request) reply { return reply{body: pid} })
	v.publish()
	return v
}

// publish puts a new version of the status list at its origin.
func (v *virtual) publish() {
	v.t.Helper()
	now := time.Now()
	b, err := v.list.Token(verifytest.FormJWT, now, verifytest.TokenOptions{Expires: now.Add(96 * time.Hour)})
	if err != nil {
		v.t.Fatal(err)
	}
	v.pub.serve(issuerHost+"/list", func(*http.Request) reply { return reply{body: b} })
}

// start starts the i-th node, with what its folder holds from before; join are members
// to ask.
func (v *virtual) start(i int, join ...*virtualNode) *virtualNode {
	v.t.Helper()
	name := fmt.Sprintf("edge-%d", i)
	dir := filepath.Join(v.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		v.t.Fatal(err)
	}
	lines := []string{
		"name: " + name, "data_dir: data", `public: {listen: "127.0.0.1:0"}`, "trust:", "  soak: 0s", "  sources:",
		fmt.Sprintf("    - {name: pid, type: lote, profile: pid, url: %q, signers: [signer.pem], refresh: 1h, required: true}", upstream+"/pid"),
		"status:", fmt.Sprintf("  prefetch: [%q]", v.list.URI),
		fmt.Sprintf("  allow_hosts: [%q, %q]", strings.TrimPrefix(issuerHost, "https://"), strings.TrimPrefix(upstream, "https://")), "",
	}
	for file, b := range map[string][]byte{"signer.pem": v.Operator.PEM(), "edgenode.yaml": []byte(strings.Join(lines, "\n"))} {
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			v.t.Fatal(err)
		}
	}
	conf, err := config.Load(filepath.Join(dir, "edgenode.yaml"))
	if err != nil {
		v.t.Fatal(err)
	}
	c := &core{World: v.World, t: v.t, net: v.pub, logs: &syncBuffer{}}
	n, err := New(Options{Config: conf, Version: "0.0.0-test", Logger: slog.New(slog.NewJSONHandler(c.logs, nil)), UnsafeDev: true})
	if err != nil {
		v.t.Fatal(err)
	}
	c.node = n
	n.fetcher.Close()
	if n.fetcher, err = origin.NewFetcher(origin.Options{Version: "0.0.0-test", Transport: v.pub}); err != nil {
		v.t.Fatal(err)
	}
	n.follower.Fetcher = n.fetcher
	conf.Gossip = &config.Gossip{Mode: config.Member}
	n.cluster = &cluster{n: n, spread: newSpread(n)}
	n.cluster.shelf = transfer.NewShelf(bodies{n.cluster})
	var held *disk.Contents
	if n.disk, held, err = disk.Open(conf.DataDir, nil); err != nil {
		v.t.Fatal(err)
	}
	node := &virtualNode{core: c, host: fmt.Sprintf("10.0.0.%d", i+1)}
	credentials, err := v.ca.Issue(name, 90*24*time.Hour)
	if err != nil {
		v.t.Fatal(err)
	}
	own := func() *x509.Certificate { return credentials.Certificate }
	transport := v.net.Listen(node.host, gossiptest.GossipPort)
	o := n.cluster.options()
	o.Credentials = func() gossip.Credentials { return credentials }
	o.Reach = gossiptest.NewReach(v.net, v.ca, node.host, own)
	o.Member = &gossip.Membership{
		Listen: net.JoinHostPort(node.host, fmt.Sprint(gossiptest.GossipPort)), Transfer: gossiptest.TransferPort,
		Keys: func() ([][]byte, error) { return [][]byte{make([]byte, 32)}, nil }, Transport: transport,
	}
	for _, m := range join {
		o.Member.Join = append(o.Member.Join, net.JoinHostPort(m.host, fmt.Sprint(gossiptest.GossipPort)))
	}
	addr := net.JoinHostPort(node.host, fmt.Sprint(gossiptest.TransferPort))
	ctx, cancel := context.WithCancel(context.Background())
	if err := n.cluster.begin(ctx, o); err != nil {
		v.t.Fatal(err)
	}
	v.net.Serve(addr, &gossiptest.Service{
		Certificate: own, Answer: n.cluster.gossip.Answer,
		Body: gossiptest.Serving(n.cluster.shelf),
	})
	var running sync.WaitGroup
	running.Go(func() { n.restore(held); n.follower.Run(ctx) })
	running.Go(func() { n.keepTime(ctx) })
	running.Go(func() { n.keepFinding(ctx) })
	node.stop = func() {
		v.net.Serve(addr, nil)
		_ = n.cluster.gossip.Leave(time.Second)
		cancel()
		running.Wait()
		n.wg.Wait()
		n.Close()
	}
	return node
}

// show is the verdict of the node on the holder's card.
func (v *virtual) show(n *virtualNode) string {
	w := *v.card
	w.c = n.core
	return w.show()
}

// seeded says whether the node is ready and holds the status list.
func (v *virtual) seeded(n *virtualNode, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok, _ := n.node.Ready(); ok && n.node.store.StatusLists(time.Now()).Held == 1 {
			return true
		}
	}
	return false
}

// TestClusterOutage: the origin is dead for hours, in the long run for 72, while the nodes restart one by one.
// No answer is ever other than valid, and none is without anchors; a node that is new and
// has an empty disk gets everything from its peers; and when the origin is back a
// revocation reaches all.
func TestClusterOutage(t *testing.T) {
	if testing.Short() { // hours of goroutines that come and go have broken the race detector itself
		t.Skip("too much for the race detector: the demonstration's nodes are raced, and clusters in package gossip")
	}
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		nodes := []*virtualNode{v.start(0)}
		for i := 1; i < 4; i++ {
			nodes = append(nodes, v.start(i, nodes[0]))
		}
		defer func() {
			for _, n := range nodes {
				n.stop()
			}
			time.Sleep(time.Minute) // memberlist does not wait for what it has under way
		}()
		for i, n := range nodes {
			if !v.seeded(n, time.Minute) {
				t.Fatalf("node %d is not ready: %v", i, n.node.store.NotReady(time.Now()))
			}
		}
		for url, n := range map[string]int{upstream + "/pid": 3, v.list.URI: 3} {
			if asked := len(v.pub.requests(url)); asked > n {
				t.Errorf("%d nodes started together, and the origin of %s was asked %d times", len(nodes), url, asked)
			}
		}
		v.pub.setDown(true)
		answers := 0
		hours, every := 4, 1
		if long() {
			hours, every = 72, 6
		}
		for hour := range hours {
			if hour%every == every/2 { // one after the other
				i := hour / every % len(nodes)
				nodes[i].stop()
				nodes[i] = v.start(i, nodes[(i+1)%len(nodes)])
				if !v.seeded(nodes[i], time.Minute) {
					t.Fatalf("hour %d: node %d is not ready after its restart: %v", hour, i, nodes[i].node.store.NotReady(time.Now()))
				}
			}
			if hour == hours*5/6 {
				fresh := v.start(9, nodes[1])
				if !v.seeded(fresh, time.Minute) {
					t.Fatalf("the new node is not ready: %v", fresh.node.store.NotReady(time.Now()))
				}
				nodes = append(nodes, fresh)
			}
			for i, n := range nodes {
				if ok, why := n.node.Ready(); !ok {
					t.Errorf("hour %d: node %d: %v", hour, i, why)
				}
				if got := v.show(n); !strings.HasPrefix(got, "valid") {
					t.Errorf("hour %d: node %d: %s", hour, i, got)
				}
				answers++
			}
			time.Sleep(time.Hour)
		}
		v.pub.setDown(false)
		if err := v.list.Set(v.card.ref.Index, verifytest.StatusRevoked); err != nil {
			t.Fatal(err)
		}
		v.publish()
		back := time.Now()
		for _, n := range nodes {
			for !strings.HasPrefix(v.show(n), "invalid status_revoked") {
				if time.Since(back) > time.Hour {
					t.Fatalf("still %s", v.show(n))
				}
				time.Sleep(time.Second)
			}
		}
		t.Logf("%d answers in %d hours, all valid; revoked at all %d nodes %s after the origin's return", answers, hours, len(nodes), time.Since(back).Round(time.Second))
	})
}

// TestMemberAloneAtTheStart: a member with an empty disk that reaches nobody looks at the
// status list only when the trust list of its signer has come, however slowly: nothing is
// refused, and it answers within seconds.
func TestMemberAloneAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		pid, err := v.LoTE("pid", verifytest.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		v.pub.serve(upstream+"/pid", func(*http.Request) reply {
			time.Sleep(2 * time.Second)
			return reply{body: pid}
		})
		n := v.start(0, &virtualNode{host: "10.0.0.99"})
		defer func() {
			n.stop()
			time.Sleep(time.Minute)
		}()
		if !v.seeded(n, 10*time.Second) {
			t.Errorf("after ten seconds: not ready %v, held: %+v", n.node.store.NotReady(time.Now()), n.node.store.StatusLists(time.Now()))
		}
		if looks := v.pub.requests(v.list.URI); len(looks) != 1 {
			t.Errorf("%d looks at the status list, want one", len(looks))
		}
		if logs := n.logs.String(); strings.Contains(logs, "artefact refused") {
			t.Errorf("something was refused: %s", logs)
		}
	})
}
