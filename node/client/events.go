package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Bounds of an event stream. A node sends a comment every fifteen seconds.
const (
	maxEvent = 64 << 10
	silence  = 45 * time.Second
)

// FromNow asks Events for what happens from now on, and nothing before.
const FromNow uint64 = math.MaxUint64

// ErrSilent says that a stream was given up because nothing came any more.
var ErrSilent = errors.New("the node has fallen silent")

// Event is one thing that happened to what the node rests on. Types that are not
// known are to be ignored.
type Event struct {
	ID                uint64    `json:"-"` // for the after of a later call
	At                time.Time `json:"at"`
	Type              string    `json:"type"`
	List              string    `json:"list"`
	Sequence          uint64    `json:"sequence"`
	SHA256            string    `json:"sha256"`
	Door              string    `json:"door"`
	Code              string    `json:"code"`
	Detail            string    `json:"detail"`
	CertificateSHA256 string    `json:"certificate_sha256"`
	Kind              string    `json:"kind"`
	Territory         string    `json:"territory"`
}

// Events calls each with every event after the given one, in order: 0 means all
// that the node remembers, FromNow none of them. An event of type missed says that
// some were forgotten. It returns nil when the node ended the stream, the error of
// each, ErrSilent, or that of the connection; a caller who goes on gives the id of
// the last event he saw.
func (c *Client) Events(ctx context.Context, after uint64, each func(Event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(silence, func() { cancel(ErrSilent) })
	defer watch.Stop()
	path := "/v1/events"
	if after != FromNow {
		path += "?after=" + strconv.FormatUint(after, 10)
	}
	req, err := newRequest(ctx, c.public, c.o.Token, http.MethodGet, path, "text/event-stream", nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r, err := read(resp)
		if err != nil {
			return because(ctx, err)
		}
		return problemOf(r)
	}
	return because(ctx, readEvents(resp.Body, func() { watch.Reset(silence) }, each))
}

// because tells why a connection was cut by ourselves.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrSilent) {
		return cause
	}
	return err
}

// readEvents takes a stream apart (WHATWG HTML 9.2.6), as far as a node uses the
// form. alive is called for every line, comments included.
func readEvents(src io.Reader, alive func(), each func(Event) error) error {
	lines := bufio.NewScanner(src)
	lines.Buffer(nil, maxEvent)
	var e Event
	var data bool
	for lines.Scan() {
		alive()
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			id, err := strconv.ParseUint(string(value), 10, 64)
			if err != nil {
				return errors.New("the id of an event is no number")
			}
			e.ID = id
		case "data":
			if err := json.Unmarshal(value, &e); err != nil {
				return fmt.Errorf("an event cannot be read: %w", err)
			}
			data = true
		case "":
			if len(lines.Bytes()) > 0 || !data {
				continue // a comment, or the end of nothing
			}
			if err := each(e); err != nil {
				return err
			}
			e, data = Event{}, false
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("failed to read the stream: %w", err)
	}
	return nil
}
