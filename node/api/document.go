package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// OpenAPI is the contract of the public listener, OpenAPI 3.1 in JSON.
//
//go:embed openapi.json
var OpenAPI []byte

// document is an answer that never changes while the node runs.
type document struct {
	json, cbor     []byte // cbor nil: JSON whatever is accepted
	jsonTag, bcTag string
}

func newDocument(json, cbor []byte) *document {
	return &document{json: json, cbor: cbor, jsonTag: etag(json), bcTag: etag(cbor)}
}

func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

// serve answers GET, HEAD and conditional requests (RFC 9110 section 13).
func (d *document) serve(x *exchange) {
	media, body, tag := asJSON.media, d.json, d.jsonTag
	if d.cbor != nil && accepted(x.r) == asCBOR {
		media, body, tag = asCBOR.media, d.cbor, d.bcTag
	}
	h := x.w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, max-age=300")
	x.wrote = true
	if matches(x.r.Header.Get("If-None-Match"), tag) {
		h.Add("Vary", "Accept")
		secure(h)
		x.seen.Status = http.StatusNotModified
		x.w.WriteHeader(http.StatusNotModified)
		return
	}
	x.seen.Status = http.StatusOK
	write(x.w, x.r, http.StatusOK, media, body)
}

func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == tag || part == "*" {
			return true
		}
	}
	return false
}

// codesDocument is the registry of reason codes.
func codesDocument() *document {
	body := struct {
		Codes []reason.Entry `json:"codes"`
	}{reason.Registry()}
	j, errJSON := encodeJSON(body)
	c, errCBOR := encodeCBOR(body)
	if errJSON != nil || errCBOR != nil {
		panic("the registry of codes cannot be encoded") // constant input
	}
	return newDocument(j, c)
}

func openapiDocument() *document { return newDocument(OpenAPI, nil) }
