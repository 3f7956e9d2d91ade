package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// judge holds an exchange against the contract. It is contract_test.go that knows how:
// the tag nocontract leaves it out of binaries for fuzzing, because its libraries take
// minutes to compile for that.
var judge = func(*testing.T, *http.Request, []byte, *http.Response) {}

// call sends a request to the handler and holds the exchange against the
// contract: the answer always, the request when it was accepted.
func call(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	judge(t, r, body, w.Result())
	return w
}

// fake is an Engine with Holdings that answers what a test wants.
type fake struct {
	verify func(context.Context, *verify.Request) *verify.Result
	lists  []ListInfo
	info   Info

	anchors   map[string]ListAnchors
	artefacts []Artefact
	tokens    map[string][]StatusToken // by address
}

func (f fake) Verify(ctx context.Context, req *verify.Request) *verify.Result {
	if f.verify != nil {
		return f.verify(ctx, req)
	}
	return sample(req)
}
func (f fake) Lists() []ListInfo { return f.lists }
func (f fake) Info() Info        { return f.info }

func (f fake) Anchors(name string) (ListAnchors, bool) {
	l, ok := f.anchors[name]
	return l, ok
}

func (f fake) Artefact(digest [sha256.Size]byte) (Artefact, bool) {
	for _, a := range f.artefacts {
		if sha256.Sum256(a.Bytes) == digest {
			return a, true
		}
	}
	return Artefact{}, false
}

func (f fake) StatusToken(uri string, media []string) (StatusToken, bool) {
	if held := f.tokens[uri]; media == nil && len(held) > 0 {
		return held[0], true
	}
	for _, m := range media {
		for _, t := range f.tokens[uri] {
			if t.MediaType == m {
				return t, true
			}
		}
	}
	return StatusToken{}, false
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))

const hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// sample is a result with every member filled, in a time zone that is not UTC.
func sample(req *verify.Request) *verify.Result {
	age := int64(3)
	res := &verify.Result{
		Verdict: verify.Invalid, EvaluatedAt: noon,
		Checked: verify.Checked{Flow: req.Flow, Nonce: req.Nonce, Audience: req.ClientID},
		Credentials: []verify.Credential{{
			ID: "pid", Index: 0, Document: 1, Format: "mso_mdoc", Type: "eu.europa.ec.eudi.pid.1", Kind: "pid", Verdict: verify.Invalid,
			Reasons:       []verify.Reason{{Code: reason.StatusRevoked, Detail: "revoked", Class: reason.ClassStatus, Retry: reason.RetryNever}},
			HolderBinding: &verify.HolderBinding{Method: "device_signature", Verified: true},
			Issuer:        &verify.Issuer{Subject: "CN=x", Territory: "DE", Entity: "e", CertificateSHA256: hex64},
			Validity:      &verify.Validity{NotBefore: noon},
			Status:        &verify.Status{State: verify.StatusRevoked, Mechanism: "status_list", AsOf: noon, AgeSeconds: &age, Expires: noon},
		}},
		Basis: []verify.Basis{{List: "pid", URL: "https://lists.example/pid", Sequence: 12, SHA256: hex64, NextUpdate: noon}},
	}
	if req.IncludeClaims {
		res.Credentials[0].Claims = map[string]any{
			"ns": map[string]any{"age": int64(18), "height": 1.83, "whole": 4.0, "large": 1e300, "name": "Ärger <&>", "raw": []byte{1, 2}, "no": nil, "yes": true, "list": []any{int64(-1), "x"}},
		}
	}
	return res
}

func newHandler(t *testing.T, f fake, change ...func(*Options)) http.Handler {
	t.Helper()
	o := Options{Engine: f, Holdings: f, Feed: NewFeed(noon), NodeName: "edge-test-1", Version: "1.2.3", Test: true}
	for _, c := range change {
		c(&o)
	}
	return New(o)
}

func post(path string, body []byte, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://localhost:8443"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return with(r, header...)
}

func get(path string, header ...string) *http.Request {
	return with(httptest.NewRequest(http.MethodGet, "https://localhost:8443"+path, nil), header...)
}

func with(r *http.Request, header ...string) *http.Request {
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.TLS.HandshakeComplete = true
	return r
}

// problemIn reads the problem of an answer.
func problemIn(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	var err error
	switch ct := w.Header().Get("Content-Type"); ct {
	case "application/problem+json":
		err = json.Unmarshal(w.Body.Bytes(), &p)
	case "application/problem+cbor":
		err = cborDecoding.Unmarshal(w.Body.Bytes(), &p)
	default:
		t.Fatalf("status %d with media type %q: %s", w.Code, ct, w.Body)
	}
	if err != nil {
		t.Fatal(err)
	}
	if p.Status != w.Code || p.Type != ProblemType+p.Code || p.Title == "" || p.Detail == "" {
		t.Errorf("incomplete problem %+v with status %d", p, w.Code)
	}
	return p
}

// want provokes a problem.
func want(t *testing.T, w *httptest.ResponseRecorder, code ProblemCode, member string) Problem {
	t.Helper()
	if w.Code != problems[code].status {
		t.Fatalf("status %d, want %d: %s", w.Code, problems[code].status, w.Body)
	}
	p := problemIn(t, w)
	if p.Code != string(code) || p.Member != member {
		t.Errorf("problem %s at %q, want %s at %q (%s)", p.Code, p.Member, code, member, p.Detail)
	}
	return p
}
