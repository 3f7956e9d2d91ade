package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Refresh makes the node look at a list now, and returns when it has.
func (c *Client) Refresh(ctx context.Context, url string) (Refreshed, error) {
	body, err := json.Marshal(map[string]string{"url": url})
	if err != nil {
		return Refreshed{}, err
	}
	r, err := c.DoAdmin(ctx, http.MethodPost, "/v1/refresh", JSON, JSON, body)
	if err != nil {
		return Refreshed{}, err
	}
	return decode[Refreshed](r)
}

// Publish hands the node a list, as its publisher signed it, and returns when it
// has been judged. A *Problem says why it was refused.
func (c *Client) Publish(ctx context.Context, list []byte) (Refreshed, error) {
	r, err := c.DoAdmin(ctx, http.MethodPost, "/v1/publish", "application/octet-stream", JSON, list)
	if err != nil {
		return Refreshed{}, err
	}
	return decode[Refreshed](r)
}

// Accept confirms what waits for an operator: a sudden removal of anchors, or a
// version in quarantine.
func (c *Client) Accept(ctx context.Context, list string) (Operated, error) {
	return c.operate(ctx, list, "accept")
}

// Reset makes the node forget what a list was, so that it begins again.
func (c *Client) Reset(ctx context.Context, list string) (Operated, error) {
	return c.operate(ctx, list, "reset")
}

func (c *Client) operate(ctx context.Context, list, act string) (Operated, error) {
	r, err := c.DoAdmin(ctx, http.MethodPost, "/v1/lists/"+url.PathEscape(list)+"/"+act, "", JSON, nil)
	if err != nil {
		return Operated{}, err
	}
	return decode[Operated](r)
}
