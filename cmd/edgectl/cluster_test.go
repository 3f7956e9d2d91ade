package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// story starts a server that answers each request with the next of several files, and
// in the end always with the last, and sets NODE and ADMIN to it. The file 503.json is
// answered with that status: story 503.json old.json new.json.
func story(ts *testscript.TestScript, _ bool, files []string) {
	bodies := make([]string, len(files))
	for i, name := range files {
		bodies[i] = ts.ReadFile(name)
	}
	var asked atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := min(int(asked.Add(1)), len(files)) - 1
		if strings.HasPrefix(files[i], "503") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(bodies[i]))
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	ts.Defer(s.Close)
	ts.Setenv("NODE", s.URL)
	ts.Setenv("ADMIN", s.URL)
}
