package statuslist

import (
	"bytes"
	"compress/zlib"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// tokenOf is a Token made of an array, without its signature.
func tokenOf(t testing.TB, array []byte, bits int) *Token {
	t.Helper()
	b, err := inflate(deflate(t, array), MaxInflated)
	if err != nil {
		t.Fatal(err)
	}
	return &Token{Bits: bits, array: b}
}

func TestValue(t *testing.T) {
	// Section 4.1 and 4.2: the same bytes with each number of bits.
	for bits, want := range map[int][]byte{
		1: {1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1},
		2: {1, 2, 3, 2, 3, 0, 2, 2},
		4: {9, 11, 3, 10},
		8: {0xb9, 0xa3},
	} {
		tok := tokenOf(t, smallList, bits)
		if tok.Len() != uint64(len(want)) {
			t.Errorf("bits %d: %d entries, want %d", bits, tok.Len(), len(want))
		}
		for i, w := range want {
			if v, ok := tok.Value(uint64(i)); !ok || v != w {
				t.Errorf("bits %d, entry %d: %d %v, want %d", bits, i, v, ok, w)
			}
		}
		n := tok.Len()
		for _, i := range []uint64{n, n + 1, 1 << 32, 1 << 61, 1 << 62, 1<<63 - 1, 1 << 63, 1<<63 + 1, math.MaxUint64} {
			if v, ok := tok.Value(i); ok || v != 0 {
				t.Errorf("bits %d: entry %d of %d is %d %v", bits, i, n, v, ok)
			}
		}
		if allocs := testing.AllocsPerRun(100, func() { tok.Value(n - 1); tok.Value(n) }); allocs != 0 {
			t.Errorf("bits %d: Value allocates %v times", bits, allocs)
		}
	}
	for _, tok := range []*Token{{}, {Bits: 1}, tokenOf(t, nil, 1)} {
		if v, ok := tok.Value(0); ok || v != 0 || tok.Len() != 0 {
			t.Errorf("an entry in an empty list: %d %v", v, ok)
		}
	}
}

func TestCodeOf(t *testing.T) {
	want := map[byte]reason.Code{0: "", 1: reason.StatusRevoked, 2: reason.StatusSuspended}
	for v := range 256 {
		w, ok := want[byte(v)]
		if !ok {
			w = reason.StatusUnknownValue
		}
		if got := CodeOf(byte(v)); got != w {
			t.Errorf("value %d: code %q, want %q", v, got, w)
		}
	}
}

func TestInflateRefused(t *testing.T) {
	good := deflate(t, smallList)
	checksum := bytes.Clone(good)
	checksum[len(checksum)-1] ^= 1
	body := bytes.Clone(good)
	body[3] ^= 0x10
	var dict bytes.Buffer
	z, err := zlib.NewWriterLevelDict(&dict, zlib.BestCompression, smallList)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(smallList)
	z.Close()
	tests := []struct {
		name   string
		stream []byte
		code   reason.Code
	}{
		{"good", good, ""},
		{"empty array", deflate(t, nil), ""},
		{"nothing", nil, reason.StatusListDecompressFailed},
		{"not zlib", []byte("not a stream"), reason.StatusListDecompressFailed},
		{"raw DEFLATE", good[2:], reason.StatusListDecompressFailed},
		{"gzip", []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0}, reason.StatusListDecompressFailed},
		{"method not DEFLATE", append([]byte{0x79, 0x9b}, good[2:]...), reason.StatusListDecompressFailed},
		{"window too large", append([]byte{0x88, 0x1c}, good[2:]...), reason.StatusListDecompressFailed},
		{"header check", append([]byte{0x78, 0xdb}, good[2:]...), reason.StatusListDecompressFailed},
		{"preset dictionary", dict.Bytes(), reason.StatusListDecompressFailed},
		{"one byte after", append(bytes.Clone(good), 0), reason.StatusListDecompressFailed},
		{"a stream after", append(bytes.Clone(good), good...), reason.StatusListDecompressFailed},
		{"checksum", checksum, reason.StatusListDecompressFailed},
		{"body", body, reason.StatusListDecompressFailed},
		{"compressed at the cap", make([]byte, MaxCompressed), reason.StatusListDecompressFailed},
		{"compressed beyond it", make([]byte, MaxCompressed+1), reason.StatusListTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inflate(tt.stream, MaxInflated)
			wantCode(t, err, tt.code)
		})
	}
}

