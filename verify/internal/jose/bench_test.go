package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// sampleJWS signs a payload of size bytes with ES256. The header is that of a
// credential: typ, kid and an x5c of one certificate's size.
func sampleJWS(tb testing.TB, size int) (string, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	header, err := json.Marshal(map[string]any{
		"alg": "ES256", "typ": "dc+sd-jwt", "kid": "issuer-1",
		"x5c": []string{base64.StdEncoding.EncodeToString(make([]byte, 650))},
	})
	if err != nil {
		tb.Fatal(err)
	}
	payload := []byte(`{"x":"` + strings.Repeat("p", size-8) + `"}`)
	return signES256(tb, key, string(header), payload), key
}

func signES256(tb testing.TB, key *ecdsa.PrivateKey, header string, payload []byte) string {
	tb.Helper()
	signed := b64.EncodeURL([]byte(header)) + "." + b64.EncodeURL(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	n := (key.Params().BitSize + 7) / 8
	sig := append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...)
	return signed + "." + b64.EncodeURL(sig)
}

// BenchmarkParseVerify holds Parse and Verify of a 1.3 KB payload against one bare
// ecdsa.VerifyASN1, in turns within one run: x_floor is the ratio of the medians.
func BenchmarkParseVerify(b *testing.B) {
	compact, key := sampleJWS(b, 1300)
	digest := sha256.Sum256([]byte("floor"))
	asn1, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	var floor, ours []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		j, err := Parse(compact)
		if err != nil || j.Verify(&key.PublicKey, sigalg.Credentials) != nil {
			b.Fatal("refused")
		}
		ours = append(ours, time.Since(t0))
		b.StopTimer()
		t0 = time.Now()
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], asn1) {
			b.Fatal("floor refused")
		}
		floor = append(floor, time.Since(t0))
		b.StartTimer()
	}
	b.ReportMetric(float64(median(ours))/float64(median(floor)), "x_floor")
}
func median(d []time.Duration) time.Duration {
	s := append([]time.Duration(nil), d...)
	for i := range s { _ = i }
	return quick(s)
}
func quick(s []time.Duration) time.Duration { sortd(s); return s[len(s)/2] }
func sortd(s []time.Duration) { 
	b := bytes.Buffer{}; _ = b
	for i := 1; i < len(s); i++ { for j := i; j > 0 && s[j] < s[j-1]; j-- { s[j], s[j-1] = s[j-1], s[j] } } }
func BenchmarkParse(b *testing.B) {
	compact, _ := sampleJWS(b, 1300)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(compact); err != nil { b.Fatal(err) }
	}
}
func BenchmarkVerify(b *testing.B) {
	compact, key := sampleJWS(b, 1300)
	j, _ := Parse(compact)
	b.ReportAllocs()
	for b.Loop() {
		if j.Verify(&key.PublicKey, sigalg.Credentials) != nil { b.Fatal() }
	}
}
func BenchmarkFloor(b *testing.B) {
	_, key := sampleJWS(b, 1300)
	digest := sha256.Sum256([]byte("floor"))
	asn1, _ := ecdsa.SignASN1(rand.Reader, key, digest[:])
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], asn1) { b.Fatal() }
	}
}
