package node

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// fleetOptions change a fleet. The zero value polls rarely.
type fleetOptions struct {
	soak    string        // of trust lists; "": none
	lists   int           // status lists; 0: one
	entries int           // of each; 0: 1<<16
	poll    time.Duration // of the status lists; 0: an hour
	network network       // nil: loopback
}

// network is where the processes of a fleet run.
type network interface {
	host(i int) string // the address of the i-th node; of the origin: -1
	// wrap is the command that runs a node's process.
	wrap(i int) []string
	// ports are those of the membership and of connections; 0: any.
	ports() (gossip, transfer int)
}

// fleet is a cluster of nodes in processes of their own, beside the ecosystem of one
// issuer with its origin, which counts who asks.
type fleet struct {
	*verifytest.World
	t       testing.TB
	o       fleetOptions
	dir     string
	origin  *cachetest.Origin
	url     string
	ca      *identitytest.Authority
	lists   []*fleetList
	members []*process // nil: not started
	gossip  []string   // addresses

	mu      sync.Mutex
	clients map[*process]*client.Client // over HTTP/3
}

// fleetList is a status list with a credential in it.
type fleetList struct {
	*verifytest.StatusList
	path   string
	holder *wallet

	mu     sync.Mutex
	issued time.Time // of the newest token
}

const fleetKey = "c2VjcmV0IG9mIGEgZmxlZXQgZm9yIGEgdGVzdCAhISE="

// newFleet makes n nodes and starts none.
func newFleet(t testing.TB, n int, o fleetOptions) *fleet {
	t.Helper()
	f := &fleet{t: t, o: o, dir: t.TempDir(), origin: &cachetest.Origin{}, members: make([]*process, n), gossip: make([]string, n)}
	if f.o.network == nil {
		f.o.network = loopback{}
	}
	var err error
	if f.url, err = f.origin.ListenAt(f.o.network.host(-1)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.origin.Close() })
	if f.World, err = verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: f.url}); err != nil {
		t.Fatal(err)
	}
	f.ListBase, f.StatusBase = f.url, f.url
	if f.ca, err = identitytest.New(time.Now()); err != nil {
		t.Fatal(err)
	}
	f.set("/pid", f.must(f.LoTE("pid", verifytest.ListOptions{})))
	for _, a := range f.Authorities() {
		for _, c := range [][]string{a.Signer.Cert.CRLDistributionPoints, a.RevocationCA.Cert.CRLDistributionPoints} {
			for _, url := range c {
				if der, ok, err := f.CRLOf(url, time.Now()); err == nil && ok {
					f.set(strings.TrimPrefix(url, f.url), der)
				}
			}
		}
	}
	entries := o.entries
	if entries == 0 {
		entries = 1 << 16
	}
	for i := range max(1, o.lists) {
		path := fmt.Sprintf("/status/%d", i)
		l := &fleetList{StatusList: f.PID("DE").NewStatusList(f.url+path, 1, entries), path: path, issued: time.Now().Add(-time.Hour)}
		ref, err := l.Allocate(verifytest.StatusGood)
		if err != nil {
			t.Fatal(err)
		}
		l.holder = (&core{World: f.World, t: t}).issue(f.PID("DE"), ref)
		f.lists = append(f.lists, l)
		f.publish(l)
	}
	for i := range n {
		f.write(i)
	}
	return f
}

// loopback gives every node its own port.
type loopback struct{}

func (loopback) host(int) string   { return "127.0.0.1" }
func (loopback) wrap(int) []string { return nil }
func (loopback) ports() (int, int) { return 0, 0 }

func (f *fleet) must(b []byte, err error) []byte {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *fleet) set(path string, b []byte) { f.origin.Set(path, cachetest.Document{Body: b}) }

// token signs a list's next version, a second or more after the last.
func (f *fleet) token(l *fleetList) []byte {
	f.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued = l.issued.Add(time.Second)
	return f.must(l.Token(verifytest.FormJWT, l.issued, verifytest.TokenOptions{}))
}

// publish puts a list's next version where the fleet looks for it.
func (f *fleet) publish(l *fleetList) (sha256 string) {
	b := f.token(l)
	f.set(l.path, b)
	return artefact.Sum(b).String()
}