// A stream that ends early is refused wherever it ends, a byte more too.
func TestInflateTruncated(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 300)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	for _, array := range [][]byte{nil, smallList, make([]byte, 5000), random, bytes.Repeat([]byte{1, 2, 3, 4, 5}, 100)} {
		good := deflate(t, array)
		for i := range good {
			if _, err := inflate(good[:i], MaxInflated); reason.CodeOf(err) != reason.StatusListDecompressFailed {
				t.Fatalf("%d of %d bytes: %v", i, len(good), err)
			}
		}
		for b := range 256 {
			if _, err := inflate(append(bytes.Clone(good), byte(b)), MaxInflated); reason.CodeOf(err) != reason.StatusListDecompressFailed {
				t.Fatalf("byte %d after: %v", b, err)
			}
		}
	}
}

func TestInflateSizes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 511, 512, 513, 4095, firstArray - 1, firstArray, firstArray + 1, 2*firstArray - 1, 2 * firstArray, 2*firstArray + 1, 1<<20 + 7} {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(i * i >> 8)
		}
		z := deflate(t, want)
		got, err := inflate(z, MaxInflated)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
		}
		if len(got) != n || cap(got) > n+n/8+64 {
			t.Errorf("%d bytes: the array holds on to %d", n, cap(got))
		}
		if n == 0 {
			continue
		}
		if got, err = inflate(z, n); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes at the cap: got %d, %v", n, len(got), err)
		}
		if n > 1 {
			_, err = inflate(z, n-1)
			wantCode(t, err, reason.StatusListTooLarge)
		}
	}
}

// The cap of the package, the cap of the options, and what a bomb costs.
func TestZipBomb(t *testing.T) {
	bomb := deflate(t, make([]byte, 128<<20))
	for _, limit := range []int{1 << 20, MaxInflated} {
		spent := allocated(func() {
			_, err := inflate(bomb, limit)
			wantCode(t, err, reason.StatusListTooLarge)
		})
		if most := uint64(2*limit + 1<<20); spent > most {
			t.Errorf("a bomb against a cap of %d bytes costs %d, want at most %d", limit, spent, most)
		}
	}
	k := newToken(t)
	k.list["lst"] = bomb
	u, err := ParseCWT(k.cwtBytes(t))
	wantCode(t, err, "")
	_, err = u.Verify(&testKey.PublicKey)
	wantCode(t, err, reason.StatusListTooLarge)
	// Unsigned, it is not inflated at all.
	spent := allocated(func() {
		_, err = u.Verify(&newKey().PublicKey)
		wantCode(t, err, reason.StatusTokenSignatureInvalid)
	})
	if spent > 1<<20 {
		t.Errorf("a bomb that nobody signed costs %d bytes", spent)
	}

	k.list["lst"] = deflate(t, make([]byte, 1000))
	if u, err = ParseJWT(k.jwt(t)); err != nil {
		t.Fatal(err)
	}
	_, err = u.VerifyWith(&testKey.PublicKey, Options{MaxInflated: 999})
	wantCode(t, err, reason.StatusListTooLarge)
	tok, err := u.VerifyWith(&testKey.PublicKey, Options{MaxInflated: 1000})
	wantCode(t, err, "")
	if tok.Len() != 8000 {
		t.Errorf("%d entries", tok.Len())
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A token costs its array: nothing of the signed bytes stays behind it.
func TestMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	array := make([]byte, 1<<20) // does not compress: the token as sent is larger than the array
	for i := range array {
		array[i] = byte(rng.Uint32())
	}
	k := newToken(t)
	k.list["lst"] = deflate(t, array)
	compact := k.jwt(t)
	k = nil
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	tok, err := verifyJWT(compact, &testKey.PublicKey)
	wantCode(t, err, "")
	if grown := int64(live()) - int64(before); grown > int64(len(array))+64<<10 {
		t.Errorf("a token of %d bytes holds %d", len(array), grown)
	}
	runtime.KeepAlive(compact)
	runtime.KeepAlive(array)
	if v, ok := tok.Value(8<<20 - 1); !ok || v != array[len(array)-1]>>7 {
		t.Error("last entry differs")
	}
}
