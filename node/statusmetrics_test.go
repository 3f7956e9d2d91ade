package node

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// After a while of everything there is, each metric of what tells of revocations has a
// value, the right one where it can be known, and no label of any metric is an address.
func TestStatusMetrics(t *testing.T) {
	aggregation := "/status/all"
	l := newLab(t, labOptions{setup: func(l *lab) {
		l.origin.serve(aggregation, func(w http.ResponseWriter, r *http.Request) {
			respond(w, r, "application/json", asJSON(t, map[string]any{"status_lists": []string{l.statusURIs()[0], l.origin.URL + "/status/none"}}))
		})
	}, extra: `  aggregation: ["ORIGIN` + aggregation + `"]`})
	tiny := l.PID("FR").NewStatusList(l.origin.URL+"/status/tiny", 1, 400)
	l.origin.serve("/status/tiny", func(w http.ResponseWriter, r *http.Request) {
		token, _ := tiny.Publish(verifytest.FormJWT, time.Now())
		respond(w, r, token.MediaType, token.Token)
	})
	cl := l.client(t, "")
	s := &statusCanaries{t: t, l: l}
	o, err := l.SDJWT(l.PID("FR"), "urn:eudi:pid:fr:1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o.Status = &verifytest.Ref{URI: tiny.URI, Index: 1}
	cred, err := l.PID("FR").IssueSDJWT(o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := cred.Present(verifytest.Presentation{Nonce: "n-1", Audience: "x509_san_dns:rp.example", IssuedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	body := asJSON(t, s.request(text, verifytest.TypePID, verifytest.Context{Nonce: "n-1", ClientID: "x509_san_dns:rp.example", ResponseURI: "https://rp.example/cb"}))
	if a, err := cl.Verify(t.Context(), body); err != nil || a.Verdict != "indeterminate" {
		t.Fatalf("%v %+v", err, a)
	}
	l.node.store.FollowFound(time.Now())
	if _, err := l.node.follower.RefreshID(t.Context(), artefact.ID{Kind: artefact.Status, Name: tiny.URI}); err != nil {
		t.Fatal(err)
	}
	if a, err := cl.Verify(t.Context(), body); err != nil || a.Verdict != "valid" {
		t.Fatalf("%v %+v", err, a)
	}
	l.origin.serve("/status/tiny", func(w http.ResponseWriter, r *http.Request) { respond(w, r, "text/plain", []byte("e30.e30.e30")) })
	l.lookFails(t, tiny.URI)
	l.lookFails(t, l.origin.URL+"/status/none")

	families, err := l.node.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
				if strings.ContainsAny(label.GetValue(), ":/?#") && f.GetName() != "edgetrust_http_requests_total" || strings.Contains(label.GetValue(), "127.0.0.1") {
					t.Errorf("%s: the label %s is %q", f.GetName(), label.GetName(), label.GetValue())
				}
			}
			if f.GetName() == "edgetrust_artefacts_refused_total" && strings.HasSuffix(name, " origin status") {
				name = "refused"
			}
			values[name] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	prefetched := float64(len(l.node.opts.Config.Status.Prefetch))
	sum := l.node.store.StatusLists(time.Now())
	for name, want := range map[string]float64{
		"edgetrust_status_lists followed": prefetched + 2, "edgetrust_status_lists held": prefetched + 1, "edgetrust_status_lists expired": 0,
		"edgetrust_crls followed": float64(sum.CRLsFollowed), "edgetrust_crls held": float64(sum.CRLsFollowed), "edgetrust_crls expired": 0,
		"edgetrust_status_memory_bytes used": float64(sum.Used), "edgetrust_status_memory_bytes max": 512 << 20,
		"edgetrust_status_memory_total evicted": 0, "edgetrust_status_memory_total refused": 0, "edgetrust_status_memory_total kept_out": 0,
		"edgetrust_status_tiny_issuers": 1, "edgetrust_status_entries": float64(sum.Entries), "edgetrust_status_oldest_seconds": -1,
		"edgetrust_origin_requests_total status ok": -1, "edgetrust_origin_requests_total status refused": 1, "edgetrust_origin_requests_total status failed": -1,
		"edgetrust_origin_requests_total crl ok": -1, "edgetrust_origin_requests_total aggregation ok": -1,
		"refused":                               1,
		"edgetrust_events_total status_changed": -1, "edgetrust_events_total status_tiny": 1,
	} {
		if got, ok := values[name]; !ok || want >= 0 && got != want || want < 0 && got <= 0 {
			t.Errorf("%s: %v (there: %v), want %v", name, got, ok, want)
		}
	}
	if sum.CRLsFollowed == 0 || sum.Used == 0 || sum.Entries == 0 {
		t.Errorf("%+v", sum)
	}
}

// lookFails has the node look at what its origin does not have as it should be.
func (l *lab) lookFails(t testing.TB, url string) {
	t.Helper()
	if _, err := l.node.follower.Refresh(t.Context(), url); err == nil {
		t.Errorf("%s: no error", url)
	}
}
