package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Want is a body that is asked for.
type Want struct {
	Digest artefact.Digest
	Size   int    // as it was announced; 1 to MaxBody
	Before []byte // a version before it that is held, against which it may be compressed; nil: none
}

// Fetch gets a body from a peer: exactly the bytes with that digest, or an error.
func (c *Client) Fetch(ctx context.Context, p Peer, want Want) ([]byte, error) {
	if want.Size <= 0 || want.Size > MaxBody {
		return nil, ErrWrong
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var got []byte
	var err error
	for range maxAttempts {
		before := len(got)
		got, err = c.get(ctx, p, want, got)
		switch {
		case err == nil && artefact.Sum(got) != want.Digest:
			return nil, ErrWrong
		case err == nil:
			return got, nil
		case errors.Is(err, ErrMissing), errors.Is(err, ErrBusy), errors.Is(err, ErrWrong), ctx.Err() != nil:
			return nil, err
		case len(got) == before && !errors.Is(err, errBroke): // it did not even begin
			return nil, err
		}
		want.Before = nil // what broke off is resumed, which a compressed body cannot be
	}
	return nil, err
}

// get asks once for what is not there yet, and returns all that is then.
func (c *Client) get(ctx context.Context, p Peer, want Want, got []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s%s%s?%s=%d", p.Addr, Path, want.Digest, SizeParam, want.Size), nil)
	if err != nil {
		return got, err
	}
	req.Header.Set("Accept-Encoding", "identity")
	switch {
	case len(got) > 0:
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", len(got)))
	case len(want.Before) > 0:
		req.Header.Set("Accept-Encoding", encoding+", identity")
		req.Header.Set("Available-Dictionary", available(artefact.Sum(want.Before)))
	}
	resp, err := c.do(p, req, beginTimeout)
	if err != nil {
		return got, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		got = nil
	case http.StatusPartialContent:
		if from := fmt.Sprintf("bytes %d-%d/%d", len(got), want.Size-1, want.Size); len(got) == 0 || resp.Header.Get("Content-Range") != from {
			return nil, ErrWrong
		}
	case http.StatusNotFound:
		return got, ErrMissing
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return got, ErrBusy
	default:
		return got, fmt.Errorf("the peer answered %d", resp.StatusCode)
	}
	switch resp.Header.Get("Content-Encoding") {
	case "", "identity":
		return read(resp.Body, got, want.Size)
	case encoding:
		if len(want.Before) == 0 {
			return nil, ErrWrong
		}
		b, err := decompress(resp.Body, want.Before, want.Size)
		if errors.Is(err, errEncoding) {
			err = ErrWrong
		}
		return b, err
	}
	return nil, ErrWrong
}

// read reads the rest of a body of a known size. What came before an error stays.
func read(r io.Reader, got []byte, size int) ([]byte, error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if len(got)+n > size {
			return nil, ErrWrong
		}
		got = append(got, buf[:n]...)
		switch {
		case err == io.EOF && len(got) < size:
			return got, io.ErrUnexpectedEOF
		case err == io.EOF:
			return got, nil
		case err != nil:
			return got, err
		}
	}
}
