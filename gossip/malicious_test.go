package gossip_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	mrand "math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// outsider holds the gossip key and no certificate.
type outsider struct {
	list *memberlist.Memberlist
	meta []byte
}

func (o *outsider) NodeMeta(int) []byte             { return o.meta }
func (o *outsider) NotifyMsg([]byte)                {}
func (o *outsider) GetBroadcasts(int, int) [][]byte { return nil }
func (o *outsider) LocalState(bool) []byte          { return nil }
func (o *outsider) MergeRemoteState([]byte, bool)   {}

// enter makes a node of memberlist that joins the world.
func (w *world) enter(name string, meta []byte) *outsider {
	w.t.Helper()
	o := &outsider{meta: meta}
	keys, _ := w.Keys()
	c := memberlist.DefaultLANConfig()
	c.Name, c.SecretKey, c.EnableCompression, c.Delegate = name, keys[0], false, o
	c.Transport, c.Logger = w.Net.Listen(w.NewHost(), gossiptest.GossipPort), log.New(io.Discard, "", 0)
	var err error
	if o.list, err = memberlist.Create(c); err != nil {
		w.t.Fatal(err)
	}
	if _, err := o.list.Join([]string{w.nodes[0].Addr()}); err != nil {
		w.t.Fatal(err)
	}
	return o
}

// calm says that nobody honest is avoided by anybody honest, and that nothing has grown.
func (w *world) calm(honest []*gossiptest.Node, most gossip.Sizes) {
	w.t.Helper()
	names := make(map[string]bool)
	for _, n := range honest {
		names[n.Name] = true
	}
	synctest.Wait()
	for _, n := range honest {
		for _, m := range n.Cluster.Report().Members {
			if names[m.Name] && !m.Avoided.IsZero() {
				w.t.Errorf("%s avoids %s, which did nothing", n.Name, m.Name)
			}
		}
		s := n.Cluster.Sizes()
		if s.Members > most.Members || s.Others > most.Others || s.Looks > most.Looks || s.Inbox > most.Inbox || s.Lists > most.Lists ||
			s.Wanted > most.Wanted || s.Timers > most.Timers || s.Peers > most.Peers || s.Rates > most.Rates || s.Stamps > most.Stamps {
			w.t.Errorf("%s remembers %+v; at most %+v is expected", n.Name, s, most)
		}
	}
}

// few is what honest members of a small cluster remember of each other.
var few = gossip.Sizes{Members: 16, Others: 4, Looks: 4, Inbox: 0, Lists: 4, Wanted: 32, Timers: 32, Peers: 16, Rates: 40, Stamps: 40}

// delays are how long the last honest node took to hold each of some updates.
func (w *world) delays(honest []*gossiptest.Node, updates int) (sum time.Duration) {
	w.t.Helper()
	if updates == 0 {
		return 0
	}
	for i := range updates {
		sum += w.held(w.publish(honest[i%len(honest)], "a"), honest, 10*time.Second)
		time.Sleep(700 * time.Millisecond)
	}
	return sum / time.Duration(updates)
}

func TestKeyHolderWithoutCertificate(t *testing.T) {
	inWorld(t, 30, lan, []string{"a"}, func(w *world) {
		w.members(8)
		idle := w.delays(w.nodes, 10)
		h, _ := gossiptest.NewVersion("a", 9000, 2000, 0)
		o := w.enter("intruder", gossip.MetaOf(gossiptest.TransferPort, "z0", 1, 2))
		key, err := w.CA.Issue("intruder", time.Hour) // whose key nobody has seen the certificate of
		if err != nil {
			t.Fatal(err)
		}
		sniffed := announcement(w.nodes[1].Credentials().Key, "m1", h)
		news := announcement(key.Key, "m1", h)
		packets := [][]byte{
			[]byte("garbage"), bytes.Repeat([]byte{1}, 60_000), {}, {1}, {1, 1, 200},
			gossip.Seal(key.Key, w.nodes[0].Credentials().Certificate, "m1", "m0", gossip.PacketAnnounce, news),
			gossip.Seal(w.nodes[1].Credentials().Key, w.nodes[2].Credentials().Certificate, "m1", "m2", gossip.PacketAnnounce, sniffed), // sent to others than m2
		}
		end := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				case <-time.After(2 * time.Millisecond):
				}
				for _, n := range w.nodes {
					if n.Name != "m2" {
						_ = o.list.SendToAddress(memberlist.Address{Addr: n.Addr()}, packets[i%len(packets)])
					}
				}
			}
		}()
		time.Sleep(2 * time.Second)
		under := w.delays(w.nodes, 10)
		t.Logf("the last node held an update after %v, %v before", under, idle)
		if under > idle*13/10 {
			t.Errorf("the last node held an update after %v, %v before", under, idle)
		}
		for _, n := range w.nodes {
			if s := stateOf(n, "intruder"); s != gossip.Unmet && s != "" {
				t.Errorf("%s sees the intruder as %s", n.Name, s)
			}
			if at := n.Store.HeardAt(h); n.Name != "m2" && !at.IsZero() {
				t.Errorf("%s has heard what nobody said", n.Name)
			}
		}
		if w.nodes[0].Cluster.Report().Stranger == 0 {
			t.Error("no packet of a stranger was counted")
		}
		w.calm(w.nodes, few)
		close(end)
		_ = o.list.Shutdown()
	})
}

