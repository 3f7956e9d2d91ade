package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Exchange sends a message of 1 to MaxMessage bytes to a peer and returns the answer of
// at most as many; nil: there is nothing to say. The peer may put the answer off, so ctx
// says how long it is waited for. An error does not say that the message did not arrive.
func (c *Client) Exchange(ctx context.Context, p Peer, message []byte) ([]byte, error) {
	if len(message) == 0 || len(message) > MaxMessage {
		return nil, fmt.Errorf("a message of %d bytes cannot be sent: 1 to %d can", len(message), MaxMessage)
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.Addr+ExchangePath, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", messageType)
	resp, err := c.do(p, req, 0)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNoContent:
		return nil, nil
	case http.StatusNotFound:
		return nil, ErrMissing
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return nil, ErrBusy
	default:
		return nil, fmt.Errorf("the peer answered %d", resp.StatusCode)
	}
	if resp.Header.Get("Content-Type") != messageType || resp.Header.Get("Content-Encoding") != "" {
		return nil, ErrWrong
	}
	return readMessage(resp.Body, resp.ContentLength)
}

// readMessage reads a message whose length may have been said; -1: it was not.
func readMessage(r io.Reader, length int64) ([]byte, error) {
	if length > MaxMessage {
		return nil, ErrWrong
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxMessage+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("an answer broke off: %w", err)
	case len(b) > MaxMessage, len(b) == 0, length >= 0 && int64(len(b)) != length:
		return nil, ErrWrong
	}
	return b, nil
}
