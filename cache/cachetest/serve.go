package cachetest

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// ServeHTTP implements http.Handler.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d, end := o.begin(r)
	status := 0
	defer func() { end(status) }()
	if wait(r.Context(), d.Delay) != nil {
		return
	}
	switch d.Fault {
	case Hang:
		<-r.Context().Done()
		return
	case Headers:
		slowHeader(w)
		return
	case Refuse:
		panic(http.ErrAbortHandler)
	}
	var h http.Header
	var body []byte
	status, h, body = d.answer(r)
	for name, values := range h {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	if status != http.StatusOK {
		_, _ = w.Write(body)
		return
	}
	flush := http.NewResponseController(w)
	_, err := io.Copy(flushed{w, flush}, d.reader(r.Context(), body, o.count(r.URL.Path)))
	if err != nil {
		panic(http.ErrAbortHandler) // the way to cut a connection
	}
}

// slowHeader writes a header until the client has gone.
func slowHeader(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Slow: ")
	for err == nil {
		select {
		case <-gone:
			return
		case <-second.C:
			_, err = conn.Write([]byte{'a'})
		}
	}
}

type flushed struct {
	io.Writer
	c *http.ResponseController
}

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.Writer.Write(b)
	_ = f.c.Flush()
	return n, err
}

// RoundTrip implements http.RoundTripper: the origin without a socket, for tests
// in which time is not real.
func (o *Origin) RoundTrip(r *http.Request) (*http.Response, error) {
	d, end := o.begin(r)
	if err := wait(r.Context(), d.Delay); err != nil {
		end(0)
		return nil, err
	}
	switch d.Fault {
	case Hang, Headers: // a header that is never whole is no answer
		<-r.Context().Done()
		end(0)
		return nil, r.Context().Err()
	case Refuse:
		end(0)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	status, h, body := d.answer(r)
	end(status)
	resp := &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: r, ContentLength: -1, Body: http.NoBody,
	}
	if status != http.StatusNotModified {
		resp.Body = io.NopCloser(d.reader(r.Context(), body, o.count(r.URL.Path)))
	}
	return resp, nil
}
