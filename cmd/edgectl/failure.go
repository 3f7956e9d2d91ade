package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/edgetrust/edgetrust/node/client"
)

// errNotGood says that the result is printed and is not what was hoped for.
var errNotGood = errors.New("not valid")

// usageError is a command line that cannot be right.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

// askError is a request that got no answer, or a problem for one.
type askError struct {
	err   error
	url   string
	admin bool // of the private listener
}

func (e *askError) Error() string { return e.err.Error() }
func (e *askError) Unwrap() error { return e.err }

// finish says what went wrong and what to do, and returns the exit code.
func (s *streams) finish(err error) int {
	var usage *usageError
	var ask *askError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNotGood):
		return exitFailed
	case errors.As(err, &usage):
		s.say("error", "%s", usage.text)
		if usage.hint != "" {
			s.hint("%s", usage.hint)
		}
		return exitUsage
	case errors.As(err, &ask):
		s.explainAsk(ask)
	default:
		s.say("error", "%v", err)
	}
	return exitFailed
}

func (s *streams) explainAsk(e *askError) {
	var problem *client.Problem
	switch {
	case errors.As(e.err, &problem) && e.admin && isPublic(problem):
		s.say("error", "%s is not a private listener", e.url)
		s.hint("--admin URL names the private one of the node (admin.listen); --node URL is for the public one")
	case errors.As(e.err, &problem):
		s.say("error", "the node answered %v", problem)
		s.hintProblem(problem, e.admin)
	case isRefused(e.err):
		s.say("error", "nothing listens at %s", e.url)
		if e.admin {
			s.hint("is the node running? --admin URL names its private listener")
		} else {
			s.hint("is the node running? --node URL names another; edgenode dev starts one to try")
		}
	case isUntrusted(e.err):
		s.say("error", "the certificate of %s is not trusted: %v", e.url, e.err)
		s.hint("--ca F names the PEM file of who vouches for it; --insecure accepts any (labs)")
	case isTimeout(e.err):
		s.say("error", "%s did not answer in time", e.url)
		s.hint("--timeout D waits longer; --protocol h2 does without UDP")
	case errors.Is(e.err, http.ErrSchemeMismatch):
		s.say("error", "%s answers in plain HTTP", e.url)
		if e.admin {
			s.hint("the private listener does: --admin http://…")
		} else {
			s.hint("this is no public listener of a node; --admin http://… is for the private one")
		}
	default:
		s.say("error", "failed to ask %s: %v", e.url, e.err)
	}
}

func (s *streams) hintProblem(p *client.Problem, admin bool) {
	flag := "--token-file F"
	if admin {
		flag = "--admin-token-file F"
	}
	switch {
	case p.Status == http.StatusUnauthorized:
		s.hint("the node wants a token it knows: %s names the file with it", flag)
	case p.RetryAfter != "":
		s.hint("the node asks to wait %s s before the next try", p.RetryAfter)
	}
}

// isPublic says that a problem is what a public listener has to say to a question for
// the private one, or to one in plain HTTP.
func isPublic(p *client.Problem) bool {
	return p.Status == http.StatusNotFound && strings.Contains(p.Detail, "/openapi.json") || p.Status == http.StatusBadRequest && p.Code == ""
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func isUntrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var transport *quic.TransportError
	switch {
	case errors.As(err, &verification), errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid):
		return true
	}
	// QUIC carries TLS alerts as error codes: bad_certificate to unknown_ca.
	const alerts, badCertificate, unknownCA = 0x100, 42, 48
	return errors.As(err, &transport) && !transport.Remote &&
		transport.ErrorCode >= alerts+badCertificate && transport.ErrorCode <= alerts+unknownCA
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// notReadable is the error of a file that cannot be opened.
func notReadable(flag, path string, err error) error {
	return &usageError{text: strings.TrimPrefix(fmt.Sprintf("%s %s: %v", flag, path, reasonOf(err)), " ")}
}
