package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// learner stands for a node that takes a list only once it holds the one that
// vouches for it. A list here is a line: its name, and after a colon the code with
// which it is refused, and after another one the list that it waits for.
//
//	DE:trustlist_signer_unknown:lotl
type learner struct {
	mu   sync.Mutex
	held map[string]bool
}

func (l *learner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	line := strings.Split(strings.TrimSpace(string(b)), ":")
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/v1/publish":
		http.NotFound(w, r)
	case line[0] == "busy":
		w.WriteHeader(http.StatusServiceUnavailable)
	case len(line) == 2, len(line) == 3 && !l.held[line[2]]:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		reply(w, map[string]any{"status": 422, "title": "Refused", "code": line[1], "detail": "as it says itself"})
	case l.held[line[0]]:
		reply(w, map[string]any{"list": line[0], "outcome": "unchanged", "sequence": 7})
	default:
		l.held[line[0]] = true
		reply(w, map[string]any{"list": line[0], "outcome": "admitted", "sequence": 7})
	}
}

func reply(w io.Writer, v any) { _ = json.NewEncoder(w).Encode(v) }

// startLearner sets ADMIN to a learner.
func startLearner(ts *testscript.TestScript, _ bool, _ []string) {
	s := httptest.NewServer(&learner{held: make(map[string]bool)})
	ts.Defer(s.Close)
	ts.Setenv("ADMIN", s.URL)
}

// large writes a file that is one byte larger than a node reads.
func large(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), make([]byte, maxList+1), 0o600))
}

// fetch gets a file from an origin: fetch URL FILE.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	resp, err := http.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}