// TestMadeUpMembers is a key holder that makes up more members than there is room for,
// and takes the names of others.
func TestMadeUpMembers(t *testing.T) {
	inWorld(t, 31, lan, []string{"a"}, func(w *world) {
		w.members(5)
		idle := w.delays(w.nodes, 5)
		var fakes []*outsider
		for i := range 30 {
			fakes = append(fakes, w.enter(fmt.Sprintf("fake%d", i), gossip.MetaOf(uint16(i+1), "z9", uint64(i), uint64(i))))
		}
		fakes = append(fakes, w.enter("m3", gossip.MetaOf(1, "z9", 1, 1))) // at another address than m3's
		time.Sleep(5 * time.Second)
		under := w.delays(w.nodes, 10)
		if under > idle*13/10 {
			t.Errorf("the last node held an update after %v, %v before", under, idle)
		}
		late := w.add("late", nil)
		w.until(30*time.Second, "one that is real is met among those that are not", func() bool {
			return w.all(w.nodes[:5], 5) && trusted(late) == 5
		})
		w.spread(late, "a", 2*time.Second)
		most := few
		most.Members, most.Others = 40, 4
		w.calm(w.nodes, most)
		for _, f := range fakes {
			_ = f.list.Shutdown()
		}
	})
}

// A key holder that has something new to say of itself all the time, comes and goes, does
// not have the members compare what they hold more often for that.
func TestStrangerCausesNothing(t *testing.T) {
	inWorld(t, 53, lan, []string{"a"}, func(w *world) {
		w.members(8)
		time.Sleep(20 * time.Second)
		compared := func() (n uint64) {
			for _, m := range w.nodes {
				n += m.Cluster.Report().Stats.Compared
			}
			return n
		}
		const period = 30 * time.Second
		before := compared()
		time.Sleep(period)
		idle := compared() - before
		o := w.enter("intruder", gossip.MetaOf(gossiptest.TransferPort, "z0", 1, 2))
		before = compared()
		for began := time.Now(); time.Since(began) < period; time.Sleep(20 * time.Millisecond) {
			o.meta = gossip.MetaOf(gossiptest.TransferPort, fmt.Sprint("z", mrand.IntN(9)), mrand.Uint64(), mrand.Uint64())
			_ = o.list.UpdateNode(100 * time.Millisecond)
		}
		_ = o.list.Leave(time.Second)
		time.Sleep(5 * time.Second)
		if under := compared() - before; under > 2*idle {
			t.Errorf("%d comparisons, %d without it", under, idle)
		}
		_ = o.list.Shutdown()
	})
}

