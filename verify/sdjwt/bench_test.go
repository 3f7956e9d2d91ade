package sdjwt

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"
)

// benchCard is a PID of the usual size: 20 claims of which four are shown, about
// 2.3 kB.
func benchCard(chain bool) string {
	c := newCard()
	c.parts, c.payload["_sd"] = nil, nil
	delete(c.payload, "nationalities")
	for i := range 4 {
		c.hide(c.payload, fmt.Sprintf("claim_%d", i), "value of a claim")
	}
	c.decoys(16)
	if chain {
		c.header["x5c"] = []any{strings.Repeat("MIIB", 220)}
	}
	return c.build()
}

// BenchmarkVerify holds the whole of this package against its floor, two
// signatures by ecdsa.VerifyASN1 measured in turns with it: x_floor.
func BenchmarkVerify(b *testing.B) {
	for name, chain := range map[string]bool{"plain": false, "x5c": true} {
		b.Run(name, func(b *testing.B) {
			s, k := benchCard(chain), newChecks()
			sum := sha256.Sum256([]byte(s))
			sig, err := ecdsa.SignASN1(rand.Reader, issuerKey, sum[:])
			if err != nil {
				b.Fatal(err)
			}
			var floor, ours time.Duration
			b.ReportAllocs()
			for b.Loop() {
				t0 := time.Now()
				if _, err := verify(s, k); err != nil {
					b.Fatal(err)
				}
				t1 := time.Now()
				for range 2 {
					if !ecdsa.VerifyASN1(&issuerKey.PublicKey, sum[:], sig) {
						b.Fatal("floor")
					}
				}
				ours, floor = ours+t1.Sub(t0), floor+time.Since(t1)
			}
			b.ReportMetric(float64(ours)/float64(floor), "x_floor")
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/verify")
			b.ReportMetric(float64(len(s)), "bytes")
		})
	}
}
