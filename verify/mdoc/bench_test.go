package mdoc

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"
)

// BenchmarkVerify is the whole of this package's work on one fresh presentation of
// ten elements with a device signature. Metric x_floor is its time as a multiple
// of two ecdsa.VerifyASN1, measured in the same run in turns.
func BenchmarkVerify(b *testing.B) {
	m := newMaker()
	m.spaces[nsMDL][8].value = make([]byte, 512)
	benchmark(b, m)
}

// BenchmarkVerifyPortrait is the same with a portrait of 20 KiB.
func BenchmarkVerifyPortrait(b *testing.B) {
	m := newMaker()
	m.spaces[nsMDL][8].value = make([]byte, 20<<10)
	benchmark(b, m)
}

func benchmark(b *testing.B, m *maker) {
	response, leaf := m.make(), m.signer.cert
	digest := sha256.Sum256([]byte("floor"))
	sig, err := ecdsa.SignASN1(rand.Reader, m.signer.key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	key := &m.signer.key.PublicKey
	const batch = 20 // long enough for the clock, short enough to share the machine's mood
	var ours, floor time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		start := time.Now()
		for range batch {
			verifyAll(b, response, leaf, m.transcript)
			n++
		}
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		for range 2 * batch {
			if !ecdsa.VerifyASN1(key, digest[:], sig) {
				b.Fatal("floor")
			}
		}
		floor += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(ours)/float64(floor), "x_floor")
	b.ReportMetric(float64(len(response)), "bytes")
}
