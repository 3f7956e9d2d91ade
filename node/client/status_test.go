package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/node/admin"
)

const statusURI = "https://status.example/1?a=b&c=d e"

func TestStatusTokenOverEveryProtocol(t *testing.T) {
	s, _ := node(t)
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		for _, media := range [][]string{nil, {StatusListCWT}, {StatusListJWT, StatusListCWT}} {
			token, err := c.StatusToken(t.Context(), statusURI, media...)
			if err != nil || !bytes.Equal(token.Bytes, signed) || token.MediaType != StatusListCWT || token.FreshFor < 40*time.Second || token.FreshFor > 50*time.Second {
				t.Errorf("%s %v: %d bytes of %s, fresh for %s, %v", protocol, media, len(token.Bytes), token.MediaType, token.FreshFor, err)
			}
		}
		var p *Problem
		for uri, status := range map[string]int{statusURI + "/": 404, "": 400} {
			if _, err := c.StatusToken(t.Context(), uri); !errors.As(err, &p) || p.Status != status {
				t.Errorf("%s: %v", protocol, err)
			}
		}
		if _, err := c.StatusToken(t.Context(), statusURI, IdentifierListCWT); !errors.As(err, &p) || p.Status != 406 || p.Code != "not_acceptable" {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestFreshFor(t *testing.T) {
	for _, c := range []struct {
		control, age string
		want         time.Duration
	}{
		{"public, max-age=60", "10", 50 * time.Second}, {"max-age=60", "", time.Minute}, {"max-age=60,public", "60", 0}, {"max-age=60", "61", 0},
		{"no-cache", "1", 0}, {"", "", 0}, {"max-age=x", "1", 0}, {"public, max-age=60", "x", time.Minute},
	} {
		if d := freshFor(http.Header{"Cache-Control": {c.control}, "Age": {c.age}}); d != c.want {
			t.Errorf("%q with age %q: %s", c.control, c.age, d)
		}
	}
}

func TestPreferred(t *testing.T) {
	if s := preferred([]string{StatusListCWT, StatusListJWT}); s != "application/statuslist+cwt;q=1.0, application/statuslist+jwt;q=0.9" {
		t.Error(s)
	}
	if s := preferred(nil); s != "*/*" {
		t.Error(s)
	}
}

// keeper reports what the test compares.
type keeper struct{}

func (keeper) StatusLists() admin.StatusReport {
	at, durable := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), true
	refused, failed := &admin.StatusRefusal{Code: "status_expired", Detail: "d", At: at}, &admin.StatusFailure{At: at, Detail: "503"}
	return admin.StatusReport{
		StatusLists: []admin.StatusList{{
			URI: "u", Mechanism: "m", CameBy: "c", State: "s", Issuer: "i", Entries: 1, Bits: 2, Bytes: 3, SHA256: "h", Issued: at, Expires: at, TTLSeconds: 4,
			LookedAt: at, AgeSeconds: 5, Durable: &durable, Refused: refused, LastError: failed,
		}},
		CRLs: []admin.CRL{{
			URL: "u", State: "s", Issuer: "i", Number: "9", ThisUpdate: at, NextUpdate: at, Entries: 1, Bytes: 3, SHA256: "h",
			LookedAt: at, AgeSeconds: 5, Durable: &durable, Refused: refused, LastError: failed,
		}},
		Memory: admin.StatusMemory{UsedBytes: 1, MaxBytes: 2, Evicted: 3, Refused: 4},
	}
}

// The client's types are the listener's, member by member.
func TestStatusLists(t *testing.T) {
	s, adminURL := node(t)
	got, err := dial(t, s, adminURL, HTTP2).StatusLists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(keeper{}.StatusLists())
	var theirs StatusReport
	if err := json.Unmarshal(want, &theirs); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(theirs, got); d != "" {
		t.Error(d)
	}
	for _, v := range []any{got.StatusLists[0], got.CRLs[0], got.Memory} {
		r := reflect.ValueOf(v)
		for i := range r.NumField() {
			if r.Field(i).IsZero() {
				t.Errorf("%T: %s was lost", v, r.Type().Field(i).Name)
			}
		}
	}
}
