package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
)

func fuzzHandler() *handler {
	o := Options{Engine: fake{}, Policies: map[string]verify.Policy{"lenient": {}}}
	return New(o).(*handler)
}

// FuzzDecodeJSON: no body makes a panic, and a body that is JSON means the same
// when it is sent as CBOR: the same request, or the same problem.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(fullBody))
	f.Add(small)
	for _, c := range malformedBodies {
		f.Add([]byte(c.body))
	}
	h := fuzzHandler()
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = batchItems(body, asJSON, 10)
		tree, p := decodeTree(body, asJSON)
		if p != nil {
			return
		}
		encoded, err := encodeCBOR(tree)
		if err != nil {
			t.Fatalf("a decoded body cannot be encoded: %v", err)
		}
		again, p := decodeTree(encoded, asCBOR)
		if p != nil {
			t.Fatalf("the same body as CBOR: %v", p)
		}
		a, pa := h.requestOf(tree, "")
		b, pb := h.requestOf(again, "")
		if !reflect.DeepEqual(pa, pb) {
			t.Fatalf("JSON says %v, CBOR says %v", pa, pb)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("JSON asks %+v, CBOR asks %+v", a, b)
		}
	})
}

// FuzzDecodeCBOR: no body makes a panic, and an accepted request can be said in
// JSON with the same meaning.
func FuzzDecodeCBOR(f *testing.F) {
	for _, body := range []string{fullBody, string(small)} {
		f.Add(asCBORBody(f, body))
	}
	for _, c := range malformedBodies {
		if tree, p := decodeJSON([]byte(c.body)); p == nil {
			if b, err := encodeCBOR(tree); err == nil {
				f.Add(b)
			}
		}
	}
	f.Add(cborItems(small))
	h := fuzzHandler()
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = batchItems(body, asCBOR, 10)
		tree, p := decodeTree(body, asCBOR)
		if p != nil {
			return
		}
		a, p := h.requestOf(tree, "")
		if p != nil {
			return
		}
		encoded, err := encodeJSON(tree)
		if err != nil {
			return // byte strings, big numbers and infinities where unknown members are ignored
		}
		again, p := decodeTree(encoded, asJSON)
		if p != nil {
			t.Fatalf("the same body as JSON: %v", p)
		}
		b, p := h.requestOf(again, "")
		if p != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("CBOR asks %+v, JSON asks %+v (%v)", a, b, p)
		}
	})
}

// FuzzDocumentNames: whatever stands in a path, a query or a header, the answer is
// a document or a problem of the request, and the problem does not quote it.
func FuzzDocumentNames(f *testing.F) {
	f.Add("eu-lotl:DE", "kind=pid&territory=DE&purpose=issuance&after=1", "1")
	f.Add(hex64, "after=0", "")
	f.Add("a/b/../%2e", "a=b;c&%zz&=&after=-1", "18446744073709551616")
	f.Add("\x00\xff", "after=\x00", "CANARY")
	f.Add("x", "uri=https%3A%2F%2FCANARY%2F1&time=1", "")
	o := Options{Engine: fake{}, Holdings: fake{anchors: map[string]ListAnchors{"eu-lotl:DE": listOf(3)}}, Feed: NewFeed(noon)}
	h := New(o)
	f.Fuzz(func(t *testing.T, name, query, id string) {
		const marker = "CANARY"
		for _, path := range []string{"/v1/lists/" + name + "/anchors", "/v1/artefacts/" + name, "/v1/events", "/v1/lists/" + marker + name + "/anchors", "/v1/status-lists"} {
			r := httptest.NewRequest(http.MethodHead, "https://localhost/", nil)
			if path != "/v1/events" {
				r.Method = http.MethodGet
			}
			r.URL = &url.URL{Path: path, RawQuery: query}
			r.Header.Set("Last-Event-ID", id)
			r.TLS.HandshakeComplete = true
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch w.Code {
			case 200, 400, 404:
			default:
				t.Fatalf("%s?%s: %d %s", path, query, w.Code, w.Body)
			}
			if w.Code != 200 && strings.Contains(w.Body.String(), marker) {
				t.Fatalf("quoted: %s", w.Body)
			}
		}
	})
}
