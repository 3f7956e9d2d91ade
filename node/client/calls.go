package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Verify sends the JSON body of a POST /v1/verify.
func (c *Client) Verify(ctx context.Context, body []byte) (*Answer, error) {
	r, err := c.Do(ctx, http.MethodPost, "/v1/verify", JSON, JSON, body)
	if err != nil {
		return nil, err
	}
	a, err := decode[Answer](r)
	if err != nil {
		return nil, err
	}
	a.Raw = r.Body
	return &a, nil
}

// BatchItem is an answer, or the problem in its place.
type BatchItem struct {
	Answer  *Answer
	Problem *Problem
}

// VerifyBatch sends the JSON bodies of several POST /v1/verify in one.
func (c *Client) VerifyBatch(ctx context.Context, bodies []json.RawMessage) ([]BatchItem, error) {
	body, err := json.Marshal(map[string]any{"items": bodies})
	if err != nil {
		return nil, fmt.Errorf("an item is not JSON: %w", err)
	}
	r, err := c.Do(ctx, http.MethodPost, "/v1/verify/batch", JSON, JSON, body)
	if err != nil {
		return nil, err
	}
	out, err := decode[struct{ Items []json.RawMessage }](r)
	if err != nil {
		return nil, err
	}
	items := make([]BatchItem, len(out.Items))
	for i, raw := range out.Items {
		var p struct{ Problem *Problem }
		a := &Answer{Raw: raw}
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("item %d of the answer cannot be read: %w", i, err)
		}
		if p.Problem != nil {
			items[i].Problem = p.Problem
			continue
		}
		if err := json.Unmarshal(raw, a); err != nil {
			return nil, fmt.Errorf("item %d of the answer cannot be read: %w", i, err)
		}
		items[i].Answer = a
	}
	return items, nil
}

// Info returns what the node says of itself.
func (c *Client) Info(ctx context.Context) (Info, error) { return get[Info](ctx, c, "/v1/info") }

// Codes returns the registry of reason codes.
func (c *Client) Codes(ctx context.Context) ([]Code, error) {
	v, err := get[struct{ Codes []Code }](ctx, c, "/v1/codes")
	return v.Codes, err
}

// Ready asks whether the node serves. An error means that it could not be asked.
func (c *Client) Ready(ctx context.Context) (Readiness, error) {
	r, err := c.DoAdmin(ctx, http.MethodGet, "/readyz", "", JSON, nil)
	if err != nil {
		return Readiness{}, err
	}
	if r.Status != http.StatusOK && r.Status != http.StatusServiceUnavailable {
		return Readiness{}, problemOf(r)
	}
	ready := Readiness{Ready: r.Status == http.StatusOK}
	if err := json.Unmarshal(r.Body, &ready); err != nil {
		return Readiness{}, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return ready, nil
}
