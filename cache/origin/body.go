package origin

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// A body has to come at MinRate, bytes per second, averaged over RateWindow: one
// that trickles holds a place that other lists wait for.
const (
	MinRate    = 1 << 10
	RateWindow = 10 * time.Second
)

// Errors of a body. What was read of it is dropped.
var (
	ErrTooLarge = errors.New("body larger than the cap")
	ErrTooSlow  = errors.New("body slower than 1 KiB/s")
	ErrEncoded  = errors.New("the origin sent a Content-Encoding that was not asked for")
)

// readAll reads to the end, or fails past max bytes.
func readAll(r io.Reader, max int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(max)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > max {
		return nil, ErrTooLarge
	}
	return b, nil
}

// paced is a body whose rate is watched.
type paced struct {
	ctx  context.Context // of the request
	body io.Reader
	got  atomic.Int64 // bytes in this window
}

// Read implements io.Reader. Its error is the cause where the request was ended.
func (p *paced) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.got.Add(int64(n))
	if err != nil && err != io.EOF && p.ctx.Err() != nil {
		err = context.Cause(p.ctx)
	}
	return n, err
}

// watch ends the request when too little came in a window: a read that waits for
// the origin cannot be ended otherwise. It returns when the request is over.
func (p *paced) watch(end context.CancelCauseFunc) {
	window := time.NewTicker(RateWindow)
	defer window.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-window.C:
			if p.got.Swap(0) < int64(MinRate*RateWindow/time.Second) {
				end(ErrTooSlow)
				return
			}
		}
	}
}
