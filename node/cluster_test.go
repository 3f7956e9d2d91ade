package node

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/config"
)

// Every mistake in what a cluster is made of names its member of the configuration, and
// says what to do.
func TestClusterMistakes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	other, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const member = "mode: member\n  listen: \"127.0.0.1:0\"\n  transfer: \"127.0.0.1:0\"\n  key_file: gossip.key"
	for name, c := range map[string]struct {
		gossip string
		break_ func(f *fleet)
		want   []string
	}{
		"short key":           {member, func(f *fleet) { f.file(0, "gossip.key", "c2hvcnQ=\n") }, []string{"gossip.key_file", "32 are needed"}},
		"no key file":         {member, func(f *fleet) { _ = os.Remove(filepath.Join(f.folder(0), "gossip.key")) }, []string{"gossip.key_file"}},
		"another node's name": {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), "somebody", identitytest.Issue{Jurisdiction: "EU"}) }, []string{"gossip.tls.cert", "edge-0", "somebody"}},
		"no name":             {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), "", identitytest.Issue{Jurisdiction: "EU"}) }, []string{"gossip.tls.cert", "edge-0"}},
		"another authority": {member, func(f *fleet) {
			_ = other.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU"})
			f.file(0, "ca.pem", string(f.ca.PEM()))
		}, []string{"gossip.tls.c"}},
		"another jurisdiction": {member, func(f *fleet) { _ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "US"}) }, []string{"residency.jurisdiction", "US"}},
		"RSA": {member, func(f *fleet) {
			_ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU", RSA: true})
		}, []string{"gossip.tls.key", "P-256"}},
		"expired": {member, func(f *fleet) {
			_ = f.ca.Write(f.folder(0), f.name(0), identitytest.Issue{Jurisdiction: "EU", NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
		}, []string{"gossip.tls.cert"}},
		"listen in use":   {strings.Replace(member, "listen: \"127.0.0.1:0\"", "listen: \""+busy.Addr().String()+"\"", 1), nil, []string{"gossip.listen", "another node"}},
		"transfer in use": {strings.Replace(member, "transfer: \"127.0.0.1:0\"", "transfer: \""+busy.Addr().String()+"\"", 1), nil, []string{"gossip.transfer", "another node"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1, fleetOptions{})
			if c.break_ != nil {
				c.break_(f)
			}
			err := f.startHere(c.gossip)
			if err == nil {
				t.Fatal("it started")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			t.Log(err)
		})
	}
}

// startHere starts the first node in this process, and stops it if it does start.
func (f *fleet) startHere(gossip string) error {
	n, err := f.here(0, f.yaml(0, gossip))
	if err == nil {
		_ = n.Stop(f.t.Context())
	}
	return err
}

// here starts a node in this process.
func (f *fleet) here(i int, yaml string) (*Node, error) {
	f.file(i, "edgenode.yaml", yaml)
	conf, err := config.Load(filepath.Join(f.folder(i), "edgenode.yaml"))
	if err != nil {
		return nil, err
	}
	n, err := New(Options{Config: conf, UnsafeDev: true})
	if err != nil {
		return nil, err
	}
	if err := n.Start(f.t.Context()); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// hereJoining is here for a member that asks others, with residency in the place of the
// fleet's; "": that one. It is stopped when the test ends, or by what is returned.
func (f *fleet) hereJoining(i int, join, residency string) (n *Node, stop func()) {
	f.t.Helper()
	gossip := "mode: member\n  listen: \"127.0.0.1:0\"\n  transfer: \"127.0.0.1:0\"\n  key_file: gossip.key"
	if join != "" {
		gossip += fmt.Sprintf("\n  join: [%q]", join)
	}
	yaml := f.yaml(i, gossip)
	if residency != "" {
		yaml = strings.Replace(yaml, "{jurisdiction: EU, allow: [EU]}", residency, 1)
	}
	n, err := f.here(i, yaml)
	if err != nil {
		f.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = n.Stop(context.Background()) })
	f.t.Cleanup(stop)
	return n, stop
}

