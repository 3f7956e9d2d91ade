package cachetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Fault is how an answer goes wrong.
type Fault string

// The faults. An error status may also be asked for by number: see Document.
const (
	None     Fault = ""
	Hang     Fault = "hang"     // no answer at all
	Headers  Fault = "headers"  // a header of one byte per second, without end
	Endless  Fault = "endless"  // a body without end
	Trickle  Fault = "trickle"  // a body of one byte per second
	Cut      Fault = "cut"      // the connection ends within the body
	Bomb     Fault = "bomb"     // 64 MiB of zeros, gzipped, whether asked for or not
	Flap     Fault = "flap"     // every second answer is a 500, the first one, too
	Loop     Fault = "loop"     // a redirect to itself
	Redirect Fault = "redirect" // to Document.Location
	Refuse   Fault = "refuse"   // the connection is refused
)

// bomb is small on its way and large where it is unpacked: one member of zeros, as
// gzip calls it, again and again. It is made when first asked for.
var bomb = sync.OnceValue(func() []byte {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	return bytes.Repeat(member.Bytes(), 64)
})

// reader is the body with the fault that concerns it. sent is told of what is read.
func (d Document) reader(ctx context.Context, body []byte, sent func(int)) io.Reader {
	return &faulty{ctx: ctx, fault: d.Fault, rest: body, sent: sent}
}

type faulty struct {
	ctx   context.Context
	fault Fault
	rest  []byte
	sent  func(int)
}

var filler = bytes.Repeat([]byte("a"), 32<<10)

var errCut = errors.New("the connection was cut")

// Read implements io.Reader.
func (f *faulty) Read(b []byte) (n int, err error) {
	defer func() { f.sent(n) }()
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	switch f.fault {
	case Endless:
		return copy(b, filler), nil
	case Trickle:
		if err := wait(f.ctx, time.Second); err != nil {
			return 0, err
		}
		b = b[:min(len(b), 1)]
	case Cut:
		half := len(f.rest) / 2
		if half == 0 {
			return 0, errCut
		}
		b = b[:min(len(b), half)]
	}
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n = copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
