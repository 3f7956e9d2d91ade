//go:build !nocontract

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/errors"
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
		config.WithBodyDecoder(StatusListJWT, content.DecoderFunc(opaqueBody)),
		config.WithBodyDecoder(StatusListCWT, content.DecoderFunc(opaqueBody)),
		config.WithBodyDecoder(IdentifierListCWT, content.DecoderFunc(opaqueBody)),
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

func init() { judge = hold }

func hold(t *testing.T, r *http.Request, body []byte, res *http.Response) {
	t.Helper()
	rt, _, known := New(Options{Engine: fake{}, Holdings: fake{}, Feed: NewFeed(noon), Refresh: Refresh{Refresher: refresher{}}}).(*handler).route(r.URL.Path)
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
