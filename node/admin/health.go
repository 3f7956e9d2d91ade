package admin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// state is the JSON form of /healthz and /readyz.
type state struct {
	Status   string   `json:"status"` // ok, ready or not_ready
	Reasons  []string `json:"reasons,omitempty"`
	Degraded []string `json:"degraded,omitempty"`
}

// health says that the process runs. It does while draining, too.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	say(w, r, http.StatusOK, state{Status: "ok"})
}

// ready says whether traffic may be sent here. A list that is late is told as
// degraded and keeps the node in service: a late ministry must not empty a fleet.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	now := h.o.Readiness()
	if len(now.NotReady) > 0 {
		w.Header().Set("Retry-After", "5")
		say(w, r, http.StatusServiceUnavailable, state{"not_ready", now.NotReady, now.Degraded})
		return
	}
	say(w, r, http.StatusOK, state{Status: "ready", Degraded: now.Degraded})
}

// say answers in JSON if that is asked for, else in lines of text.
func say(w http.ResponseWriter, r *http.Request, status int, s state) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept"), "json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(s)
		return
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(s.Status, "_", " ") + "\n")
	for _, line := range s.Reasons {
		b.WriteString("not ready: " + line + "\n")
	}
	for _, line := range s.Degraded {
		b.WriteString("degraded: " + line + "\n")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String()))
}
