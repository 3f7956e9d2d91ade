package node

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// half are the first or the second half of n nodes.
func halves(n int) (first, second []int) {
	for i := range n {
		if i < n/2 {
			first = append(first, i)
		} else {
			second = append(second, i)
		}
	}
	return first, second
}

// TestFleetPartition: a cluster of processes in namespaces of their own is cut in two by
// firewalls. Both sides go on serving and take up what is published at them; once
// healed, all have all of it within two seconds of the first packet that passes.
func TestFleetPartition(t *testing.T) {
	longOnly(t)
	if !inNamespace(t) {
		return
	}
	ns := newNamespaces(t, false)
	f := newFleet(t, 6, fleetOptions{lists: 4, network: ns})
	f.startAll()
	w := f.watch()
	first, second := halves(len(f.members))
	for _, i := range first {
		in, out := ns.dropFrom(second)
		ns.rules(i, in, out)
	}
	time.Sleep(60 * time.Second)
	var shas []string
	for k, side := range [][]int{first, second} {
		l := f.lists[k]
		f.revoke(l)
		b := f.token(l)
		if _, err := f.members[side[0]].client.Publish(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		var nodes []*process
		for _, i := range side {
			nodes = append(nodes, f.members[i])
		}
		if at, ok := w.all(digest(b), nodes, 5*time.Second); !ok {
			t.Errorf("side %d: %d of %d nodes have what was published at it", k, len(at), len(nodes))
		}
		shas = append(shas, digest(b))
		for _, p := range nodes {
			if got := f.verdict(p, l); got != "invalid status_revoked" {
				t.Errorf("side %d: %s", k, got)
			}
		}
	}
	for _, p := range f.members {
		if got := f.verdict(p, f.lists[2]); got != "valid" {
			t.Errorf("cut off, a list that has not changed: %s", got)
		}
	}
	for _, i := range first {
		ns.rules(i, nil, nil)
	}
	healed := time.Now()
	for _, sha := range shas {
		at, ok := w.all(sha, f.running(), 20*time.Second)
		if !ok {
			t.Fatalf("healed: %d of %d nodes have it", len(at), len(f.members))
		}
		took := at[len(at)-1].Sub(healed)
		t.Logf("healed: the last node has it after %s", took.Round(time.Millisecond))
		if took > 4*time.Second { // two in virtual time; this machine has two cores for seven processes
			t.Errorf("took %s", took)
		}
	}
}

// TestFleetFeeders: the node that looks at the origin is stopped, and another is killed,
// in the middle of an update, while a tenth of the packets is lost: the others look
// themselves, and everybody who lives has the update.
func TestFleetFeeders(t *testing.T) {
	longOnly(t)
	if !inNamespace(t) {
		return
	}
	ns := newNamespaces(t, false)
	f := newFleet(t, 6, fleetOptions{lists: 1, poll: 2 * time.Second, network: ns})
	f.startAll()
	for i := range f.members {
		ns.rules(i, []string{"numgen random mod 10 == 0 drop"}, nil)
	}
	time.Sleep(5 * time.Second)
	w := f.watch()
	l := f.lists[0]
	round := func(what string, nodes []*process) {
		t.Helper()
		begin := time.Now()
		sha := f.publish(l)
		at, ok := w.all(sha, nodes, 60*time.Second)
		if !ok {
			t.Fatalf("%s: %d of %d nodes have the update", what, len(at), len(nodes))
		}
		t.Logf("%s: published at the origin, the last of %d nodes has it after %s", what, len(nodes), at[len(at)-1].Sub(begin).Round(time.Millisecond))
	}
	round("10 % loss", f.running())
	feeders := f.askers(l, 8*time.Second)
	if len(feeders) == 0 {
		t.Fatal("nobody looks at the origin")
	}
	stopped := feeders[0]
	if err := f.members[stopped].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	rest := slices.DeleteFunc(f.running(), func(p *process) bool { return p == f.members[stopped] })
	round("a feeder stopped", rest)
	if err := f.members[stopped].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	round("it goes on", f.running())
	for _, i := range f.askers(l, 8*time.Second) {
		f.kill(i)
		break
	}
	round("a feeder killed", f.running())
}

// askers are the nodes that look at a list within a time, by their addresses.
func (f *fleet) askers(l *fleetList, during time.Duration) (nodes []int) {
	before := len(f.origin.Requests(l.path))
	time.Sleep(during)
	for _, r := range f.origin.Requests(l.path)[before:] {
		for i := range f.members {
			if host, _, _ := net.SplitHostPort(r.From); host == f.o.network.host(i) && f.members[i] != nil && !slices.Contains(nodes, i) {
				nodes = append(nodes, i)
			}
		}
	}
	return nodes
}

// TestFleetIPv6: a cluster over IPv6 alone.
func TestFleetIPv6(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	f := newFleet(t, 3, fleetOptions{network: newNamespaces(t, true)})
	f.startAll()
	w := f.watch()
	time.Sleep(200 * time.Millisecond)
	l := f.lists[0]
	f.revoke(l)
	b := f.token(l)
	if _, err := f.members[2].client.Publish(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if at, ok := w.all(digest(b), f.running(), 10*time.Second); !ok {
		t.Fatalf("%d of 3 nodes have the update", len(at))
	}
	for i, p := range f.members {
		if got := f.verdict(p, l); got != "invalid status_revoked" {
			t.Errorf("node %d: %s", i, got)
		}
	}
}

// TestFleetLeaf: a node behind a firewall that drops all UDP and all connections that
// are not its own is ready, and current within the stated delay, through the failure of
// a hub.
func TestFleetLeaf(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	ns := newNamespaces(t, false)
	f := newFleet(t, 4, fleetOptions{lists: 2, network: ns})
	for i := range 3 {
		f.start(i)
	}
	f.settled(f.running())
	asked := len(f.origin.Requests(f.lists[0].path))
	ns.rules(3, []string{
		"iif lo accept", "ct state established,related accept",
		"ip saddr " + ns.host(-1) + " tcp dport 1024-65535 accept", // this test itself, which asks the node
		"drop",
	}, []string{"meta l4proto udp drop"})
	leaf := f.startLeaf(3, 0, 1)
	eventually(t, "the leaf is ready and holds all lists", func() bool { return f.holdsAll(leaf) })
	for _, r := range f.origin.Requests(f.lists[0].path)[asked:] {
		if strings.HasPrefix(r.From, ns.host(3)+":") {
			t.Error("the leaf asked the origin for a list that its hubs hold")
		}
	}
	w := f.watch()
	time.Sleep(200 * time.Millisecond)
	current := func(what string, at int, within time.Duration) {
		t.Helper()
		for _, l := range f.lists {
			b := f.token(l)
			begin := time.Now()
			if _, err := f.members[at].client.Publish(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			got, ok := w.all(digest(b), []*process{leaf}, within)
			if !ok {
				t.Fatalf("%s: the leaf has not heard within %s", what, within)
			}
			t.Logf("%s: the leaf has it after %s", what, got[0].Sub(begin).Round(time.Millisecond))
		}
	}
	current("both hubs", 2, 5*time.Second)
	f.kill(0)
	current("the first hub killed", 2, 40*time.Second)
	f.start(0)
	f.kill(1)
	current("the second killed, the first back", 2, 40*time.Second)
}
