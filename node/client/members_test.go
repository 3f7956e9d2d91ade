package client

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/node/admin"
)

// membership reports what the test compares.
type membership struct{}

func (membership) Members(_ context.Context, of admin.Holdings) (admin.MembersReport, bool) {
	at, heads := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 3
	m := admin.Member{Name: "n", Addr: "a", Zone: "z", State: "s", Trusted: true, Why: "w", Since: at, CertificateNotAfter: at, AvoidedUntil: at}
	if of.All {
		m.Heads, m.Error = &heads, "e"
		m.Lists = []admin.MemberList{{Name: "n", Type: "t", Sequence: 1, SHA256: "h", Soaking: true}}
	}
	if of.Name != "" {
		m.Lists = []admin.MemberList{{Name: of.Name}}
	}
	return admin.MembersReport{Node: "n", Mode: "m", Settled: true, Degraded: []string{"d"}, GossipKeys: []string{"k"}, Members: []admin.Member{m}, Counters: map[string]uint64{"c": 1}}, true
}

// The client's types are the listener's, member by member.
func TestMembers(t *testing.T) {
	s, adminURL := node(t)
	c := dial(t, s, adminURL, HTTP2)
	for _, of := range []Holdings{{All: true}, {}, {Name: "https://status.example/1?a=b&c"}} {
		got, err := c.Members(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		report, _ := membership{}.Members(t.Context(), admin.Holdings(of))
		want, _ := json.Marshal(report)
		var theirs MembersReport
		if err := json.Unmarshal(want, &theirs); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(theirs, got); d != "" {
			t.Error(d)
		}
		if !of.All {
			continue
		}
		for _, v := range []any{got, got.Members[0], got.Members[0].Lists[0]} {
			r := reflect.ValueOf(v)
			for i := range r.NumField() {
				if name := r.Type().Field(i).Name; r.Field(i).IsZero() && name != "LeftOut" {
					t.Errorf("%T: %s was lost", v, name)
				}
			}
		}
	}
}

func TestMembersOfNoCluster(t *testing.T) {
	s, _ := node(t)
	var p *Problem
	if _, err := dial(t, s, "", HTTP2).Members(t.Context(), Holdings{}); err == nil || errors.As(err, &p) {
		t.Errorf("without a private listener: %v", err)
	}
}