// announcement is news of a head as its origin member would sign it with some key.
func announcement(key *ecdsa.PrivateKey, origin string, h gossip.Head) []byte {
	a := gossip.Announcement{Head: h, Holder: origin, Origin: origin, Stamp: time.Now().UnixMilli()}
	sum := sha256.Sum256(a.SignedBytes())
	a.Signature, _ = ecdsa.SignASN1(rand.Reader, key, sum[:])
	b, err := a.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// traitor is a member with a certificate that does as it likes. bad changes how it
// answers; what it sends beside, send does.
type traitor struct {
	*gossiptest.Node
	w *world
}

// send sends a packet to an honest member in the traitor's name.
func (m *traitor) send(to *gossiptest.Node, kind byte, body []byte) {
	b := gossip.Seal(m.Credentials().Key, to.Credentials().Certificate, m.Name, to.Name, kind, body)
	_ = m.Cluster.SendRaw(to.Addr(), b)
}

// announce sends news of a head to all.
func (m *traitor) announce(honest []*gossiptest.Node, h gossip.Head) {
	b := announcement(m.Credentials().Key, m.Name, h)
	for _, n := range honest {
		m.send(n, gossip.PacketAnnounce, b)
	}
}

// lie is a head of the next version for which there is no good body.
func (m *traitor) lie(n int) gossip.Head {
	h, _ := gossiptest.NewVersion("a", m.w.version("a")+1+uint64(n%5), 2000, 100+n)
	h.Digest[5] ^= byte(n)
	return h
}

// twist announces what it holds, of the newest version, and says something else of it.
func (m *traitor) twist(honest []*gossiptest.Node, change func(*gossip.Head)) {
	for _, h := range m.Store.Heads() {
		change(&h)
		m.announce(honest, h)
	}
}

func TestMemberWithCertificate(t *testing.T) {
	type attack struct {
		answer func(ctx context.Context, from string, message []byte) ([]byte, error)
		body   func(ctx context.Context, from string, w transfer.Want) ([]byte, error)
		act    func(m *traitor, honest []*gossiptest.Node, n int)
		every  time.Duration // act is called
		// avoided says that the attack shows in bodies, so that who does it is avoided.
		avoided bool
		// learning are the updates after which all have found out whom not to wait for.
		learning int
	}
	lies := func(m *traitor, honest []*gossiptest.Node, n int) { m.announce(honest, m.lie(n)) }
	attacks := map[string]attack{
		"garbage bodies": {body: func(_ context.Context, _ string, w transfer.Want) ([]byte, error) { return make([]byte, w.Size), nil }, act: lies, every: 300 * time.Millisecond, avoided: true},
		"huge bodies":    {body: func(_ context.Context, _ string, w transfer.Want) ([]byte, error) { return make([]byte, w.Size+1), nil }, act: lies, every: 300 * time.Millisecond, avoided: true},
		"cut off bodies": {body: func(_ context.Context, _ string, w transfer.Want) ([]byte, error) { return make([]byte, w.Size-1), nil }, act: lies, every: 300 * time.Millisecond},
		"no bodies":      {body: func(context.Context, string, transfer.Want) ([]byte, error) { return nil, transfer.ErrMissing }, act: lies, every: 300 * time.Millisecond, avoided: true},
		"bodies that never come": {body: func(ctx context.Context, _ string, _ transfer.Want) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, learning: 30},
		"lists nobody knows": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			h, _ := gossiptest.NewVersion(fmt.Sprint("unknown", n), 1, 100, 0)
			m.announce(honest, h)
		}, every: 10 * time.Millisecond},
		"10,000 packets a second": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			to := honest[n%len(honest)]
			junk := gossip.Seal(m.Credentials().Key, to.Credentials().Certificate, m.Name, to.Name, gossip.PacketAnnounce, announcement(m.Credentials().Key, "m1", m.lie(n)))
			for range 100 {
				_ = m.Cluster.SendRaw(to.Addr(), junk)
			}
		}, every: 10 * time.Millisecond},
		"looks that contradict each other": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			for i, to := range honest {
				s := gossip.Seen{List: gossiptest.ListOf("a"), Version: m.w.version("a") + uint64(i%3), Digest: [8]byte{byte(n), byte(i)}}
				l := gossip.LookNews{Origin: m.Name, Stamp: time.Now().UnixMilli() + int64(i), Seen: []gossip.Seen{s}}
				sum := sha256.Sum256(l.SignedBytes())
				l.Signature, _ = ecdsa.SignASN1(rand.Reader, m.Credentials().Key, sum[:])
				b, _ := l.Marshal()
				m.send(to, gossip.PacketLooks, b)
			}
		}, every: 200 * time.Millisecond},
		"news of before": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			if m.w.version("a") < 2 {
				return
			}
			h, _ := gossiptest.NewVersion("a", m.w.version("a")/2, 2000, 0)
			b := announcement(honest[1].Credentials().Key, "m1", h)
			for _, to := range honest {
				m.send(to, gossip.PacketAnnounce, b)
			}
		}, every: 100 * time.Millisecond},
		// What exists, announced as what it is not: nobody who delivers it is at fault. The
		// heads of the next versions cannot be known, those of before can.
		"false sizes": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			m.twist(honest, func(h *gossip.Head) { h.Size = uint32(1 + n%2000) })
		}, every: 20 * time.Millisecond},
		"false versions": {act: func(m *traitor, honest []*gossiptest.Node, n int) {
			m.twist(honest, func(h *gossip.Head) { h.Version += uint64(1 + n%3) })
		}, every: 300 * time.Millisecond, avoided: true},
		"wrong answers": {answer: func(_ context.Context, _ string, _ []byte) ([]byte, error) {
			var t gossip.Told
			for i := range gossip.MaxTold {
				h, _ := gossiptest.NewVersion("a", uint64(i+1), 2000, mrand.Int())
				t.Heads = append(t.Heads, h)
			}
			t.Parts = 1<<63 | mrand.Uint64()
			return gossip.TellMessage(t), nil
		}},
		"huge answers": {answer: func(context.Context, string, []byte) ([]byte, error) { return make([]byte, transfer.MaxMessage+1), nil }},
		"answers that never come": {answer: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	}
	names := make([]string, 0, len(attacks))
	for name := range attacks {
		names = append(names, name)
	}
	slices.Sort(names)
	const updates = 15
	if testing.Short() { // under the race detector: what reaches the most code
		names = []string{"bodies that never come", "lists nobody knows", "answers that never come"}
	}
	for _, name := range names {
		a := attacks[name]
		t.Run(name, func(t *testing.T) {
			var idle, under time.Duration
			seeds, most := []uint64{40}, 1.5 // one run says little
			if os.Getenv("EDGETRUST_LONG") == "1" {
				seeds, most = []uint64{40, 41, 42}, 1.05
			}
			for _, seed := range seeds {
				for _, bad := range []bool{false, true} {
					inWorld(t, seed, lan, []string{"a"}, func(w *world) {
						for i := range 9 {
							w.add(fmt.Sprintf("m%d", i), nil)
						}
						honest := slices.Clone(w.nodes)
						n, err := w.Member("traitor", "z1", []string{honest[0].Addr()}, nil)
						m := &traitor{w.start(n, err), w}
						w.until(30*time.Second, "all members know one another", func() bool { return w.all(w.nodes, 9) })
						w.nodes = honest
						end := make(chan struct{})
						if bad {
							lying := *m.Service
							if a.answer != nil {
								lying.Answer = a.answer
							}
							if a.body != nil {
								lying.Body = a.body
							}
							w.Net.Serve(m.Peer().Addr, &lying)
							if a.act != nil {
								go func() {
									for i := 0; ; i++ {
										select {
										case <-end:
											return
										case <-time.After(a.every):
											a.act(m, honest, i)
										}
									}
								}()
							}
							time.Sleep(3 * time.Second)
							w.delays(honest, a.learning) // in which they learn what to think of it
							under += w.delays(honest, updates)
							if a.avoided && !slices.ContainsFunc(honest, func(n *gossiptest.Node) bool {
								return slices.ContainsFunc(n.Cluster.Report().Members, func(r gossip.MemberReport) bool { return r.Name == "traitor" && !r.Avoided.IsZero() })
							}) {
								t.Error("nobody avoids it")
							}
						} else {
							time.Sleep(3 * time.Second)
							w.delays(honest, a.learning)
							idle += w.delays(honest, updates)
						}
						w.calm(honest, few)
						close(end)
					})
				}
			}
			of := time.Duration(len(seeds))
			t.Logf("the last honest node held an update after %v in the mean, %v without the attack", under/of, idle/of)
			if float64(under) > float64(idle)*most {
				t.Errorf("the last honest node held an update %.2f times as late", float64(under)/float64(idle))
			}
		})
	}
}

