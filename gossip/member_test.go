package gossip

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// nobody is a Reach by which nobody is reached.
type nobody struct{ forgotten []transfer.Peer }

var errNobody = errors.New("nobody is there")

func (*nobody) Certificates(context.Context, transfer.Peer) ([]*x509.Certificate, error) {
	return nil, errNobody
}
func (*nobody) Judge(transfer.Peer, []*x509.Certificate) error { return nil }
func (*nobody) Exchange(context.Context, transfer.Peer, []byte) ([]byte, error) {
	return nil, errNobody
}
func (*nobody) Fetch(context.Context, transfer.Peer, transfer.Want) ([]byte, error) {
	return nil, errNobody
}
func (r *nobody) Forget(p transfer.Peer) { r.forgotten = append(r.forgotten, p) }

// nothing is a Store that holds nothing.
type nothing struct{}

func (nothing) Plausible(Head, time.Time) bool { return true }
func (nothing) Take(Arrival) Outcome           { return Bad }
func (nothing) Before(Head) []byte             { return nil }
func (nothing) Looked(Head, time.Time)         {}

// newCredentials are of a certificate that has signed itself.
func newCredentials(t *testing.T, name string) Credentials {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Credentials{cert, key}
}

// newMember is a Cluster that was not started, and that listens on loopback if it is.
func newMember(t *testing.T, r Reach, change func(*Membership)) *Cluster {
	t.Helper()
	creds := newCredentials(t, "me")
	m := &Membership{
		Listen: "127.0.0.1:0", Transfer: 1,
		Keys: func() ([][]byte, error) { return [][]byte{bytes.Repeat([]byte{1}, 32)}, nil },
	}
	if change != nil {
		change(m)
	}
	return NewCluster(ClusterOptions{Name: "me", Credentials: func() Credentials { return creds }, Reach: r, Store: nothing{}, Member: m})
}

// nodeOf is a member as memberlist would tell of it.
func nodeOf(t *testing.T, name string, fingerprint uint64) memberlist.Node {
	t.Helper()
	b, err := meta{transfer: 7947, zone: "z", fingerprint: fingerprint, inventory: 1}.marshal()
	if err != nil {
		t.Fatal(err)
	}
	return memberlist.Node{Name: name, Addr: net.IPv4(127, 0, 0, 1), Port: 1, Meta: b}
}

// hanging is a Reach by which nobody answers who is asked.
type hanging struct {
	nobody
	mu    sync.Mutex
	asked map[string]int
}

func (r *hanging) Certificates(ctx context.Context, p transfer.Peer) ([]*x509.Certificate, error) {
	_, err := r.Exchange(ctx, p, nil)
	return nil, err
}

func (r *hanging) Exchange(ctx context.Context, p transfer.Peer, _ []byte) ([]byte, error) {
	r.mu.Lock()
	r.asked[p.Name]++
	r.mu.Unlock()
	<-ctx.Done()
	return nil, ctx.Err()
}

// Members that were met, hang now, and are doubted all the time keep no others out, and
// are asked less and less.
func TestHangingKeepNobodyOut(t *testing.T) {
	asked := func(met int, period time.Duration) map[string]int {
		r := &hanging{asked: make(map[string]int)}
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			c := newMember(t, r, nil)
			creds := newCredentials(t, "met")
			for i := range met {
				n := nodeOf(t, fmt.Sprint("met ", i), fingerprint(creds.Certificate))
				c.alive(n)
				m := c.members[n.Name]
				c.note(m, []*x509.Certificate{creds.Certificate})
				m.known, m.meta.inventory = m.meta.fingerprint, uint64(i+1)
			}
			c.alive(nodeOf(t, "new", 1))
			for range int(period / meetTick) {
				for i := range met / 2 { // the others are only asked for their inventory
					c.doubt(fmt.Sprint("met ", i))
				}
				c.meetNext(ctx, time.Now())
				time.Sleep(meetTick)
			}
			cancel()
			c.wg.Wait()
		})
		return r.asked
	}
	if n := asked(20, 20*time.Second)["new"]; n == 0 {
		t.Error("a newcomer is not asked for its certificate")
	}
	for name, n := range asked(4, 10*time.Minute) {
		if n < 10 || n > 30 {
			t.Errorf("%q is asked %d times in ten minutes", name, n)
		}
	}
}

// A name to listen at is one address, and no more than that.
func TestListenByName(t *testing.T) {
	hosts, err := net.LookupHost("localhost")
	if err != nil {
		t.Skip("this machine does not know localhost: ", err)
	}
	c := newMember(t, &nobody{}, func(m *Membership) { m.Listen = "localhost:0" })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Leave(time.Millisecond) }()
	host, port, err := net.SplitHostPort(c.Addr())
	if err != nil || !slices.Contains(hosts, host) {
		t.Errorf("it is reached at %s: %v", c.Addr(), err)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.IsGlobalUnicast() {
			if conn, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), port), time.Second); err == nil {
				_ = conn.Close()
				t.Errorf("it listens at %s", n.IP)
			}
		}
	}
}

