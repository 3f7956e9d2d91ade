package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/serve"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// The benchmarks compare what ran side by side: rounds of verification alternate
// with rounds of an empty handler on the same stack and of bare signature checks,
// and the CPU time of the process is read after each. The client runs in the same
// process and costs the same in both, so the difference of the two is the server's
// own: x_above_empty is that difference over the two signatures.

const benchRound = 50 // operations of one kind before the next kind

// cpu is the CPU time that the process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sideBySide runs each kind b.N times, in turns, and returns their CPU time per
// operation.
func sideBySide(b *testing.B, kinds ...func()) []time.Duration {
	b.Helper()
	for _, op := range kinds { // connections, pools and caches
		for range 20 {
			op()
		}
	}
	runtime.GC()
	spent := make([]time.Duration, len(kinds))
	b.ResetTimer()
	for done := 0; done < b.N; {
		n := min(benchRound, b.N-done)
		for k, op := range kinds {
			begin := cpu(b)
			for range n {
				op()
			}
			spent[k] += cpu(b) - begin
		}
		done += n
	}
	b.StopTimer()
	for k := range spent {
		spent[k] /= time.Duration(b.N)
	}
	return spent
}

// floor is two ecdsa.VerifyASN1: what no verifier can do without.
func floor(b *testing.B) func() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("floor"))
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		for range 2 {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
				b.Fatal("the signature does not verify")
			}
		}
	}
}

// empty listens with a handler that reads the body and answers 200 bytes.
func empty(b *testing.B, protocol string) *client.Client {
	answer := bytes.Repeat([]byte("x"), 200)
	s, err := serve.Listen(serve.Options{Addr: "127.0.0.1:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	})})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	b.Cleanup(func() { s.Close(); <-served })
	c, err := client.New(client.Options{URL: "https://" + s.Addr().String(), Protocol: protocol, UnsafeInsecure: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func post(b *testing.B, c *client.Client, path string, body []byte) func() {
	return func() {
		resp, err := c.Do(b.Context(), "POST", path, "", "", body)
		if err != nil || resp.Status != 200 {
			b.Fatalf("%v %+v", err, resp)
		}
	}
}

func benchVerify(b *testing.B, protocol, sample string) {
	l := newLab(b, labOptions{})
	made, _ := l.sample(b, sample, verifytest.Context{})
	request := made.Body()
	delete(request, "include") // claims, a portrait among them, are not what is measured
	body := asJSON(b, request)
	c := l.client(b, protocol)
	if verdict, codes := l.verify(b, c, body); verdict != "valid" {
		b.Fatalf("%s %v", verdict, codes)
	}
	spent := sideBySide(b, post(b, c, "/v1/verify", body), post(b, empty(b, protocol), "/v1/verify", body), floor(b))
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	b.ReportMetric(us(spent[0]), "cpu_us/req")
	b.ReportMetric(us(spent[1]), "empty_us/req")
	b.ReportMetric(us(spent[2]), "floor_us")
	b.ReportMetric(us(spent[0])/us(spent[1]+spent[2]), "x_floor")
	b.ReportMetric(us(spent[0]-spent[1])/us(spent[2]), "x_above_empty")
	b.ReportMetric(0, "ns/op") // the wall time of three kinds together says nothing
}

func BenchmarkHTTP3Verify(b *testing.B) {
	b.Run("sdjwt", func(b *testing.B) { benchVerify(b, client.HTTP3, "sdjwt-pid-de") })
	b.Run("mdoc", func(b *testing.B) { benchVerify(b, client.HTTP3, "mdoc-pid-de") })
}

func BenchmarkHTTP2Verify(b *testing.B) {
	b.Run("sdjwt", func(b *testing.B) { benchVerify(b, client.HTTP2, "sdjwt-pid-de") })
	b.Run("mdoc", func(b *testing.B) { benchVerify(b, client.HTTP2, "mdoc-pid-de") })
}

// BenchmarkBatch16 holds a batch of 16 against 16 times the floor: in process,
// through the handler, and over HTTP/3 above an empty handler with the same body.
func BenchmarkBatch16(b *testing.B) {
	const items = 16
	l := newLab(b, labOptions{})
	var bodies []json.RawMessage
	for range items {
		_, body := l.sample(b, "sdjwt-pid-de", verifytest.Context{})
		bodies = append(bodies, body)
	}
	batch := asJSON(b, map[string]any{"items": bodies})
	c := l.client(b, client.HTTP3)
	resp, err := c.Do(b.Context(), "POST", "/v1/verify/batch", "", "", batch)
	if err != nil || bytes.Count(resp.Body, []byte(`"verdict":"valid"`)) != 2*items {
		b.Fatalf("%v: %d valid", err, bytes.Count(resp.Body, []byte(`"verdict":"valid"`)))
	}
	two := floor(b)
	b.Run("handler", func(b *testing.B) {
		h := l.handler()
		spent := sideBySide(b, func() { serveOnce(b, h, batch) }, func() {
			for range items {
				two()
			}
		})
		report(b, spent[0], 0, spent[1], items)
	})
	b.Run("http3", func(b *testing.B) {
		spent := sideBySide(b, post(b, c, "/v1/verify/batch", batch), post(b, empty(b, client.HTTP3), "/v1/verify/batch", batch), func() {
			for range items {
				two()
			}
		})
		report(b, spent[0], spent[1], spent[2], items)
	})
}

func serveOnce(b *testing.B, h http.Handler, body []byte) {
	r := httptest.NewRequest(http.MethodPost, "/v1/verify/batch", bytes.NewReader(body))
	r.Header.Set("Content-Type", client.JSON)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		b.Fatal(w.Code)
	}
}

func report(b *testing.B, all, empty, floor time.Duration, items int) {
	b.ReportMetric(float64(all)/1e3/float64(items), "cpu_us/item")
	b.ReportMetric(float64(floor)/1e3/float64(items), "floor_us/item")
	b.ReportMetric(float64(all-empty)/float64(floor), "x_floor")
	if empty > 0 {
		b.ReportMetric(float64(empty)/1e3, "empty_us/req")
	}
	b.ReportMetric(0, "ns/op")
}
