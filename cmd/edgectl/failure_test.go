package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whoever takes one listener of a node for the other is told so.
func TestPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	url := "https" + strings.TrimPrefix(s.URL, "http")
	for name, c := range map[string]struct {
		args []string
		hint string
	}{
		"public":  {[]string{"--node", url, "--insecure", "--protocol", "h2", "lists"}, "no public listener"},
		"private": {[]string{"--admin", url, "--insecure", "refresh", "https://lists.example/pid"}, "--admin http://"},
	} {
		var out, err strings.Builder
		code := execute(t.Context(), c.args, &streams{strings.NewReader(""), &out, &err})
		if code != exitFailed || out.Len() != 0 || !strings.Contains(err.String(), url+" answers in plain HTTP") || !strings.Contains(err.String(), c.hint) {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out.String(), err.String())
		}
	}
}
