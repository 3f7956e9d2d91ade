package cache_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/statuslist"
)

const countryEnv = "EDGETRUST_TEST_COUNTRY"

// processOptions are what a process does: it admits so many lists, and then so many
// updates, ten a second.
type processOptions struct {
	Lists, Updates int
	Disk           bool
}

// report is what a process took, in bytes.
type report struct {
	EmptyHeap, EmptyRSS int64 // with the trust list alone
	Heap, RSS           int64 // of all lists after the updates; the heap after a collection
	LoadPeak, SwapPeak  int64 // of the resident set, while the lists came and while they were updated
	HeapPeak            int64 // of the heap during the updates, garbage included
	Lists               int
	LoadSeconds         float64
}

// countryProcess runs this program again on the files of a country.
func countryProcess(t testing.TB, dir string, o processOptions) report {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	p := exec.Command(os.Args[0], "-test.run=^TestCountryMemory$", "-test.count=1", "-test.v")
	p.Env = append(os.Environ(), countryEnv+"="+dir, countryEnv+"_OPTIONS="+string(b))
	out, err := p.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, text, _ := bytes.Cut(out, []byte("report "))
	text, _, _ = bytes.Cut(text, []byte("\n"))
	return decodeReport(t, text)
}

// headroom is what a node sets its collector to: node.gcPercent.
func headroom(used int64) { debug.SetGCPercent(int(min(max(100*(32<<20)/max(used, 1), 25), 100))) }

// work is what the process does.
func (o processOptions) work(t *testing.T, dir string) (r report) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return b
	}
	operator, err := x509.ParseCertificate(read("operator"))
	if err != nil {
		t.Fatal(err)
	}
	var uris []string
	for i := range o.Lists {
		uris = append(uris, countryURI(i))
	}
	ballast := make([]byte, 32<<20) // as a node has it
	defer runtime.KeepAlive(ballast)
	s := openStore(t, countryOptions(operator, uris), folderFor(t, o.Disk), read("trust"))
	r.EmptyHeap, r.EmptyRSS = heapInUse(), memory(t, "VmRSS")

	done := make(chan struct{})
	var timekeeping sync.WaitGroup
	timekeeping.Go(func() {
		for t := time.NewTicker(time.Second); ; { // node.headroomTick
			select {
			case <-t.C:
				s.Tick(time.Now())
				headroom(s.Used())
			case <-done:
				return
			}
		}
	})
	resetPeak(t)
	begin := time.Now()
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for i := half; i < o.Lists; i += 2 {
				if err := admitToken(s, uris[i], read(fmt.Sprintf("list-%d", i))); err != nil {
					t.Error(i, err)
				}
			}
		})
	}
	wg.Wait()
	r.LoadSeconds = time.Since(begin).Seconds()
	r.LoadPeak = memory(t, "VmHWM")

	headroom(s.Used())
	runtime.GC()
	debug.FreeOSMemory()
	resetPeak(t)
	wg.Go(func() { // somebody holds a View at all times
		for k := 0; ; k++ {
			select {
			case <-done:
				return
			default:
				v := s.View()
				for _, uri := range uris {
					b, _ := v.Status(statuslist.StatusList, uri).Tokens[0].Token.Value(uint64(k))
					sum.Add(uint64(b))
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
	for k, tick := 0, time.NewTicker(time.Second/10); k < o.Updates; k++ {
		if err := admitToken(s, uris[k%o.Lists], read(fmt.Sprintf("update-%d", k))); err != nil {
			t.Error(k, err)
		}
		r.HeapPeak = max(r.HeapPeak, heapNow())
		<-tick.C
	}
	close(done)
	wg.Wait()
	timekeeping.Wait()
	r.SwapPeak, r.RSS = memory(t, "VmHWM"), memory(t, "VmRSS")
	r.Heap, r.Lists = heapInUse(), s.StatusLists(time.Now()).Held
	runtime.KeepAlive(s)
	return r
}

// TestCountryMemory holds the heap of a process that has many lists against their
// bits. A short run has few lists; the whole country is for long ones.
func TestCountryMemory(t *testing.T) {
	if dir := os.Getenv(countryEnv); dir != "" {
		var o processOptions
		if err := json.Unmarshal([]byte(os.Getenv(countryEnv+"_OPTIONS")), &o); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(o.work(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("report %s\n", b)
		return
	}
	c := smallCountry(t)
	updates, onDisk, inMemory := 10, 1.15, 1.45 // what does not grow with the lists counts for more
	if long() {
		c = aCountry(t)
		updates, onDisk, inMemory = 60, 1.1, 1.4
	}
	dir := t.TempDir()
	c.write(t, dir, updates)
	for _, kind := range stores {
		r := countryProcess(t, dir, processOptions{c.lists, updates, kind.disk})
		raw := float64(c.raw())
		heap, limit := float64(r.Heap-r.EmptyHeap)/raw, onDisk
		if !kind.disk {
			limit = inMemory
		}
		if r.Lists != c.lists || heap > limit {
			t.Errorf("%s: %d lists of %d, %.3f times their bits, want at most %.2f", kind.name, r.Lists, c.lists, heap, limit)
		}
		t.Logf("%s: heap %.3f x raw, peak of the resident set %.3f x", kind.name, heap, float64(r.SwapPeak-r.EmptyRSS)/raw)
		if peak := float64(r.SwapPeak-r.EmptyRSS) / raw; long() && kind.disk && peak > 1.5 {
			t.Errorf("%s: the resident set went up to %.3f times the bits", kind.name, peak)
		}
	}
}

// heapInUse is what is held after a collection.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// heapNow is the heap with its garbage.
func heapNow() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() + s[1].Value.Uint64())
}

// memory is a figure that the kernel has of this process, 0 where it has none.
func memory(t testing.TB, name string) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+":")); ok {
			kb, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	return 0
}

// resetPeak has the kernel count VmHWM anew.
func resetPeak(t testing.TB) {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Log(err)
	}
}