// revoke changes the holder's entry, without publishing it.
func (f *fleet) revoke(l *fleetList) {
	if err := l.Set(l.holder.ref.Index, verifytest.StatusRevoked); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) name(i int) string   { return fmt.Sprintf("edge-%d", i) }
func (f *fleet) folder(i int) string { return filepath.Join(f.dir, f.name(i)) }

// write writes a node's files. Its configuration comes with its start, since others'
// addresses are part of it.
func (f *fleet) write(i int) {
	f.t.Helper()
	if err := os.MkdirAll(f.folder(i), 0o700); err != nil {
		f.t.Fatal(err)
	}
	f.certify(i)
	for name, b := range map[string]string{
		"signer.pem": string(f.Operator.PEM()), "admin.token": labToken + "\n", "gossip.key": fleetKey + "\n",
	} {
		f.file(i, name, b)
	}
}

func (f *fleet) file(i int, name, content string) {
	f.t.Helper()
	path := filepath.Join(f.folder(i), name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		f.t.Fatal(err)
	}
}

// certify gives a node a certificate, also in the place of one that it has.
func (f *fleet) certify(i int) {
	f.t.Helper()
	o := identitytest.Issue{Jurisdiction: "EU", IPs: []net.IP{net.ParseIP(f.o.network.host(i))}} // leaves know hubs by address
	if err := f.ca.Write(f.folder(i), f.name(i), o); err != nil {
		f.t.Fatal(err)
	}
}

// yaml is a node's configuration.
func (f *fleet) yaml(i int, gossip string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	host := f.o.network.host(i)
	line("name: %s\nzone: zone-%d\nresidency: {jurisdiction: EU, allow: [EU]}\ndata_dir: data", f.name(i), i%2)
	line("public: {listen: %q, auth: open}", net.JoinHostPort(host, "0"))
	line("admin: {listen: %q, token_file: admin.token}", net.JoinHostPort(host, "0"))
	line("trust:\n  soak: %s\n  sources:", cmp.Or(f.o.soak, "0s"))
	line("    - {name: pid, type: lote, profile: pid, url: %q, signers: [signer.pem], refresh: 1h, required: true, allow_insecure: true}", f.url+"/pid")
	poll := f.o.poll
	if poll == 0 {
		poll = time.Hour
	}
	var uris []string
	for _, l := range f.lists {
		uris = append(uris, l.URI)
	}
	prefetch, _ := json.Marshal(uris)
	line("status:\n  prefetch: %s\n  refresh: {min: %s, max: %s}", prefetch, poll, poll)
	line("  allow_hosts: [%q]\n  allow_insecure: true", strings.TrimPrefix(f.url, "http://"))
	line("gossip:\n  %s", gossip)
	line("  tls: {cert: node.crt, key: node.key, ca: ca.pem}")
	return b.String()
}

// start starts the i-th node, which joins those that run.
func (f *fleet) start(i int) *process {
	f.t.Helper()
	var join []string
	for _, addr := range f.gossip {
		if addr != "" {
			join = append(join, addr)
		}
	}
	host := f.o.network.host(i)
	list, _ := json.Marshal(join)
	listen, transfer := f.o.network.ports()
	gossip := fmt.Sprintf("mode: member\n  listen: %q\n  transfer: %q\n  key_file: gossip.key",
		net.JoinHostPort(host, strconv.Itoa(listen)), net.JoinHostPort(host, strconv.Itoa(transfer)))
	if len(join) > 0 {
		gossip += "\n  join: " + string(list)
	}
	return f.run(i, gossip)
}

// startLeaf starts the i-th node as a leaf of those hubs.
func (f *fleet) startLeaf(i int, hubs ...int) *process {
	f.t.Helper()
	var join []string
	for _, h := range hubs {
		join = append(join, "https://"+f.members[h].transfer)
	}
	list, _ := json.Marshal(join)
	return f.run(i, "mode: leaf\n  join: "+string(list))
}

func (f *fleet) run(i int, gossip string) *process {
	f.t.Helper()
	f.file(i, "edgenode.yaml", f.yaml(i, gossip))
	p := startProcess(f.t, f.folder(i), f.o.network.wrap(i)...)
	f.members[i], f.gossip[i] = p, p.gossip
	return p
}

