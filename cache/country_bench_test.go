package cache_test

import (
	"bytes"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	klauspost "github.com/klauspost/compress/zlib"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// A country's status lists. The floors run beside what is measured, in turns, and
// see the same lists in the same order:
//
//	go test -run '^$' -bench Country ./cache

// lookups are entries that are looked up one after the other: more than any cache of
// a processor holds.
type lookups struct {
	list []uint16
	at   []uint32
}

func (c *country) lookups(n int) *lookups {
	rng := mrand.New(mrand.NewPCG(3, 4))
	l := &lookups{make([]uint16, n), make([]uint32, n)}
	for k := range n {
		l.list[k], l.at[k] = uint16(rng.IntN(c.lists)), uint32(rng.IntN(c.entries))
	}
	return l
}

// sum keeps what is looked up from being optimised away.
var sum atomic.Uint64

// sample is how many lookups are timed together.
const sample = 1000

// looking is one way to look up a sample of entries, from the number-th on.
type looking func(l *lookups, from int) (n uint64)

// byHandle has the list in hand, as who has looked it up by its URI.
func (c *country) byHandle(s *cache.Store) looking {
	v := s.View()
	var handles []*statuslist.Token
	for _, uri := range c.uris {
		handles = append(handles, v.Status(statuslist.StatusList, uri).Tokens[0].Token)
	}
	return func(l *lookups, from int) (n uint64) {
		for k := from; k < from+sample; k++ {
			b, _ := handles[l.list[k]].Value(uint64(l.at[k]))
			n += uint64(b)
		}
		return n
	}
}

func (c *country) byURI(s *cache.Store) looking {
	return func(l *lookups, from int) (n uint64) {
		for k := from; k < from+sample; k++ {
			slot := s.View().Status(statuslist.StatusList, c.uris[l.list[k]])
			b, _ := slot.Tokens[0].Token.Value(uint64(l.at[k]))
			n += uint64(b)
		}
		return n
	}
}

// bits are the lists as bare arrays, and a bare map of them.
func (c *country) bits() (bareArray, bareMap looking) {
	arrays, byURI := make([][]byte, c.lists), make(map[string][]byte)
	for i := range arrays {
		arrays[i] = c.array(i, 0)
		byURI[c.uris[i]] = arrays[i]
	}
	bareArray = func(l *lookups, from int) (n uint64) {
		for k := from; k < from+sample; k++ {
			at := l.at[k]
			n += uint64(arrays[l.list[k]][at>>3] >> (at & 7) & 1)
		}
		return n
	}
	bareMap = func(l *lookups, from int) (n uint64) {
		for k := from; k < from+sample; k++ {
			at := l.at[k]
			n += uint64(byURI[c.uris[l.list[k]]][at>>3] >> (at & 7) & 1)
		}
		return n
	}
	return bareArray, bareMap
}

// inTurns times samples of each way in turns, and returns the median of each, per
// lookup.
func inTurns(rounds int, l *lookups, ways ...looking) []float64 {
	taken := make([][]time.Duration, len(ways))
	var n uint64
	for r := range rounds {
		for w := range ways {
			way := (w + r) % len(ways)
			from := (r*len(ways) + w) * sample % (len(l.list) - sample)
			begin := time.Now()
			n += ways[way](l, from)
			taken[way] = append(taken[way], time.Since(begin))
		}
	}
	sum.Add(n)
	ns := make([]float64, len(ways))
	for w := range ways {
		slices.Sort(taken[w])
		ns[w] = float64(taken[w][rounds/2]) / sample
	}
	return ns
}

// warm are entries of one list alone.
func (l *lookups) warm() *lookups {
	return &lookups{make([]uint16, len(l.list)), l.at}
}

func BenchmarkCountryLookup(b *testing.B) {
	c := aCountry(b)
	s := c.store(b, "", nil)
	c.loadAll(b, s)
	bareArray, bareMap := c.bits()
	handle, uri := c.byHandle(s), c.byURI(s)
	all := c.lookups(1 << 22)
	for _, bench := range []struct {
		name string
		l    *lookups
		ours looking
		bare looking
	}{
		{"handle/one", all.warm(), handle, bareArray}, {"handle/all", all, handle, bareArray},
		{"uri/one", all.warm(), uri, bareMap}, {"uri/all", all, uri, bareMap},
	} {
		b.Run(bench.name, func(b *testing.B) {
			ns := inTurns(max(b.N/sample, 11), bench.l, bench.ours, bench.bare)
			b.ReportMetric(ns[0], "ns/lookup")
			b.ReportMetric(ns[1], "floor-ns")
			b.ReportMetric(ns[0]/ns[1], "x_floor")
			b.ReportMetric(1e3/ns[0], "M/s/core")
			b.ReportMetric(testing.AllocsPerRun(10, func() { bench.ours(bench.l, 0) })/sample, "allocs/lookup")
			b.ReportMetric(0, "ns/op")
		})
	}
	// All cores at once, which must not hinder one another.
	b.Run("uri/parallel", func(b *testing.B) {
		var from atomic.Int64
		var busy atomic.Int64
		begin := time.Now()
		b.RunParallel(func(p *testing.PB) {
			busy.Add(1)
			at := int(from.Add(1<<20)) % (len(all.list) - 2*sample)
			for n := 0; p.Next(); n++ {
				if n%sample == 0 {
					at = (at + sample) % (len(all.list) - sample)
					sum.Add(uri(all, at))
				}
			}
		})
		b.ReportMetric(float64(b.N)/time.Since(begin).Seconds()/float64(busy.Load())/1e6, "M/s/core")
		b.ReportMetric(float64(busy.Load()), "cores")
	})
}

// BenchmarkCountryAdmit holds the admission of one list against what it cannot do
// without: the two signatures, of the token and of its chain, base64 of the payload
// and of the list in it, the inflation into a new array, and SHA-256 over the signed
// text, the token and the payload. CPU time, and wall time for the disk's sake.
func BenchmarkCountryAdmit(b *testing.B) {
	c := aCountry(b)
	for _, kind := range stores {
		b.Run(kind.name, func(b *testing.B) {
			parts, plain := c.parts(b, false), c.parts(b, true)
			var s *cache.Store
			var ours, floor, std, wall time.Duration
			for n := 0; n < b.N; n++ {
				i := n % c.lists
				if i == 0 {
					s = c.store(b, folderFor(b, kind.disk), nil)
				}
				token := bytes.Clone(c.first[i])
				begin, before := time.Now(), cpuUsed(b)
				if err := admitToken(s, c.uris[i], token); err != nil {
					b.Fatal(err)
				}
				after := cpuUsed(b)
				wall += time.Since(begin)
				ours += after - before
				parts(i)
				then := cpuUsed(b)
				floor += then - after
				plain(i)
				std += cpuUsed(b) - then
			}
			n := float64(b.N)
			b.ReportMetric(wall.Seconds()*1e6/n, "µs/list")
			b.ReportMetric(ours.Seconds()*1e6/n, "cpu-µs/list")
			b.ReportMetric(floor.Seconds()*1e6/n, "floor-µs")
			b.ReportMetric(ours.Seconds()/floor.Seconds(), "x_floor")
			b.ReportMetric(ours.Seconds()/std.Seconds(), "x_floor_stdlib")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// parts does what the admission of a list's token consists of, with the inflater that
// is used here or with that of the standard library.
func (c *country) parts(b *testing.B, stdlib bool) func(i int) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("floor"))
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	return func(i int) {
		token := c.first[i]
		for range 2 {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
				b.Fatal("the signature does not verify")
			}
		}
		text := token[bytes.IndexByte(token, '.')+1 : bytes.LastIndexByte(token, '.')]
		payload := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
		_, err := base64.RawURLEncoding.Decode(payload, text)
		must(err)
		from := bytes.Index(payload, []byte(`"lst":"`)) + 7
		text = payload[from : from+bytes.IndexByte(payload[from:], '"')]
		lst := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
		_, err = base64.RawURLEncoding.Decode(lst, text)
		must(err)
		var z io.Reader
		if stdlib {
			z, err = zlib.NewReader(bytes.NewReader(lst))
		} else {
			z, err = klauspost.NewReader(bytes.NewReader(lst))
		}
		must(err)
		array := make([]byte, c.entries/8)
		_, err = io.ReadFull(z, array)
		must(err)
		_, err = z.Read(make([]byte, 1)) // the checksum
		if err != io.EOF {
			b.Fatal(err)
		}
		for _, of := range [][]byte{token, token, payload} {
			d := sha256.Sum256(of)
			sum.Add(uint64(d[0]))
		}
	}
}

// cpuUsed is the CPU time of the process so far.
func cpuUsed(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCountrySwap compares samples of 1,000 lookups by URI while nothing happens
// with those while ten lists a second are replaced, in turns of a second.
func BenchmarkCountrySwap(b *testing.B) {
	c := aCountry(b)
	all := c.lookups(1 << 22)
	for _, bench := range []struct {
		name string
		disk bool
		l    *lookups
	}{{"disk/all", true, all}, {"memory/all", false, all}, {"memory/one", false, all.warm()}} {
		b.Run(bench.name, func(b *testing.B) {
			const turns, perTurn = 8, 10
			s := c.store(b, folderFor(b, bench.disk), nil)
			c.loadAll(b, s)
			updates := c.updates(b, turns*perTurn)
			look := c.byURI(s)
			runtime.GC()
			var idle, swapping []time.Duration
			for turn := range 2 * turns {
				into, stop := &idle, make(chan error, 1)
				if turn%2 == 1 {
					into = &swapping
					batch := updates[turn/2*perTurn:][:perTurn]
					go func() { stop <- c.feed(s, batch, turn/2*perTurn) }()
				} else {
					stop <- nil
				}
				*into = append(*into, samples(look, bench.l, time.Second)...)
				if err := <-stop; err != nil {
					b.Fatal(err)
				}
			}
			for _, p := range []struct {
				name string
				of   float64
			}{{"p50", 0.5}, {"p99.9", 0.999}} {
				q, u := quantile(idle, p.of), quantile(swapping, p.of)
				b.ReportMetric(q/sample, "idle-"+p.name+"-ns/lookup")
				b.ReportMetric(u/sample, "swap-"+p.name+"-ns/lookup")
				b.ReportMetric(u/q, "x_idle-"+p.name)
			}
			b.ReportMetric(float64(len(swapping)), "samples")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// feed admits updates, ten a second.
func (c *country) feed(s *cache.Store, updates [][]byte, from int) error {
	t := time.NewTicker(time.Second / 10)
	defer t.Stop()
	for k, u := range updates {
		if err := admitToken(s, c.uris[(from+k)%c.lists], bytes.Clone(u)); err != nil {
			return fmt.Errorf("update %d: %w", from+k, err)
		}
		<-t.C
	}
	return nil
}

// samples are the times of samples of lookups, for so long.
func samples(look looking, l *lookups, d time.Duration) (taken []time.Duration) {
	taken = make([]time.Duration, 0, 1<<15)
	var n uint64
	begin := time.Now()
	for at := begin; at.Sub(begin) < d; {
		n += look(l, len(taken)*sample%(len(l.list)-sample))
		now := time.Now()
		taken = append(taken, now.Sub(at))
		at = now
	}
	sum.Add(n)
	return taken
}

func quantile(d []time.Duration, q float64) float64 {
	s := slices.Sorted(slices.Values(d))
	return float64(s[min(int(float64(len(s))*q), len(s)-1)])
}

// BenchmarkCountryMemory holds what the lists take against their bits, in a fresh
// process that sets its collector as a node's does.
func BenchmarkCountryMemory(b *testing.B) {
	c := aCountry(b)
	dir := b.TempDir()
	const updates = 60
	c.write(b, dir, updates)
	for _, kind := range stores {
		b.Run(kind.name, func(b *testing.B) {
			var r report
			for b.Loop() {
				r = countryProcess(b, dir, processOptions{c.lists, updates, kind.disk})
			}
			raw := float64(c.raw())
			b.ReportMetric(raw/1e6, "MB-raw")
			b.ReportMetric(float64(c.signed())/raw, "x_raw-signed")
			b.ReportMetric(float64(r.Heap-r.EmptyHeap)/raw, "x_raw-heap")
			b.ReportMetric(float64(r.RSS-r.EmptyRSS)/raw, "x_raw-rss")
			b.ReportMetric(float64(r.LoadPeak-r.EmptyRSS)/raw, "x_raw-load-peak")
			b.ReportMetric(float64(r.SwapPeak-r.EmptyRSS)/raw, "x_raw-swap-peak")
			b.ReportMetric(float64(r.HeapPeak-r.EmptyHeap)/raw, "x_raw-swap-heap-peak")
			b.ReportMetric(float64(r.EmptyRSS)/1e6, "MB-empty-rss")
			b.ReportMetric(r.LoadSeconds*1e3, "load-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func decodeReport(t testing.TB, b []byte) (r report) {
	t.Helper()
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
