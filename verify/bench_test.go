package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// floor is what no verifier can save: two P-256 signatures over fresh digests.
type floor struct {
	key    *ecdsa.PrivateKey
	digest [32]byte
	sig    []byte
}

func newFloor(b *testing.B) *floor {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	f := &floor{key: key, digest: sha256.Sum256([]byte("edgetrust"))}
	if f.sig, err = ecdsa.SignASN1(rand.Reader, key, f.digest[:]); err != nil {
		b.Fatal(err)
	}
	return f
}

func (f *floor) run(b *testing.B, signatures int) {
	for range signatures {
		if !ecdsa.VerifyASN1(&f.key.PublicKey, f.digest[:], f.sig) {
			b.Fatal("the floor does not verify")
		}
	}
}

// turn is how many runs of one side come before the other side's turn: enough
// that a reading of the CPU clock does not count.
const turn = 16

// beside runs work and the floor by turns in one benchmark and reports how many
// times the floor's CPU time work takes, the collector's included: what else runs
// on the machine hits both alike, and neither is charged for waiting.
func beside(b *testing.B, signatures int, work func()) {
	b.Helper()
	f := newFloor(b)
	ballast := make([]byte, 32<<20) // a heap like a node's: see node.Node
	defer runtime.KeepAlive(ballast)
	runtime.GC()
	var atFloor, atWork time.Duration
	b.ReportAllocs()
	begin := cpuTime(b)
	for n := 0; b.Loop(); n++ {
		work()
		if n%turn != turn-1 {
			continue
		}
		end := cpuTime(b)
		atWork += end - begin
		for range turn {
			f.run(b, signatures)
		}
		begin = cpuTime(b)
		atFloor += begin - end
	}
	if atFloor > 0 {
		b.ReportMetric(float64(atWork)/float64(atFloor), "x_floor")
	}
}

// cpuTime is what the process has used of all cores.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkSample(b *testing.B, sample string, signatures int, o verify.Options) {
	benchmark(b, sample, signatures, o, nil)
}

// benchmark verifies a sample, whose request change may alter.
func benchmark(b *testing.B, sample string, signatures int, o verify.Options, change func(*world, *verify.Request)) {
	b.Helper()
	w := bareWorld(b, o)
	w.loadLists(b)
	made, req := w.make(b, sample, verifytest.Context{})
	if change != nil {
		change(w, req)
	}
	w.loadStatus(b)
	view := w.store.View()
	if res := w.verifier.Verify(view, req, w.now); res.Verdict != made.Sample.Verdict {
		b.Fatalf("%s: %s %v", sample, res.Verdict, codes(res))
	}
	if c, ok := o.Chains.(*cache.Chains); ok {
		c.Wait()
	}
	beside(b, signatures, func() {
		if res := w.verifier.Verify(view, req, w.now); res.Verdict != made.Sample.Verdict {
			b.Fatalf("%s: %s %v", sample, res.Verdict, codes(res))
		}
	})
}

func chains(b *testing.B) *cache.Chains {
	b.Helper()
	c, err := cache.NewChains(8 << 20)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

// The issuer's chain is known; the issuer's and the holder's signatures remain.
func BenchmarkSDJWTKnownChain(b *testing.B) {
	benchmarkSample(b, "sdjwt-pid-de", 2, verify.Options{Chains: chains(b)})
}

// The same with four of the PID's claims disclosed, which is the usual request.
func BenchmarkSDJWTFourClaims(b *testing.B) {
	benchmark(b, "sdjwt-pid-de", 2, verify.Options{Chains: chains(b)}, func(w *world, req *verify.Request) {
		de := w.PID("DE")
		o, err := w.SDJWT(de, "urn:eudi:pid:de:1", w.now)
		if err != nil {
			b.Fatal(err)
		}
		status, err := w.Status(de, verifytest.FormJWT, 0)
		if err != nil {
			b.Fatal(err)
		}
		o.Status = &status
		cred, err := de.IssueSDJWT(o)
		if err != nil {
			b.Fatal(err)
		}
		presentation, err := cred.Present(verifytest.Presentation{
			Nonce: req.Nonce, Audience: req.ClientID, IssuedAt: w.now, Disclose: []string{"family_name", "given_name", "birthdate", "issuing_country"},
		})
		if err != nil {
			b.Fatal(err)
		}
		req.VPToken[soleID(req)][0] = presentation
	})
}

func BenchmarkMdocKnownChain(b *testing.B) {
	benchmarkSample(b, "mdoc-pid-de", 2, verify.Options{Chains: chains(b)})
}

// First contact: the chain's signature comes on top.
func BenchmarkSDJWTFirstContact(b *testing.B) {
	benchmarkSample(b, "sdjwt-pid-de", 3, verify.Options{})
}

func BenchmarkMdocFirstContact(b *testing.B) {
	benchmarkSample(b, "mdoc-pid-de", 3, verify.Options{})
}

// An unknown issuer is refused before any signature arithmetic: held against one
// signature, it is well below 1.
func BenchmarkUnknownIssuer(b *testing.B) {
	benchmarkSample(b, "unknown-issuer", 1, verify.Options{Chains: chains(b)})
}
