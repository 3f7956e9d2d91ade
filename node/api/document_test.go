package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestDocuments(t *testing.T) {
	h := newHandler(t, fake{})
	for _, path := range []string{"/openapi.json", "/v1/codes"} {
		w := call(t, h, get(path))
		tag := w.Header().Get("ETag")
		if w.Code != 200 || tag == "" || w.Body.Len() == 0 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Header())
		}
		for _, held := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			w := call(t, h, get(path, "If-None-Match", held))
			if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
				t.Errorf("%s with %s: %d", path, held, w.Code)
			}
		}
		if w := call(t, h, get(path, "If-None-Match", `"other"`)); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
		head := call(t, h, with(httptest.NewRequest(http.MethodHead, "https://localhost"+path, nil)))
		if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
			t.Errorf("HEAD %s: %d %s", path, head.Code, head.Header())
		}
	}
	if w := call(t, h, get("/openapi.json", "Accept", "application/cbor")); !bytes.Equal(w.Body.Bytes(), OpenAPI) {
		t.Error("the contract is JSON whatever is accepted")
	}
}

func TestCodesAreTheRegistry(t *testing.T) {
	h := newHandler(t, fake{})
	for _, accept := range []string{"application/json", "application/cbor"} {
		codes := decodeAnswer(t, call(t, h, get("/v1/codes", "Accept", accept)))["codes"].([]any)
		if len(codes) != len(reason.Registry()) {
			t.Fatalf("%d codes", len(codes))
		}
		for i, e := range reason.Registry() {
			c := codes[i].(map[string]any)
			if c["code"] != string(e.Code) || c["class"] != string(e.Class) || c["retry"] != string(e.Retry) || c["text"] != e.Text {
				t.Errorf("row %d: %v", i, c)
			}
		}
	}
}

func TestEveryProblemHasItsRow(t *testing.T) {
	for code, k := range problems {
		p := NewProblem(code, "d")
		if p.Status != k.status || p.Title == "" || p.Type != ProblemType+string(code) {
			t.Errorf("%s: %+v", code, p)
		}
	}
}
