package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// keeper reports what the test says.
type keeper struct{ report StatusReport }

func (k keeper) StatusLists() StatusReport { return k.report }

func keeping(r StatusReport, change ...func(*Options)) Options {
	return options(append(change, func(o *Options) { o.StatusKeeper = keeper{r} })...)
}

func TestStatusListsAsJSON(t *testing.T) {
	at := time.Date(2026, 11, 23, 13, 0, 0, 0, time.FixedZone("", 3600))
	durable := true
	o := keeping(StatusReport{
		StatusLists: []StatusList{
			{
				URI: "https://status.example/1", Mechanism: StatusListMechanism, CameBy: CameByPrefetch, State: StateFresh, Issuer: "A ministry", Entries: 1 << 20, Bits: 1,
				Bytes: 131072, SHA256: "9f86", Issued: at, Expires: at.Add(time.Hour), TTLSeconds: 300, LookedAt: at, AgeSeconds: 7, Durable: &durable,
			},
			{
				URI: "https://status.example/2", CameBy: CameByCredential, State: StateRefused,
				Refused: &StatusRefusal{"status_signature_invalid", "the signature does not verify", at}, LastError: &StatusFailure{at, "503"},
			},
		},
		CRLs:   []CRL{{URL: "http://ca.example/crl", State: StateExpired, Issuer: "CN=CA", Number: "12", ThisUpdate: at, NextUpdate: at.Add(time.Hour), Entries: 3, Bytes: 400}},
		Memory: StatusMemory{UsedBytes: 131472, MaxBytes: 1 << 29, Evicted: 1, Refused: 2},
	})
	w := ask(o, "GET", "/v1/status-lists", "")
	const want = `{"status_lists":[` +
		`{"uri":"https://status.example/1","mechanism":"status_list","came_by":"prefetch","state":"fresh","issuer":"A ministry","entries":1048576,"bits":1,"bytes":131072,"sha256":"9f86",` +
		`"issued":"2026-11-23T12:00:00Z","expires":"2026-11-23T13:00:00Z","ttl_seconds":300,"looked_at":"2026-11-23T12:00:00Z","age_seconds":7,"durable":true},` +
		`{"uri":"https://status.example/2","came_by":"credential","state":"refused","entries":0,"bytes":0,"age_seconds":0,` +
		`"refused":{"code":"status_signature_invalid","detail":"the signature does not verify","at":"2026-11-23T12:00:00Z"},"last_error":{"at":"2026-11-23T12:00:00Z","detail":"503"}}],` +
		`"crls":[{"url":"http://ca.example/crl","state":"expired","issuer":"CN=CA","number":"12","this_update":"2026-11-23T12:00:00Z","next_update":"2026-11-23T13:00:00Z","entries":3,"bytes":400,"age_seconds":0}],` +
		`"memory":{"used_bytes":131472,"max_bytes":536870912,"evicted":1,"refused":2}}`
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v\n%s\nwant\n%s", w.Code, w.Header(), w.Body, want)
	}
	// No list is an empty table, not null.
	if w := ask(keeping(StatusReport{}), "GET", "/v1/status-lists", ""); !strings.HasPrefix(w.Body.String(), `{"status_lists":[],"crls":[],"memory":{`) {
		t.Errorf("%s", w.Body)
	}
}

// What others signed can be of any length and any time.
func TestStatusListsAreBounded(t *testing.T) {
	long, never := strings.Repeat("ä", maxText), time.Date(292277026596, 1, 1, 0, 0, 0, 0, time.UTC)
	refused := &StatusRefusal{"status_token_malformed", long, never}
	report := StatusReport{
		StatusLists: make([]StatusList, maxReported+3),
		CRLs:        []CRL{{URL: long, Issuer: "\xff", NextUpdate: never, Refused: refused}},
	}
	report.StatusLists[0] = StatusList{URI: long, Issuer: "x" + long, Expires: never, Refused: refused, LastError: &StatusFailure{never, long}}
	w := ask(keeping(report), "GET", "/v1/status-lists", "")
	var got StatusReport
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %.300s", err, w.Body)
	}
	if len(got.StatusLists) != maxReported || got.LeftOut != 3 {
		t.Errorf("%d lists, %d left out", len(got.StatusLists), got.LeftOut)
	}
	l, c := got.StatusLists[0], got.CRLs[0]
	for _, s := range []string{l.URI, l.Issuer, l.Refused.Detail, l.LastError.Detail, c.URL, c.Refused.Detail} {
		if len(s) > maxText || strings.Contains(s, "\uFFFD") {
			t.Errorf("a text of %d bytes", len(s))
		}
	}
	if !l.Expires.IsZero() || !c.NextUpdate.IsZero() || c.Issuer != "\uFFFD" {
		t.Errorf("%v %v %q", l.Expires, c.NextUpdate, c.Issuer)
	}
	if !report.StatusLists[0].Expires.Equal(never) || report.CRLs[0].Refused.Detail != long {
		t.Error("the keeper's own were changed")
	}
}
