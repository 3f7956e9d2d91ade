package cachetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

// Document is what a path serves.
type Document struct {
	Body        []byte
	ContentType string // "": application/octet-stream
	NoETag      bool   // without a validator, so that it is never a 304
	Modified    time.Time
	Status      int    // 0: 200
	RetryAfter  string // the header field, beside a Status
	Fault       Fault
	Location    string        // of Redirect
	Delay       time.Duration // before the answer
}

// answer is what a document comes to for one request.
func (d Document) answer(r *http.Request) (status int, h http.Header, body []byte) {
	h = make(http.Header)
	switch d.Fault {
	case Loop:
		h.Set("Location", r.URL.Path)
		return http.StatusFound, h, nil
	case Redirect:
		h.Set("Location", d.Location)
		return http.StatusFound, h, nil
	case Bomb:
		h.Set("Content-Encoding", "gzip")
		return http.StatusOK, h, bomb()
	}
	if d.RetryAfter != "" {
		h.Set("Retry-After", d.RetryAfter)
	}
	if d.Status != 0 && d.Status != http.StatusOK {
		return d.Status, h, d.Body
	}
	h.Set("Content-Type", "application/octet-stream")
	if d.ContentType != "" {
		h.Set("Content-Type", d.ContentType)
	}
	if !d.Modified.IsZero() {
		h.Set("Last-Modified", d.Modified.UTC().Format(http.TimeFormat))
	}
	if !d.NoETag {
		h.Set("ETag", d.ETag())
	}
	if d.matches(r.Header) {
		return http.StatusNotModified, h, nil
	}
	return http.StatusOK, h, d.Body
}

// ETag is the validator of the body.
func (d Document) ETag() string {
	sum := sha256.Sum256(d.Body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// matches is the rule of RFC 9110 section 13.2.2: If-Modified-Since counts only
// where there is no If-None-Match.
func (d Document) matches(h http.Header) bool {
	if tag := h.Get("If-None-Match"); tag != "" {
		return !d.NoETag && tag == d.ETag()
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !d.Modified.IsZero() && !d.Modified.After(since)
}

// Form is how a publisher writes the digest that lies beside a list.
type Form string

// The forms.
const (
	Raw    Form = "raw"    // 32 bytes
	Hex    Form = "hex"    // and a newline
	Base64 Form = "base64" // and a newline
)

// SHA2 is the document that says which bytes lie beside it.
func SHA2(body []byte, f Form) Document {
	sum := sha256.Sum256(body)
	d := Document{NoETag: true, Body: sum[:]}
	switch f {
	case Hex:
		d.Body = []byte(hex.EncodeToString(sum[:]) + "\n")
	case Base64:
		d.Body = []byte(base64.StdEncoding.EncodeToString(sum[:]) + "\n")
	}
	return d
}