// refusals is how many things of other nodes a metric says were refused.
func (n *Node) refusals(t *testing.T, what string) float64 {
	t.Helper()
	return n.counted(t, "edgetrust_cluster_refusals_total", what)
}

// counted is a counter of the metrics, with the value of its label if it has one.
func (n *Node) counted(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := n.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no metric %s of %q", name, label)
	return 0
}

// member is another one as a node knows it.
func (n *Node) member(name string) (m gossip.MemberReport) {
	for _, m := range n.cluster.gossip.Report().Members {
		if m.Name == name {
			return m
		}
	}
	return m
}

// Who stands where a node's configuration does not allow it is no member of its cluster,
// whichever of the two refuses the other; and gets and gives no list.
func TestResidencyIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		us      string
		trusted bool
	}{
		"this one refuses":  {"{jurisdiction: US, allow: [US, EU]}", false},
		"each refuses":      {"{jurisdiction: US, allow: [US]}", false},
		"both are allowed":  {"{jurisdiction: EU, allow: [US, EU]}", true},
		"nobody is refused": {"{jurisdiction: EU}", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 2, fleetOptions{})
			if strings.Contains(c.us, "jurisdiction: US") {
				if err := f.ca.Write(f.folder(1), f.name(1), identitytest.Issue{Jurisdiction: "US"}); err != nil {
					t.Fatal(err)
				}
			}
			a, _ := f.hereJoining(0, "", "")
			b, _ := f.hereJoining(1, a.GossipAddr(), c.us)
			if c.trusted {
				eventually(t, "they trust each other", func() bool { return a.member(f.name(1)).Trusted && b.member(f.name(0)).Trusted })
				return
			}
			eventually(t, "each says why not", func() bool { return a.member(f.name(1)).Why != "" && b.member(f.name(0)).Why != "" })
			time.Sleep(time.Second)
			if a.refusals(t, "jurisdiction")+b.refusals(t, "jurisdiction") == 0 {
				t.Error("no refusal was counted")
			}
			for _, pair := range []struct {
				n     *Node
				other string
			}{{a, f.name(1)}, {b, f.name(0)}} {
				m := pair.n.member(pair.other)
				t.Logf("of %s: %s", m.Name, m.Why)
				if m.Trusted {
					t.Errorf("%s is trusted", m.Name)
				}
				if _, err := pair.n.cluster.gossip.HeldBy(t.Context(), pair.other, []gossip.ListID{{1}}); err == nil {
					t.Errorf("%s says what it holds", m.Name)
				}
			}
		})
	}
}

// A version that soaks is held, at this node and at others, though nobody is told of it.
func TestMembersSayWhatTheySoak(t *testing.T) {
	f := newFleet(t, 2, fleetOptions{soak: "1m"})
	a, _ := f.hereJoining(0, "", "")
	b, _ := f.hereJoining(1, a.GossipAddr(), "")
	eventually(t, "they trust each other", func() bool { return a.member(f.name(1)).Trusted && b.member(f.name(0)).Trusted })
	eventually(t, "both say that they hold the list and soak it", func() bool {
		report, _ := engine{a}.Members(t.Context(), admin.Holdings{Name: "pid"})
		return len(report.Members) == 2 && !slices.ContainsFunc(report.Members, func(m admin.Member) bool {
			return len(m.Lists) != 1 || m.Lists[0].Name != "pid" || m.Lists[0].Sequence == 0 || !m.Lists[0].Soaking
		})
	})
}

// A node that is started again finds its cluster although whom it was to ask is gone.
func TestRejoinsFromMemory(t *testing.T) {
	f := newFleet(t, 2, fleetOptions{})
	a, _ := f.hereJoining(0, "", "")
	b, stop := f.hereJoining(1, a.GossipAddr(), "")
	eventually(t, "the other is remembered", func() bool { return slices.Equal(b.remembered(), []string{a.GossipAddr()}) })
	stop()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := gone.Addr().String()
	_ = gone.Close()
	b, _ = f.hereJoining(1, nobody, "")
	eventually(t, "they trust each other again", func() bool { return a.member(f.name(1)).Trusted && b.member(f.name(0)).Trusted })
	if lines := b.degradedCluster(time.Now().Add(time.Hour)); len(lines) > 0 {
		t.Errorf("not alone: %v", lines)
	}
}

