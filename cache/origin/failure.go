package origin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// maxFailure bounds the words of a failure, in characters.
const maxFailure = 256

// failure is an error of the network in words that may be shown to everybody, in a
// log and in /v1/lists: an error of net/http can repeat what the other side wrote (a
// line that is none of HTTP's, the names in a certificate), at any length.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// told puts a failed fetch into words.
func told(err error) error {
	var unknown x509.UnknownAuthorityError
	text := bounded(err.Error())
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the connection ended before the answer did: " + text
	case errors.Is(err, context.DeadlineExceeded):
		text = "the answer did not come in time: " + text
	case errors.As(err, &unknown):
		text += ": name who vouches for it in egress.ca_file, or in ca of its trust.rewrite"
	}
	return &failure{text, err}
}

// unreadable puts a local file that cannot be read into words. Where it lies on this
// machine is nobody's business who asks for a list.
func unreadable(err error) error {
	cause := err
	var path *fs.PathError
	if errors.As(err, &path) {
		cause = path.Err
	}
	return &failure{"the file cannot be read: " + bounded(cause.Error()), err}
}

// bounded is a text on one line, and no longer than a line of a log should be.
func bounded(s string) string {
	line := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s))
	if len(line) <= maxFailure {
		return string(line)
	}
	return string(line[:maxFailure-1]) + "…"
}

// proxyAnswered refuses what a proxy answers to CONNECT but 200, in words of ours:
// net/http makes an error of the words that the proxy wrote.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return errors.New("the proxy wants a user and password, or others: egress.proxy takes them before the host, http://user:password@host:port")
	}
	return fmt.Errorf("the proxy answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
}
