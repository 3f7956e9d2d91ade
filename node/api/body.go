package api

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// firstRead is how much is allocated before anything has arrived: what a client
// announces costs him nothing.
const firstRead = 8 << 10

// body reads the request's body within its limits of size and time, and within
// the memory that all bodies share. release gives the memory back.
func (x *exchange) body() (b []byte, from *format, release func(), p *Problem) {
	from, p = mediaType(x.r)
	if p != nil {
		return nil, nil, nil, p
	}
	limit := x.h.o.Limits.Body
	if x.r.ContentLength > limit {
		return nil, nil, nil, bodyTooLarge(limit)
	}
	until, asked := time.Now().Add(x.h.o.BodyTimeout), false
	if d, ok := x.ctx.Deadline(); ok && d.Before(until) {
		until, asked = d, x.own
	}
	rc := http.NewResponseController(x.w)
	// Not supported only in tests without a connection.
	_ = rc.SetReadDeadline(until)
	src := http.MaxBytesReader(x.w, x.r.Body, limit)
	m := &held{memory: x.h.memory}
	b, err := m.readAll(src)
	if err != nil {
		m.release()
		return nil, nil, nil, x.bodyProblem(err, limit, asked)
	}
	// HTTP/1.1 keeps reading the connection to notice that the client has gone.
	_ = rc.SetReadDeadline(time.Time{})
	return b, from, m.release, nil
}

// bodyProblem says why a body was not had. asked: it was the caller's own deadline
// that bounded the wait.
func (x *exchange) bodyProblem(err error, limit int64, asked bool) *Problem {
	var tooLong *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &tooLong):
		return bodyTooLarge(limit)
	case errors.Is(err, errMemory):
		return overloaded("too many bodies are being received")
	case errors.As(err, &timeout) && timeout.Timeout():
		if asked {
			return late()
		}
		return NewProblem(BodyTimeout, "the body has to arrive within "+x.h.o.BodyTimeout.String())
	default:
		return malformed("", "the body ended before it was complete")
	}
}

func bodyTooLarge(limit int64) *Problem {
	return NewProblem(TooLarge, "a body may have "+strconv.FormatInt(limit, 10)+" bytes")
}

func mediaType(r *http.Request) (*format, *Problem) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil {
		switch charset := params["charset"]; {
		case media == asCBOR.media:
			return asCBOR, nil
		case media == asJSON.media && (charset == "" || strings.EqualFold(charset, "utf-8")):
			return asJSON, nil
		}
	}
	return nil, NewProblem(UnsupportedMediaType, "send application/json (UTF-8) or application/cbor, and say so in Content-Type")
}

// memory bounds the bytes of all bodies that are held at once, so that many slow
// and large ones cannot fill the node. Buffers of the usual size are used again.
type memory struct {
	limit int64
	used  atomic.Int64
	pool  sync.Pool // of *[firstRead]byte
}

var errMemory = errors.New("body memory used up")

// held is the share of one request.
type held struct {
	memory *memory
	bytes  int64
	first  *[firstRead]byte
}

func (m *held) grow(n int64) bool {
	if m.memory.used.Add(n) > m.memory.limit {
		m.memory.used.Add(-n)
		return false
	}
	m.bytes += n
	return true
}

// release ends the use of the body: whatever is kept of it has to be a copy.
func (m *held) release() {
	m.memory.used.Add(-m.bytes)
	m.bytes = 0
	if m.first != nil {
		m.memory.pool.Put(m.first)
		m.first = nil
	}
}

// readAll is io.ReadAll that asks before it grows.
func (m *held) readAll(src io.Reader) ([]byte, error) {
	if !m.grow(firstRead) {
		return nil, errMemory
	}
	m.first, _ = m.memory.pool.Get().(*[firstRead]byte)
	if m.first == nil {
		m.first = new([firstRead]byte)
	}
	b := m.first[:0]
	for {
		n, err := src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) == cap(b) {
			if !m.grow(int64(cap(b))) {
				return nil, errMemory
			}
			b = append(make([]byte, 0, 2*cap(b)), b...)
		}
	}
}