func TestListenNowhere(t *testing.T) {
	for _, bad := range []string{"nobody.invalid:0", "[fe80::1%lo]:0", "127.0.0.1", "127.0.0.1:x"} {
		c := newMember(t, &nobody{}, func(m *Membership) { m.Listen = bad })
		err := c.Start(t.Context())
		if err == nil {
			_ = c.Leave(time.Millisecond)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "gossip.listen: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Keys are taken up all together, and not at all where one is wrong.
func TestWrongKeysAreNotUsed(t *testing.T) {
	c := newMember(t, &nobody{}, nil)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Leave(time.Millisecond) }()
	before, good := c.ring.GetPrimaryKey(), bytes.Repeat([]byte{2}, 32)
	for what, keys := range map[string][][]byte{"none": nil, "a short one after a good one": {good, {1, 2, 3}}} {
		if err := c.useKeys(keys); err == nil {
			t.Errorf("%s: taken up", what)
		}
		if have := c.ring.GetKeys(); len(have) != 1 || !bytes.Equal(have[0], before) {
			t.Errorf("%s: %d keys are in use", what, len(have))
		}
	}
	if err := c.useKeys([][]byte{good}); err != nil || !bytes.Equal(c.ring.GetPrimaryKey(), good) || len(c.ring.GetKeys()) != 1 {
		t.Errorf("%v; %d keys are in use", err, len(c.ring.GetKeys()))
	}
}

// Who is missed is looked for, however many others are named or remembered; and so are
// those, however many are missed.
func TestMissedAreJoined(t *testing.T) {
	addrs := func(net int) (list []string) {
		for i := range 2 * maxJoin {
			list = append(list, fmt.Sprintf("10.%d.0.%d:7946", net, i))
		}
		return list
	}
	c := newMember(t, &nobody{}, func(m *Membership) { m.Join, m.Remembered = addrs(1), addrs(2) })
	count := func() map[string]int {
		list, err := c.joinAddrs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		from := make(map[string]int)
		for _, addr := range list {
			from[addr[:4]]++
		}
		return from
	}
	if from := count(); from["10.1"] != maxJoin {
		t.Errorf("nobody is missed: %v", from)
	}
	for i := range 2 * maxJoin {
		n := nodeOf(t, fmt.Sprint("dead ", i), 1)
		n.Addr, n.Port = net.IPv4(10, 3, 0, byte(i)), 7946
		c.alive(n)
		if c.gone(n.Name); i == 2 {
			if from := count(); from["10.3"] != 3 || from["10.1"] != maxJoin-3 {
				t.Errorf("three are missed: %v", from)
			}
		}
	}
	if from := count(); from["10.3"] != maxJoin/2 || from["10.1"] != maxJoin/2 {
		t.Errorf("many are missed: %v", from)
	}
	c.o.Member.Join = nil
	if from := count(); from["10.3"] != maxJoin {
		t.Errorf("many are missed and none is named: %v", from)
	}
}

// What there is no room for is dropped, counted, and not copied before.
func TestNoRoomForPackets(t *testing.T) {
	c := newMember(t, &nobody{}, nil)
	d, packet := delegate{c}, make([]byte, 300)
	for range maxPackets {
		d.NotifyMsg(packet)
	}
	if n := testing.AllocsPerRun(10, func() { d.NotifyMsg(packet) }); n > 0 || c.counters.Dropped != 11 || len(c.parcel) != maxPackets {
		t.Errorf("%v allocations for each of %d; %d wait", n, c.counters.Dropped, len(c.parcel))
	}
}

// A member that could not be met yet makes room for others, and nothing is left of it but
// its place in the queue, from which it comes back.
func TestTurnedAwayComesBack(t *testing.T) {
	r := &nobody{}
	c := newMember(t, r, nil)
	c.alive(nodeOf(t, "early", 1))
	early := c.members["early"]
	c.introduce(t.Context(), early, early.peer) // it does not answer yet
	for i := range MaxMembers {
		c.alive(nodeOf(t, fmt.Sprint("made up ", i), 1))
	}
	if c.members["early"] != nil || len(c.members) != MaxMembers {
		t.Fatalf("there is room for %d", len(c.members))
	}
	if !slices.Contains(r.forgotten, early.peer) {
		t.Error("the way to it is remembered")
	}
	c.alive(nodeOf(t, "one too many", 1)) // and none that was tried
	c.letIn()
	if len(c.inbox.take()) != 0 {
		t.Error("let in where there is no room")
	}
	c.gone("made up 7")
	c.gone("made up 8")
	c.forgetGone(time.Now())
	c.letIn()
	for _, e := range c.inbox.take() {
		if j, ok := e.(joined); ok {
			c.alive(j.node)
		}
	}
	if c.members["early"] == nil || c.members["one too many"] == nil || len(c.members) != MaxMembers {
		t.Errorf("not let in when there is room: %d members, %d outside", len(c.members), len(c.outside))
	}
	c.turnAway(nodeOf(t, "who leaves", 1))
	if c.gone("who leaves"); len(c.outside) != 0 {
		t.Error("one that has left is remembered")
	}
	for i := range 2 * maxOutside {
		c.turnAway(nodeOf(t, fmt.Sprint("more ", i), 1))
	}
	if len(c.outside) != maxOutside {
		t.Errorf("%d are remembered", len(c.outside))
	}
}
