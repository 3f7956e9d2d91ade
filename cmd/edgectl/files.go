package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
)

// Limits of what is read.
const (
	maxRequest = 64 << 20
	maxToken   = 1 << 20
)

// readRequest reads the body of a POST /v1/verify; - is the standard input.
func readRequest(s *streams, path string) ([]byte, error) {
	name, src := named(path), s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, notReadable("", path, err)
		}
		defer f.Close()
		src = f
	}
	b, err := io.ReadAll(io.LimitReader(src, maxRequest+1))
	if err != nil {
		return nil, notReadable("", name, err)
	}
	if len(b) > maxRequest {
		return nil, &usageError{text: fmt.Sprintf("%s: larger than %d bytes", name, maxRequest)}
	}
	if at, ok := notJSON(b); ok {
		return nil, &usageError{
			text: fmt.Sprintf("%s: not a JSON object%s", name, at),
			hint: "FILE is the body of a POST /v1/verify: {\"vp_token\": …, \"flow\": …, …}; edgenode dev writes some to try",
		}
	}
	return b, nil
}

// named is what a file is called in a message.
func named(path string) string {
	if path == "-" {
		return "the standard input"
	}
	return path
}

// notJSON says where a text stops being a JSON object, without quoting it.
func notJSON(b []byte) (at string, wrong bool) {
	var v map[string]json.RawMessage
	err := json.Unmarshal(b, &v)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf(" (at byte %d)", syntax.Offset), true
	default:
		return "", err != nil || v == nil
	}
}

// readToken returns the first token of a file: one to a line, # comments.
func readToken(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := config.ReadFile(path, maxToken)
	if err != nil {
		return "", notReadable(flag, path, err)
	}
	for line := range strings.Lines(string(b)) {
		if token := strings.TrimSpace(line); token != "" && token[0] != '#' {
			return token, nil
		}
	}
	return "", &usageError{text: fmt.Sprintf("%s %s: no token in it; put one on a line", flag, path)}
}

// readCAs reads the certificates that vouch for the node; nil: the system's.
func readCAs(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	certs, err := config.Certificates([]string{path})
	if err != nil {
		return nil, &usageError{text: fmt.Sprintf("--ca %v", err)}
	}
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

// reasonOf takes the path out of a file error that already stands before it.
func reasonOf(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
