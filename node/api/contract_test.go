package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/errors"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// contract is the OpenAPI document as a judge. Every exchange of this package's
// tests goes through it.
var contract = sync.OnceValue(func() validator.Validator {
	doc, err := libopenapi.NewDocument(OpenAPI)
	if err != nil {
		panic(err)
	}
	v, errs := validator.NewValidator(doc,
		config.WithFormatAssertions(),
		config.WithRejectUnsupportedBodyContent(),
		config.WithBodyDecoder("application/cbor", content.DecoderFunc(cborBody)),
		config.WithBodyDecoder("application/problem+cbor", content.DecoderFunc(cborBody)),
		config.WithBodyDecoder("text/event-stream", content.DecoderFunc(opaqueBody)),
		config.WithBodyDecoder("application/vnd.etsi.tsl+xml", content.DecoderFunc(opaqueBody)),
		config.WithBodyDecoder("application/jose", content.DecoderFunc(opaqueBody)),
		config.WithBodyDecoder("application/cose", content.DecoderFunc(opaqueBody)),
	)
	if errs != nil {
		panic(errs)
	}
	return v
})

// cborBody shows a CBOR body to the validator as the JSON it means.
func cborBody(in *content.DecodeInput) (any, error) {
	b, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	var v any
	if err := cborDecoding.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	b, err = json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(b, &v)
}

// opaqueBody shows a body that is not JSON to the validator as a string.
func opaqueBody(in *content.DecodeInput) (any, error) {
	b, err := io.ReadAll(in.Body)
	return string(b), err
}

func complain(t *testing.T, what string, errs []*errors.ValidationError) {
	t.Helper()
	for _, e := range errs {
		t.Errorf("%s breaks the contract: %s: %s", what, e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			t.Errorf("   at %s: %s", s.FieldPath, s.Reason)
		}
	}
}

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

func judge(t *testing.T, r *http.Request, body []byte, res *http.Response) {
	t.Helper()
	rt, _, known := New(Options{Engine: fake{}, Holdings: fake{}, Feed: NewFeed(noon)}).(*handler).route(r.URL.Path)
	if _, p := rt.method(r.Method); !known || p != nil {
		// A path or a method that the contract does not have cannot be held against
		// it; the tests that ask for these look at the problem themselves.
		return
	}
	again := r.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.Header = r.Header.Clone()
	if res.StatusCode == http.StatusOK && !deliberate(r) {
		_, errs := contract().ValidateHttpRequest(again)
		complain(t, "the request", errs)
		again.Body = io.NopCloser(bytes.NewReader(body))
	}
	if r.Method == http.MethodHead || res.StatusCode == http.StatusNotModified {
		return // without a body there is nothing the validator would look at
	}
	_, errs := contract().ValidateHttpResponse(again, res)
	complain(t, "the answer", errs)
}

// deliberate says that a request is accepted although parts of it break the
// contract: a batch is, whose items become problems one by one.
func deliberate(r *http.Request) bool { return r.Header.Get("X-Request-ID") == "deliberately-broken" }

func TestContractIsOpenAPI(t *testing.T) {
	_, errs := contract().ValidateDocument()
	complain(t, "openapi.json", errs)
}

// fake is an Engine with Holdings that answers what a test wants.
type fake struct {
	verify func(context.Context, *verify.Request) *verify.Result
	lists  []ListInfo
	info   Info

	anchors   map[string]ListAnchors
	artefacts []Artefact
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
