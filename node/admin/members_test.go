package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// cluster reports what the test says.
type cluster struct {
	report MembersReport
	none   bool
	asked  func(ctx context.Context, of Holdings)
}

func (c cluster) Members(ctx context.Context, of Holdings) (MembersReport, bool) {
	if c.asked != nil {
		c.asked(ctx, of)
	}
	return c.report, !c.none
}

func clustered(c cluster, change ...func(*Options)) Options {
	return options(append(change, func(o *Options) { o.Membership = c })...)
}

func TestMembersAsJSON(t *testing.T) {
	at := time.Date(2026, 11, 23, 13, 0, 0, 0, time.FixedZone("", 3600))
	two := 2
	o := clustered(cluster{report: MembersReport{
		Node: "edge-1", Mode: "member", Settled: true, Counters: map[string]uint64{"packets_dropped": 3, "announcements_in": 7},
		Members: []Member{
			{
				Name: "edge-1", Addr: "192.0.2.1:7946", Zone: "eu-fra", State: MemberAlive, Trusted: true, CertificateNotAfter: at, Heads: &two,
				Lists: []MemberList{{"https://status.example/1", "status_list", 1763899200, "60303", false}, {"pid", "lote", 12, "9f86", true}},
			},
			{Name: "edge-2", State: MemberUnmet, Why: "its certificate is of another CA", AvoidedUntil: at, Error: "no answer"},
		},
	}})
	w := ask(o, "GET", "/v1/members?lists=true", "")
	const want = `{"node":"edge-1","mode":"member","settled":true,"members":[` +
		`{"name":"edge-1","addr":"192.0.2.1:7946","zone":"eu-fra","state":"alive","trusted":true,"certificate_not_after":"2026-11-23T12:00:00Z","heads":2,` +
		`"lists":[{"name":"pid","type":"lote","sequence":12,"sha256":"9f86","soaking":true},{"name":"https://status.example/1","type":"status_list","sequence":1763899200,"sha256":"60303"}]},` +
		`{"name":"edge-2","state":"unmet","trusted":false,"why":"its certificate is of another CA","avoided_until":"2026-11-23T12:00:00Z","error":"no answer"}],` +
		`"counters":{"announcements_in":7,"packets_dropped":3}}`
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v\n%s\nwant\n%s", w.Code, w.Header(), w.Body, want)
	}
	// Nobody yet is an empty table, not null.
	if w := ask(clustered(cluster{}), "GET", "/v1/members", ""); strings.TrimSpace(w.Body.String()) != `{"node":"","mode":"","settled":false,"members":[],"counters":{}}` {
		t.Errorf("%s", w.Body)
	}
}

func TestMembersAreAskedForTheirListsOnDemand(t *testing.T) {
	for query, want := range map[string]Holdings{
		"": {}, "?lists=false": {}, "?lists=true": {All: true}, "?lists=1": {All: true}, "?list=pid": {Name: "pid"},
		"?list=https%3A%2F%2Fs.example%2F1%3Fa%26b": {Name: "https://s.example/1?a&b"},
	} {
		asked := false
		c := cluster{asked: func(_ context.Context, of Holdings) {
			asked = true
			if of != want {
				t.Errorf("%q: asked for %+v", query, of)
			}
		}}
		if w := ask(clustered(c), "GET", "/v1/members"+query, ""); w.Code != 200 || !asked {
			t.Errorf("%q: %d", query, w.Code)
		}
	}
	if w := ask(clustered(cluster{}), "GET", "/v1/members?lists=all", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "true or false") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Members that hang are waited for only so long.
func TestMembersAnswerInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c := cluster{asked: func(ctx context.Context, _ Holdings) { <-ctx.Done() }}
		if w := ask(clustered(c), "GET", "/v1/members?lists=true", ""); w.Code != 200 || time.Since(begin) != membersTimeout {
			t.Errorf("%d after %s", w.Code, time.Since(begin))
		}
	})
}

// What members say of themselves can be of any length.
func TestMembersAreBounded(t *testing.T) {
	long, never := strings.Repeat("ä", maxText), time.Date(292277026596, 1, 1, 0, 0, 0, 0, time.UTC)
	report := MembersReport{Members: make([]Member, maxMembers+2)}
	report.Members[0] = Member{Name: long, Addr: long, Zone: "\xff", Why: long, Error: long, CertificateNotAfter: never, AvoidedUntil: never, Lists: []MemberList{{Name: long}}}
	report.Members[1].Lists = make([]MemberList, 1000)
	w := ask(clustered(cluster{report: report}), "GET", "/v1/members?lists=true", "")
	var got MembersReport
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %.300s", err, w.Body)
	}
	if len(got.Members) != maxMembers || got.LeftOut != 2 {
		t.Errorf("%d members, %d left out", len(got.Members), got.LeftOut)
	}
	if m := got.Members[1]; len(m.Lists) != maxMemberLists/maxMembers || m.LeftOut != 1000-len(m.Lists) {
		t.Errorf("%d lists, %d left out", len(m.Lists), m.LeftOut)
	}
	m := got.Members[0]
	for _, s := range []string{m.Name, m.Addr, m.Why, m.Error, m.Lists[0].Name} {
		if len(s) > maxText || strings.Contains(s, "\uFFFD") {
			t.Errorf("a text of %d bytes", len(s))
		}
	}
	if m.Zone != "\uFFFD" || !m.CertificateNotAfter.IsZero() || !m.AvoidedUntil.IsZero() {
		t.Errorf("%q %v %v", m.Zone, m.CertificateNotAfter, m.AvoidedUntil)
	}
	if report.Members[0].Name != long || report.Members[0].Lists[0].Name != long {
		t.Error("the cluster's own were changed")
	}
}

// A fleet that holds more than there is room for: of each member the trust lists are
// shown, and of the others the same ones, and how many more it holds.
func TestMembersOfALargeFleet(t *testing.T) {
	report := MembersReport{Members: make([]Member, 300)}
	for i := range report.Members {
		lists := make([]MemberList, 0, 1001)
		for j := range 1000 {
			lists = append(lists, MemberList{Name: fmt.Sprintf("https://s.example/%04d", (j+i)%1000), Type: "status_list"})
		}
		report.Members[i].Lists = append(lists, MemberList{Name: "pid", Type: "lote", Sequence: 12})
	}
	w := ask(clustered(cluster{report: report}), "GET", "/v1/members?lists=true", "")
	var got MembersReport
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i, m := range got.Members {
		if len(m.Lists) != maxMemberLists/300 || len(m.Lists)+m.LeftOut != 1001 || m.Lists[0].Name != "pid" || !slices.Equal(m.Lists, got.Members[0].Lists) {
			t.Fatalf("member %d: %d lists, %d left out, first %+v", i, len(m.Lists), m.LeftOut, m.Lists[0])
		}
	}
}
