package api

import (
	"encoding/base64"
	"math"
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

// answer is the body of a 200 to POST /v1/verify, and an item of a batch. The
// members of verify.Result stand beside the node's own.
type answer struct {
	verify.Result
	RequestID string `json:"request_id"`
	Node      string `json:"node"`
	Version   string `json:"version"`
	Test      bool   `json:"test,omitempty"`
}

func (h *handler) answerOf(res *verify.Result, id string) *answer {
	a := &answer{Result: *res, RequestID: id, Node: h.o.NodeName, Version: h.o.Version, Test: h.o.Test}
	a.EvaluatedAt = utc(a.EvaluatedAt)
	a.Credentials = make([]verify.Credential, len(res.Credentials))
	for i, c := range res.Credentials {
		a.Credentials[i] = sayable(c)
	}
	a.Basis = make([]verify.Basis, len(res.Basis))
	for i, b := range res.Basis {
		b.Issued, b.NextUpdate = utc(b.Issued), utc(b.NextUpdate)
		a.Basis[i] = b
	}
	return a
}

// sayable returns the credential with nothing in it that one of the encodings
// could not say, or would say differently.
func sayable(c verify.Credential) verify.Credential {
	if c.Validity != nil {
		c.Validity = &verify.Validity{NotBefore: utc(c.Validity.NotBefore), NotAfter: utc(c.Validity.NotAfter)}
	}
	if c.Status != nil {
		s := *c.Status
		s.AsOf, s.Expires = utc(s.AsOf), utc(s.Expires)
		c.Status = &s
	}
	if c.Claims != nil {
		c.Claims, _ = plainValue(c.Claims).(map[string]any)
	}
	return c
}

// utc returns the time as RFC 3339 can say it; a year beyond 9999 is left out.
func utc(t time.Time) time.Time {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}

// plainValue copies a claim's value into what JSON knows: whole numbers as
// integers in both encodings, bytes as base64url, no infinities.
func plainValue(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(x))
		for k, e := range x {
			m[k] = plainValue(e)
		}
		return m
	case []any:
		a := make([]any, len(x))
		for i, e := range x {
			a[i] = plainValue(e)
		}
		return a
	case float64:
		return plainNumber(x)
	case float32:
		return plainNumber(float64(x))
	case []byte:
		return base64.RawURLEncoding.EncodeToString(x)
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case nil, bool, string, int, int64, uint64:
		return x
	default:
		return nil
	}
}

func plainNumber(f float64) any {
	switch {
	case math.IsNaN(f), math.IsInf(f, 0):
		return nil
	case f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63:
		return int64(f)
	default:
		return f
	}
}