// startAll starts every node, and returns when each is ready, knows all others and
// holds all lists.
func (f *fleet) startAll() {
	f.t.Helper()
	for i := range f.members {
		f.start(i)
	}
	f.settled(f.running())
}

// settled waits until each of the nodes, which are all members, knows the others and
// holds all lists.
func (f *fleet) settled(running []*process) {
	f.t.Helper()
	for _, p := range running {
		eventually(f.t, "all members trust one another", func() bool {
			r, err := p.client.Members(f.t.Context(), client.Holdings{})
			if err != nil {
				return false
			}
			trusted := 0
			for _, m := range r.Members {
				if m.Trusted && m.State == "alive" {
					trusted++
				}
			}
			return trusted == len(running)
		})
	}
	for _, p := range running {
		eventually(f.t, "every node holds all lists", func() bool { return f.holdsAll(p) })
	}
}

func (f *fleet) running() (list []*process) {
	for _, p := range f.members {
		if p != nil {
			list = append(list, p)
		}
	}
	return list
}

// holdsAll says whether a node is ready and holds every status list.
func (f *fleet) holdsAll(p *process) bool {
	r, err := p.client.Ready(f.t.Context())
	if err != nil || !r.Ready {
		return false
	}
	s, err := p.client.StatusLists(f.t.Context())
	if err != nil {
		return false
	}
	held := 0
	for _, l := range s.StatusLists {
		if l.State == "fresh" {
			held++
		}
	}
	return held == len(f.lists)
}

// kill ends a node as a crash does.
func (f *fleet) kill(i int) {
	f.members[i].kill()
	f.members[i], f.gossip[i] = nil, ""
}

// watch notes when each node that runs has which version of a status list, until the
// test ends.
type watch struct {
	mu   sync.Mutex
	cond *sync.Cond
	at   map[string]map[*process]time.Time // by digest
}

func (f *fleet) watch() *watch {
	f.t.Helper()
	w := &watch{at: make(map[string]map[*process]time.Time)}
	w.cond = sync.NewCond(&w.mu)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	f.t.Cleanup(func() { cancel(); wg.Wait() })
	for _, p := range f.running() {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := p.client.Events(ctx, 0, func(e client.Event) error {
					w.mu.Lock()
					defer w.mu.Unlock()
					if sha, ok := strings.CutPrefix(e.Detail, "sha256 "); ok && e.Type == "status_changed" {
						if w.at[sha] == nil {
							w.at[sha] = make(map[*process]time.Time)
						}
						if _, known := w.at[sha][p]; !known { // a stream that broke begins anew
							w.at[sha][p] = time.Now()
							w.cond.Broadcast()
						}
					}
					return nil
				})
				if err != nil && ctx.Err() == nil {
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	return w
}

// all waits until every one of the nodes has a version, and returns when each had; false: not
// within the time.
func (w *watch) all(sha256 string, nodes []*process, within time.Duration) (at []time.Time, ok bool) {
	end := time.Now().Add(within)
	wake := time.AfterFunc(within, w.cond.Broadcast)
	defer wake.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		at = at[:0]
		for _, p := range nodes {
			if t, ok := w.at[sha256][p]; ok {
				at = append(at, t)
			}
		}
		if len(at) == len(nodes) {
			slices.SortFunc(at, time.Time.Compare)
			return at, true
		}
		if time.Now().After(end) {
			return at, false
		}
		w.cond.Wait()
	}
}

// verdict is what a node says of a list's holder.
func (f *fleet) verdict(p *process, l *fleetList) string {
	f.t.Helper()
	a, err := p.client.Verify(f.t.Context(), l.holder.body())
	if err != nil {
		return err.Error()
	}
	words := []string{a.Verdict}
	for _, c := range a.Credentials {
		for _, r := range c.Reasons {
			words = append(words, r.Code)
		}
	}
	return strings.Join(words, " ")
}

// spread are times in order.
type spreadTimes []time.Duration

func (s spreadTimes) String() string {
	if len(s) == 0 {
		return "none"
	}
	slices.Sort(s)
	at := func(share float64) time.Duration {
		return s[min(len(s)-1, int(share*float64(len(s))))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s (n = %d)", at(.5), at(.99), s[len(s)-1].Round(100*time.Microsecond), len(s))
}
