package node

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A node that starts for the first time while every origin is dead answers, knows
// nothing, and says why, list by list. When the origins come up it finds the lists
// by itself, the national ones that only the LOTL can name included.
func TestFirstStartWithDeadOrigins(t *testing.T) {
	l := newDeadLab(t)
	for _, path := range []string{lotlPath, dePath, nlPath, vicalPath, pidPath} {
		l.origin.Set(path, cachetest.Document{Fault: cachetest.Refuse})
	}
	l.start()
	eventually(t, "every look has failed once", func() bool { return len(l.failures()) == 3 })

	l.wantNotReady()
	l.wantNothingValid()
	for name, why := range l.failures() {
		if !strings.Contains(l.logs.String(), `"list":"`+name+`"`) {
			t.Errorf("%s: the log does not name it: %s", name, why)
		}
	}
	if got := l.metric(`edgetrust_list_state{list="pid",state="absent"}`); !strings.HasSuffix(got, " 1\n") {
		t.Errorf("metrics: %q", got)
	}
	if code, err := l.look(pidPath); code != "502" {
		t.Errorf("a look by an operator: %s %v", code, err)
	}

	l.publish()
	// Nobody asks for a look: the node's own back-off, which doubles from two seconds
	// with each failure, has to find them.
	for end := time.Now().Add(time.Minute); !l.recovered(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not recovered: %v", l.failures())
		}
	}
	l.wantAnchors()
	if failed := l.failures(); len(failed) != 0 {
		t.Errorf("failures that are over are still shown: %v", failed)
	}
}

// failures are the lists whose newest look failed, with why.
func (l *realLab) failures() map[string]string {
	failed := make(map[string]string)
	for _, in := range (engine{l.node}).Lists() {
		if in.LastError != nil {
			failed[in.Name] = in.LastError.Detail
		}
	}
	return failed
}

// wantNotReady wants a 503 with a reason for each list, the one that /v1/lists shows.
func (l *realLab) wantNotReady() {
	l.t.Helper()
	resp, err := l.client().DoAdmin(l.t.Context(), "GET", "/readyz", "", "", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	var ready client.Readiness
	if err := json.Unmarshal(resp.Body, &ready); err != nil || resp.Status != 503 || resp.Header.Get("Retry-After") == "" {
		l.t.Errorf("readyz: %d %v %s", resp.Status, resp.Header, resp.Body)
	}
	failed := l.failures()
	if names := slices.Sorted(maps.Keys(failed)); !slices.Equal(names, []string{"eu-lotl", "pid", "us-vical"}) {
		l.t.Errorf("failures of %v", names)
	}
	for name := range failed {
		in := l.list(name)
		if in.State != "absent" || in.LastError.At.IsZero() || in.LastError.Detail == "" || strings.Contains(in.LastError.Detail, l.site) {
			l.t.Errorf("%s: %s, %+v", name, in.State, in.LastError)
		}
		if line := "list " + name + " has not been loaded yet: " + in.LastError.Detail; !holds(ready.Reasons, line) {
			l.t.Errorf("readyz does not say %q: %q", line, ready.Reasons)
		}
	}
}

// wantNothingValid wants no sample to be valid, and what would be valid with lists to
// be indeterminate, for the node's sake. So is a stranger: a node that trusts nobody
// yet calls nobody untrusted.
func (l *realLab) wantNothingValid() {
	l.t.Helper()
	for _, s := range append(verifytest.Samples(), verifytest.ListedSamples()...) {
		answer := l.ask(s.Name)
		if strings.HasPrefix(answer, "valid") || s.Verdict == verify.Valid && !strings.HasPrefix(answer, "indeterminate") {
			l.t.Errorf("%s without any list: %s", s.Name, answer)
		}
	}
	for _, sample := range []string{"qeaa-diploma-de", "qeaa-diploma-nl", "mdl-vical", "sdjwt-pid-de", "mdoc-pid-de", "unknown-issuer"} {
		l.want(sample, "indeterminate node_not_seeded anchor_list_unavailable")
	}
}

// recovered says whether the node is ready and degraded in nothing.
func (l *realLab) recovered() bool {
	r := l.node.readiness()
	return len(r.NotReady) == 0 && len(r.Degraded) == 0
}
