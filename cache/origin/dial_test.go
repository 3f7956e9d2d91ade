package origin

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// zone is a name server in memory. Each question for a name's A or AAAA records
// takes that name's next answer, and the last one again and again.
type zone struct {
	mu      sync.Mutex
	answers map[string][]string // by name and record type, "a.example A": addresses, separated by spaces
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			var length [2]byte
			if _, err := io.ReadFull(server, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(server, question); err != nil {
				return
			}
			reply := z.reply(question)
			_, _ = server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
		}()
		return client, nil
	}}
}

// reply answers one question of RFC 1035 section 4.1.
func (z *zone) reply(q []byte) []byte {
	const header, typeA, typeAAAA = 12, 1, 28
	var labels []string
	at := header
	for q[at] != 0 {
		labels = append(labels, string(q[at+1:at+1+int(q[at])]))
		at += 1 + int(q[at])
	}
	end := at + 5
	kind := binary.BigEndian.Uint16(q[at+1:])
	addrs := z.take(strings.Join(labels, ".") + map[uint16]string{typeA: " A", typeAAAA: " AAAA"}[kind])
	r := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, byte(len(addrs)), 0, 0, 0, 0}, q[header:end]...)
	for _, a := range addrs {
		b := netip.MustParseAddr(a).AsSlice()
		r = append(r, 0xc0, header, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(b)))
		r = append(r, b...)
	}
	return r
}

func (z *zone) take(question string) []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	left := z.answers[question]
	if len(left) == 0 {
		return nil
	}
	if len(left) > 1 {
		z.answers[question] = left[1:]
	}
	return strings.Fields(left[0])
}

// Every address that a name has is judged when it is about to be connected to, each
// for itself.
func TestDialEveryAddress(t *testing.T) {
	for name, c := range map[string]struct {
		a, aaaa string
		dialled []string // that passed
	}{
		"public":   {a: "8.8.8.8", dialled: []string{"8.8.8.8:443"}},
		"loopback": {a: "127.0.0.1", aaaa: "::1"},
		"disguises": {
			aaaa: "::ffff:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2002:7f00:1:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 ::7f00:1 fc00::1 fe80::1",
		},
		"metadata":   {a: "169.254.169.254"},
		"mixed":      {a: "10.0.0.1 8.8.8.8 192.168.1.1 100.64.0.1", dialled: []string{"8.8.8.8:443"}},
		"mixed IPv6": {a: "127.0.0.1", aaaa: "2400:cb00::1 ::1", dialled: []string{"[2400:cb00::1]:443"}},
	} {
		t.Run(name, func(t *testing.T) {
			z := &zone{answers: map[string][]string{"lists.example A": {c.a}, "lists.example AAAA": {c.aaaa}}}
			d := newDialer(Options{Resolver: z.resolver()}, false)
			check := d.ControlContext
			var mu sync.Mutex
			var passed []string
			stop := errors.New("the test connects to nobody")
			d.ControlContext = func(ctx context.Context, network, address string, c syscall.RawConn) error {
				if err := check(ctx, network, address, c); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				passed = append(passed, address)
				return stop
			}
			_, err := d.DialContext(t.Context(), "tcp", "lists.example:443")
			slices.Sort(passed)
			if !slices.Equal(passed, c.dialled) {
				t.Errorf("connects to %v, want %v", passed, c.dialled)
			}
			if len(c.dialled) == 0 && !errors.Is(err, ErrNotPublic) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// loopback returns an origin that really listens, and its port.
func loopback(t *testing.T) (o *cachetest.Origin, port string) {
	t.Helper()
	o = &cachetest.Origin{}
	url, err := o.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	o.Set("/list", cachetest.Document{Body: []byte("list")})
	return o, url[strings.LastIndexByte(url, ':')+1:]
}

// A name that is public when it is looked up and loopback when it is used gains
// nothing: what is checked is what is connected to.
func TestDialRebinding(t *testing.T) {
	o, port := loopback(t)
	z := &zone{answers: map[string][]string{"rebind.example A": {"8.8.8.8", "127.0.0.1"}}}
	resolver := z.resolver()
	if before, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example"); err != nil || public(before[0]) != nil {
		t.Fatalf("before: %v %v", before, err)
	}
	f := newFetcher(t, Options{Resolver: resolver})
	_, err := f.Fetch(t.Context(), Target{URL: "https://rebind.example:" + port + "/list", Max: 4}, Validators{})
	if !errors.Is(err, ErrNotPublic) {
		t.Errorf("error %v", err)
	}
	if n := len(o.Requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// What may come over http comes from public addresses all the same, whatever its name
// turns out to be.
func TestDialPlain(t *testing.T) {
	o, port := loopback(t)
	for _, a := range []string{"127.0.0.1", "10.0.0.1 192.168.1.1", "169.254.169.254"} {
		z := &zone{answers: map[string][]string{"crl.example A": {a}}}
		f := newFetcher(t, Options{Resolver: z.resolver()})
		_, err := f.Fetch(t.Context(), Target{URL: "http://crl.example:" + port + "/list", Max: 4, Plain: true}, Validators{})
		if !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: error %v", a, err)
		}
	}
	if n := len(o.Requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// A connection that one target may have is no way for another to the same place.
func TestDialKeepsConnectionsApart(t *testing.T) {
	o, port := loopback(t)
	z := &zone{answers: map[string][]string{"lab.example A": {"127.0.0.1"}}}
	f := newFetcher(t, Options{Resolver: z.resolver()})
	lab := Target{URL: "http://lab.example:" + port + "/list", Max: 4, AllowInsecure: true}
	if a, err := f.Fetch(t.Context(), lab, Validators{}); err != nil || string(a.Bytes) != "list" {
		t.Fatalf("%q %v", a.Bytes, err)
	}
	h := f.direct(mustParse(t, lab.URL), policy{insecure: true, anyPort: true})
	if _, err := h.ask(t.Context(), http.Header{}); !errors.Is(err, ErrNotPublic) {
		t.Errorf("error %v", err)
	}
	if n := len(o.Requests("")); n != 1 {
		t.Errorf("%d requests", n)
	}
}
