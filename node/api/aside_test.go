package api

import (
	"context"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

// A request that waits for something other than the processor gives its place up and
// has it again afterwards, whatever becomes of the wait; in a batch, too, where one
// item after the other may.
func TestAside(t *testing.T) {
	for name, path := range map[string]string{"one": "/v1/verify", "batch": "/v1/verify/batch"} {
		t.Run(name, func(t *testing.T) {
			waits, goOn := make(chan bool), make(chan bool)
			h := newHandler(t, fake{verify: func(ctx context.Context, req *verify.Request) *verify.Result {
				if req.Nonce == "waits" {
					Aside(ctx, func() { waits <- true; <-goOn })
				}
				return sample(req)
			}}, func(o *Options) { o.InFlight, o.QueueFor = 1, 10*time.Millisecond })
			ask := func(nonce string) int {
				body := `{"vp_token": {"a": ["x"]}, "expect": {"a": {"kind": "pid"}}, "flow": "redirect", "nonce": "` + nonce + `"}`
				if name == "batch" {
					body = `{"items": [` + body + `, ` + body + `]}`
				}
				return call(t, h, post(path, []byte(body))).Code
			}
			answered := make(chan int)
			go func() { answered <- ask("waits") }()
			for range map[string]int{"one": 1, "batch": 2}[name] {
				<-waits
				for range 3 {
					if code := ask("does not"); code != 200 {
						t.Errorf("while another waits: %d", code)
					}
				}
				goOn <- true
			}
			if code := <-answered; code != 200 {
				t.Errorf("who waited: %d", code)
			}
			for range 3 { // no place was lost
				if code := ask("does not"); code != 200 {
					t.Errorf("afterwards: %d", code)
				}
			}
		})
	}
}

// Where too many are aside a place is kept, and outside of a request there is none.
func TestAsideBound(t *testing.T) {
	g := newGate(1, 1, time.Millisecond)
	ctx := context.WithValue(t.Context(), gateKey{}, g)
	leave, p := g.enter(ctx)
	if p != nil {
		t.Fatal(p)
	}
	g.aside.Store(maxAside)
	Aside(ctx, func() {
		if _, p := g.enter(ctx); p == nil {
			t.Error("one more than may be aside gave its place up")
		}
	})
	g.aside.Store(0)
	func() {
		defer func() { _ = recover() }()
		Aside(ctx, func() { panic("within a wait") })
	}()
	if g.aside.Load() != 0 || len(g.slots) != 1 {
		t.Errorf("after a panic: %d aside, %d places taken", g.aside.Load(), len(g.slots))
	}
	leave()
	done := false
	Aside(t.Context(), func() { done = true })
	if !done || len(g.slots) != 0 {
		t.Error("without a gate")
	}
}