// A node that reaches nobody of gossip.join says so after a while, and one that is to
// ask nobody does not.
func TestAloneIsDegraded(t *testing.T) {
	f := newFleet(t, 2, fleetOptions{})
	first, _ := f.hereJoining(0, "", "")
	n, _ := f.hereJoining(1, "127.0.0.1:1", "")
	began := n.cluster.gossip.Report().Alone
	if lines := n.degradedCluster(began.Add(aloneFor - time.Second)); len(lines) > 0 {
		t.Errorf("a second too early: %v", lines)
	}
	if lines := n.degradedCluster(began.Add(aloneFor + time.Second)); len(lines) != 1 || !strings.Contains(lines[0], "gossip: no other member is reached") {
		t.Errorf("%v", lines)
	}
	if lines := first.degradedCluster(began.Add(time.Hour)); len(lines) > 0 {
		t.Errorf("a cluster of one: %v", lines)
	}
}

// Two nodes that go by one name are told of where the probe looks, and at their row.
func TestConflictIsDegraded(t *testing.T) {
	f := newFleet(t, 3, fleetOptions{})
	a, _ := f.hereJoining(0, "", "")
	b, _ := f.hereJoining(1, a.GossipAddr(), "")
	eventually(t, "they trust each other", func() bool { return a.member(f.name(1)).Trusted && b.member(f.name(0)).Trusted })
	for _, name := range []string{"node.crt", "node.key"} {
		pem, err := os.ReadFile(filepath.Join(f.folder(1), name))
		if err != nil {
			t.Fatal(err)
		}
		f.file(2, name, string(pem))
	}
	gossip := fmt.Sprintf("mode: member\n  listen: \"127.0.0.1:0\"\n  transfer: \"127.0.0.1:0\"\n  key_file: gossip.key\n  join: [%q]", a.GossipAddr())
	n, err := f.here(2, strings.Replace(f.yaml(2, gossip), "name: "+f.name(2), "name: "+f.name(1), 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	said := func(n *Node) bool {
		report, _ := engine{n}.Members(t.Context(), admin.Holdings{})
		i := slices.IndexFunc(report.Members, func(m admin.Member) bool { return m.Name == f.name(1) })
		lines := n.readiness().Degraded
		return i >= 0 && strings.Contains(report.Members[i].Why, "two nodes have this name") && slices.Equal(report.Degraded, n.degradedCluster(time.Now())) &&
			slices.ContainsFunc(lines, func(l string) bool {
				return strings.Contains(l, "gossip: "+f.name(1)+": two nodes have this name, at ")
			})
	}
	eventually(t, "somebody says so", func() bool { return said(a) || said(b) || said(n) })
	for _, n := range []*Node{a, b, n} {
		if said(n) && n.counted(t, "edgetrust_name_conflicts_total", "") == 0 {
			t.Errorf("%s did not count it", n.opts.Config.Name)
		}
	}
}

// A leaf keeps its connections open through devices that forget quiet ones, and trusts
// the proxy that the configuration trusts.
func TestClientOptions(t *testing.T) {
	ca, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "proxy.pem")
	if err := os.WriteFile(file, ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{config.Member, config.Leaf} {
		c := config.Default()
		c.Gossip = &config.Gossip{Mode: mode}
		c.Egress = config.Egress{Proxy: &url.URL{Scheme: "https", Host: "proxy.example:3129"}, CAFile: file}
		o, err := clientOptions(c)
		if err != nil {
			t.Fatal(err)
		}
		if o.Proxy != c.Egress.Proxy || o.ProxyCAs == nil {
			t.Errorf("%s: proxy %v, its authorities %v", mode, o.Proxy, o.ProxyCAs)
		}
		if leaf := mode == config.Leaf; leaf != (o.KeepAlive > 0) {
			t.Errorf("%s: something is sent every %v", mode, o.KeepAlive)
		}
		c.Egress.CAFile += ".not"
		if _, err := clientOptions(c); err == nil || !strings.Contains(err.Error(), "egress.ca_file") {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