// A member that knows a version before the others do, as one who looks at origins may,
// says falsely how large its body is, or of which version: nobody misses it for that,
// and nobody who delivers it is avoided.
func TestFalseBeforehand(t *testing.T) {
	inWorld(t, 77, lan, []string{"a"}, func(w *world) {
		w.members(8)
		honest := slices.Clone(w.nodes)
		n, err := w.Member("traitor", "z1", []string{honest[0].Addr()}, nil)
		m := &traitor{w.start(n, err), w}
		w.until(30*time.Second, "all members know one another", func() bool { return w.all(w.nodes, 8) })
		w.nodes = honest
		time.Sleep(3 * time.Second)
		for i, change := range []func(*gossip.Head){
			func(h *gossip.Head) { h.Size = 1 },
			func(h *gossip.Head) { h.Size = transfer.MaxBody },
			func(h *gossip.Head) { h.Version++ },
			func(h *gossip.Head) { h.Kind = gossip.Open },
		} {
			h, b := gossiptest.NewVersion("a", uint64(100*(i+1)), 2000, 0)
			lie := h
			change(&lie)
			m.announce(honest, lie)
			time.Sleep(100 * time.Millisecond)
			honest[i].Store.Publish(h, b)
			if took := w.held(h, honest, 10*time.Second); took > time.Second {
				t.Errorf("lie %d: the last honest node held the version after %v", i, took)
			}
			time.Sleep(time.Second)
		}
		w.calm(honest, few)
	})
}
