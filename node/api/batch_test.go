package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

// cborItems builds {"items": […]} out of encoded items.
func cborItems(items ...[]byte) []byte {
	b := append([]byte{0xa1, 0x65}, "items"...)
	b = append(b, 0x80|byte(len(items)))
	return append(b, bytes.Join(items, nil)...)
}

func TestBatchKeepsItemsApart(t *testing.T) {
	h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result {
		if r.Nonce == "panic" {
			panic("at this one")
		}
		return sample(r)
	}})
	good := `{"vp_token": {"pid": ["x"]}, "flow": "redirect", "nonce": "a"}`
	items := []string{good, `{"vp_token": {}, "flow": "none"}`, `[]`, `{"a": 1, "a": 2}`, "{\"nonce\": \"\xff\"}",
		strings.Replace(good, `"a"`, `"panic"`, 1), strings.Replace(good, `"a"`, `"last"`, 1)}
	members := map[int]string{1: "/items/1/flow", 2: "/items/2", 3: "/items/3/a", 4: "/items/4"}
	w := call(t, h, post("/v1/verify/batch", []byte(`{"items": [`+strings.Join(items, ",")+`]}`), "X-Request-ID", "deliberately-broken"))
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	out := decodeAnswer(t, w)["items"].([]any)
	if len(out) != len(items) {
		t.Fatalf("%d answers", len(out))
	}
	for i, o := range out {
		m := o.(map[string]any)
		p, bad := m["problem"].(map[string]any)
		member, isBad := members[i]
		switch {
		case i == 5:
			if p["code"] != "internal_error" {
				t.Errorf("item 5: %v", m)
			}
		case bad != isBad:
			t.Errorf("item %d: %v", i, m)
		case bad && !strings.HasPrefix(p["member"].(string), member):
			t.Errorf("item %d names %v, want %v", i, p["member"], member)
		}
	}
	if out[6].(map[string]any)["checked"].(map[string]any)["nonce"] != "last" {
		t.Error("answers stand in the order of the items")
	}
	twice := []byte{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}
	body := cborItems(asCBORBody(t, good), twice, []byte{0x01}, asCBORBody(t, good))
	w = call(t, h, post("/v1/verify/batch", body, "Content-Type", "application/cbor", "Accept", "application/cbor", "X-Request-ID", "deliberately-broken"))
	out = decodeAnswer(t, w)["items"].([]any)
	for i, verdict := range []any{"invalid", nil, nil, "invalid"} {
		if out[i].(map[string]any)["verdict"] != verdict {
			t.Errorf("CBOR item %d: %v", i, out[i])
		}
	}
}

func TestBatchEnvelope(t *testing.T) {
	h := newHandler(t, fake{}, func(o *Options) { o.Limits.Batch = 2 })
	for body, c := range map[string]struct {
		code   ProblemCode
		member string
	}{
		``:                           {MalformedRequest, ""},
		`[]`:                         {MalformedRequest, ""},
		`{`:                          {MalformedRequest, ""},
		`{}`:                         {MalformedRequest, "/items"},
		`{"item": []}`:               {MalformedRequest, "/items"},
		`{"items": {}}`:              {MalformedRequest, "/items"},
		`{"items": null}`:            {MalformedRequest, "/items"},
		`{"items": [], "x": 1}`:      {MalformedRequest, ""},
		`{"items": [], "items": []}`: {MalformedRequest, "/items"},
		`{"items": []} {}`:           {MalformedRequest, ""},
		`{"items": [1,2,3]}`:         {TooLarge, "/items"},
	} {
		want(t, call(t, h, post("/v1/verify/batch", []byte(body))), c.code, c.member)
	}
	for name, c := range map[string]struct {
		body   []byte
		code   ProblemCode
		member string
	}{
		"empty":       {nil, MalformedRequest, ""},
		"array":       {[]byte{0x80}, MalformedRequest, ""},
		"no items":    {[]byte{0xa0}, MalformedRequest, "/items"},
		"items a map": {asCBORBody(t, `{"items": {}}`), MalformedRequest, "/items"},
		"beside":      {asCBORBody(t, `{"items": [], "x": 1}`), MalformedRequest, ""},
		"too many":    {asCBORBody(t, `{"items": [1,2,3]}`), TooLarge, "/items"},
		"trailing":    {append(cborItems(), 0), MalformedRequest, ""},
	} {
		w := call(t, h, post("/v1/verify/batch", c.body, "Content-Type", "application/cbor"))
		t.Log(name)
		want(t, w, c.code, c.member)
	}
	for _, w := range []int{0, 2} {
		body := `{"items": [` + strings.TrimSuffix(strings.Repeat(string(small)+",", w), ",") + `]}`
		if got := call(t, h, post("/v1/verify/batch", []byte(body))); got.Code != 200 {
			t.Errorf("%d items: %d %s", w, got.Code, got.Body)
		}
	}
}

func TestBatchPaysForEachItem(t *testing.T) {
	h := newHandler(t, fake{}, func(o *Options) { o.Rate = Rate{PerSecond: 0.001, Burst: 5} })
	three := []byte(`{"items": [` + strings.TrimSuffix(strings.Repeat(string(small)+",", 3), ",") + `]}`)
	if w := call(t, h, post("/v1/verify/batch", three)); w.Code != 200 {
		t.Fatal(w.Body)
	}
	want(t, call(t, h, post("/v1/verify/batch", three)), RateLimited, "")
}

func TestBatchPastItsDeadlineKeepsWhatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result {
			time.Sleep(600 * time.Millisecond)
			return sample(r)
		}})
		body := `{"items": [` + strings.TrimSuffix(strings.Repeat(string(small)+",", 3), ",") + `]}`
		out := decodeAnswer(t, call(t, h, post("/v1/verify/batch", []byte(body), "Request-Timeout", "1")))["items"].([]any)
		if out[0].(map[string]any)["verdict"] != "invalid" {
			t.Error("the first was in time")
		}
		for i := 1; i < 3; i++ {
			if p, _ := out[i].(map[string]any)["problem"].(map[string]any); p["code"] != "deadline_exceeded" {
				t.Errorf("item %d: %v", i, out[i])
			}
		}
	})
}
