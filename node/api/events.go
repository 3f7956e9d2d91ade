package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Bounds of event streams.
const (
	maxStreams   = 64
	heartbeat    = 15 * time.Second // between comments on a stream without events
	eventTimeout = 10 * time.Second // for a reader to take what was written
)

// comeBack tells a reader whose stream ended when to open another.
const comeBack = "retry: 3000\n\n"

// eventStream answers GET /v1/events with server-sent events (WHATWG HTML 9.2).
// It has no deadline and takes no turn of the evaluations: it ends when the
// client goes, when he does not read, or when the feed is closed.
func (h *handler) eventStream(x *exchange) {
	after, p := x.resume()
	if p != nil {
		x.problem(p)
		return
	}
	if h.o.Feed.ended() {
		x.problem(overloaded("the node is about to stop"))
		return
	}
	select {
	case h.streams <- struct{}{}:
		defer func() { <-h.streams }()
	default:
		x.problem(overloaded("too many event streams are open"))
		return
	}
	s := x.openStream()
	if x.r.Method == http.MethodHead {
		return
	}
	s.follow(h.o.Feed, after)
}

// resume says after which event the stream begins. Last-Event-ID wins over the
// parameter, because a client that comes back sends both. Without either it
// begins now.
func (x *exchange) resume() (after uint64, p *Problem) {
	given, p := x.parameters("after")
	if p != nil {
		return 0, p
	}
	id := x.r.Header.Get("Last-Event-ID")
	if id == "" {
		id = given["after"]
	}
	if id == "" {
		return x.h.o.Feed.latest(), nil
	}
	after, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0, NewProblem(MalformedRequest, "Last-Event-ID and after are the id of an event of this node, or 0 for all that are remembered")
	}
	return after, nil
}

// stream is an answer that goes on.
type stream struct {
	x  *exchange
	rc *http.ResponseController
}

// openStream sends the header, so that the client knows that he is heard.
func (x *exchange) openStream() *stream {
	header := x.w.Header()
	header.Set("Content-Type", "text/event-stream")
	secure(header)
	x.seen.Status = http.StatusOK
	x.wrote = true
	x.w.WriteHeader(http.StatusOK)
	return &stream{x, http.NewResponseController(x.w)}
}

// follow writes events until the client goes or the feed is closed.
func (s *stream) follow(f *Feed, after uint64) {
	if s.send([]byte(comeBack)) != nil {
		return
	}
	for {
		events, more, ok := f.read(after)
		if !ok {
			return
		}
		if len(events) == 0 {
			if !s.wait(more) {
				return
			}
			continue
		}
		if s.send(frames(events)) != nil {
			return
		}
		after = events[len(events)-1].number
	}
}

// wait returns true when there may be events. Meanwhile it keeps the connection
// in use, so that neither end and no proxy between takes it for dead.
func (s *stream) wait(more <-chan struct{}) bool {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-more:
			return true
		case <-s.x.ctx.Done():
			return false
		case <-beat.C:
			if s.send([]byte(":\n\n")) != nil {
				return false
			}
		}
	}
}

// send writes and flushes, or fails when the client does not take it in time. The
// deadline is taken away again, because HTTP/2 ends a stream by it that has
// nothing to write.
func (s *stream) send(b []byte) error {
	// Not supported only in tests without a connection.
	_ = s.rc.SetWriteDeadline(time.Now().Add(eventTimeout))
	if _, err := s.x.w.Write(b); err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil {
		return err
	}
	_ = s.rc.SetWriteDeadline(time.Time{})
	return nil
}

// frames is the wire form of events: JSON of one line each.
func frames(events []Event) []byte {
	var b bytes.Buffer
	for _, e := range events {
		e.At, e.Detail = utc(e.At), shown(e.Detail)
		data, err := encodeJSON(e)
		if err != nil { // texts, a number and a time cannot fail to encode
			continue
		}
		fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n\n", e.number, e.Type, data)
	}
	return b.Bytes()
}
