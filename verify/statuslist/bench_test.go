package statuslist

import (
	"math/rand/v2"
	"testing"
)

// revokedArray is 2^20 one-bit entries, 1.2 % of them set.
func revokedArray() []byte {
	rng := rand.New(rand.NewPCG(5, 6))
	array := make([]byte, 1<<17)
	for range (1 << 20) * 12 / 1000 {
		i := rng.IntN(1 << 20)
		array[i/8] |= 1 << (i % 8)
	}
	return array
}

var sink byte

func BenchmarkValue(b *testing.B) {
	tok := &Token{Bits: 1, array: revokedArray()}
	b.ReportAllocs()
	for i := range b.N {
		v, _ := tok.Value(uint64(i*7919) & (1<<20 - 1))
		sink += v
	}
}

func BenchmarkInflate(b *testing.B) {
	array := revokedArray()
	z := deflate(b, array)
	b.SetBytes(int64(len(array)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inflate(z, MaxInflated); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k := newToken(b)
	k.list["lst"] = deflate(b, revokedArray())
	compact, cwt := k.jwt(b), k.cwtBytes(b)
	b.Run("jwt", func(b *testing.B) {
		b.SetBytes(int64(len(compact)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := verifyJWT(compact, &testKey.PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cwt", func(b *testing.B) {
		b.SetBytes(int64(len(cwt)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := verifyCWT(cwt, &testKey.PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
}
