package jose

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// sampleJWS is like a credential: typ, kid, an x5c of one certificate's size, and
// a payload of 1.3 KB.
func sampleJWS(tb testing.TB) string {
	tb.Helper()
	header, err := json.Marshal(map[string]any{
		"alg": "ES256", "typ": "dc+sd-jwt", "kid": "issuer-1",
		"x5c": []string{base64.StdEncoding.EncodeToString(make([]byte, 650))},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return sign(sigalg.ES256, string(header), `{"claim":"`+strings.Repeat("p", 1288)+`"}`)
}

// BenchmarkParseVerify holds Parse and Verify against one bare ecdsa.VerifyASN1, in
// turns within one run: x_floor is the ratio of the medians, allocs_floor what the
// bare verification allocates.
func BenchmarkParseVerify(b *testing.B) {
	compact := sampleJWS(b)
	pub := keys[sigalg.ES256].pub.(*ecdsa.PublicKey)
	digest := sha256.Sum256([]byte("floor"))
	asn1, err := ecdsa.SignASN1(rand.Reader, keys[sigalg.ES256].priv.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		b.Fatal(err)
	}
	bare := func() {
		if !ecdsa.VerifyASN1(pub, digest[:], asn1) {
			b.Fatal("the floor is refused")
		}
	}
	var floor, ours []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		j, err := Parse(compact)
		if err != nil || j.Verify(pub, sigalg.Credentials) != nil {
			b.Fatal("refused")
		}
		ours = append(ours, time.Since(start))
		b.StopTimer()
		start = time.Now()
		bare()
		floor = append(floor, time.Since(start))
		b.StartTimer()
	}
	b.ReportMetric(float64(median(ours))/float64(median(floor)), "x_floor")
	b.ReportMetric(testing.AllocsPerRun(100, bare), "allocs_floor")
}

func BenchmarkParse(b *testing.B) {
	compact := sampleJWS(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(compact); err != nil {
			b.Fatal(err)
		}
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
