package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"testing"

	"github.com/edgetrust/edgetrust/node/api"
)

func TestAnchorsOverEveryProtocol(t *testing.T) {
	s, _ := node(t)
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		l, err := c.Anchors(t.Context(), "eu-lotl:DE", AnchorFilter{})
		if err != nil {
			t.Fatalf("%s: %v", protocol, err)
		}
		if len(l.Anchors) != 1234 || len(l.Skipped) != 1 || l.Sequence != 145 || l.Anchors[0].Standing != "in_force" {
			t.Errorf("%s: %d anchors of %+v", protocol, len(l.Anchors), l.List)
		}
		for i, a := range l.Anchors {
			if a.Subject != strconv.Itoa(i) {
				t.Fatalf("%s: anchor %d is %s", protocol, i, a.Subject)
			}
		}
		pids, err := c.Anchors(t.Context(), "eu-lotl:DE", AnchorFilter{Kind: "pid", Territory: "DE", Purpose: "issuance"})
		if err != nil || len(pids.Anchors) != 617 {
			t.Errorf("%s: %d pid anchors, %v", protocol, len(pids.Anchors), err)
		}
		var p *Problem
		if _, err := c.Anchors(t.Context(), "eu-lotl:FR", AnchorFilter{}); !errors.As(err, &p) || p.Status != 404 {
			t.Errorf("%s: %v", protocol, err)
		}
		if _, err := c.Anchors(t.Context(), "eu-lotl:DE", AnchorFilter{Kind: "p&d=?"}); !errors.As(err, &p) || p.Status != 400 {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestArtefactOverEveryProtocol(t *testing.T) {
	s, _ := node(t)
	sum := sha256.Sum256(signed)
	digest := hex.EncodeToString(sum[:])
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		b, err := c.Artefact(t.Context(), digest)
		if err != nil || string(b) != string(signed) {
			t.Errorf("%s: %d bytes, %v", protocol, len(b), err)
		}
		head, err := c.Do(t.Context(), http.MethodHead, "/v1/artefacts/"+digest, "", "", nil)
		if err != nil || head.Status != 200 || len(head.Body) != 0 || head.Header.Get("Content-Length") != strconv.Itoa(len(signed)) || head.Header.Get("ETag") != `"`+digest+`"` {
			t.Errorf("%s: %+v %v", protocol, head, err)
		}
		var p *Problem
		for name, status := range map[string]int{digest[1:] + "0": 404, "nonsense": 400, "a/../b": 400} {
			if _, err := c.Artefact(t.Context(), name); !errors.As(err, &p) || p.Status != status {
				t.Errorf("%s: %s: %v", protocol, name, err)
			}
		}
	}
}

func TestPublishAndDecide(t *testing.T) {
	s, adminURL := node(t)
	c := dial(t, s, adminURL, HTTP2)
	if done, err := c.Publish(t.Context(), signed); err != nil || done != (Refreshed{"eu-lotl:DE", "admitted", 145}) {
		t.Errorf("%+v %v", done, err)
	}
	if done, err := c.Accept(t.Context(), "eu-lotl:DE"); err != nil || done != (Operated{"eu-lotl:DE", "accept", "3 removed anchors confirmed"}) {
		t.Errorf("%+v %v", done, err)
	}
	var p *Problem
	if _, err := c.Publish(t.Context(), []byte("nonsense")); !errors.As(err, &p) || p.Status != 422 || p.Code != "artefact_unknown" {
		t.Errorf("%v", err)
	}
	if _, err := c.Publish(t.Context(), nil); !errors.As(err, &p) || p.Status != 400 {
		t.Errorf("%v", err)
	}
	if _, err := c.Accept(t.Context(), "a/b ?"); !errors.As(err, &p) || p.Status != 404 {
		t.Errorf("%v", err)
	}
	if _, err := c.Reset(t.Context(), "eu-lotl:DE"); !errors.As(err, &p) || p.Status != 409 || p.Code != "nothing_to_do" {
		t.Errorf("%v", err)
	}
}

// liar is a server that is no node.
func liar(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := New(Options{URL: s.URL, Protocol: HTTP2, UnsafeInsecure: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestArtefactIsChecked(t *testing.T) {
	c := liar(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("other bytes")) })
	sum := sha256.Sum256(signed)
	if b, err := c.Artefact(t.Context(), hex.EncodeToString(sum[:])); err == nil {
		t.Errorf("%q was believed", b)
	}
}

// A list that changes between two pages is read again, from its beginning.
func TestAnchorsOfOneVersion(t *testing.T) {
	for changes, fine := range map[int]bool{0: true, 1: true, attempts - 1: true, attempts: false} {
		version, left := 1, changes
		c := liar(t, func(w http.ResponseWriter, r *http.Request) {
			begins := r.URL.Query().Get("after") == ""
			if !begins && left > 0 {
				left--
				version++
			}
			next := ""
			if begins {
				next = `, "next": 1`
			}
			fmt.Fprintf(w, `{"sha256": "%d", "anchors": [{"subject": "%d"}]%s}`, version, version, next)
		})
		l, err := c.Anchors(t.Context(), "l", AnchorFilter{})
		if fine != (err == nil) || fine && (len(l.Anchors) != 2 || l.Anchors[0].Subject != l.Anchors[1].Subject) {
			t.Errorf("%d changes: %+v %v", changes, l, err)
		}
	}
}

func TestAnchorsWithoutEnd(t *testing.T) {
	asked := 0
	c := liar(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		fmt.Fprintf(w, `{"anchors": [], "next": %d}`, after+1)
	})
	if _, err := c.Anchors(t.Context(), "l", AnchorFilter{}); err == nil || asked != maxPages {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// The wire structs know every member that a node says.
func TestWireKnowsEveryMember(t *testing.T) {
	for _, c := range []struct{ says, knows any }{
		{api.ListInfo{}, List{}}, {api.SignerInfo{}, Signer{}}, {api.FailureInfo{}, Failure{}}, {api.QuarantinedInfo{}, Quarantined{}},
		{api.ConflictInfo{}, Conflict{}}, {api.RefusedInfo{}, RefusedList{}}, {api.ListAnchors{}, ListAnchors{}}, {api.AnchorInfo{}, Anchor{}},
		{api.SkippedInfo{}, SkippedCertificate{}}, {api.Event{}, Event{}},
	} {
		says, knows := members(c.says), members(c.knows)
		for name := range says {
			if !knows[name] {
				t.Errorf("%T does not know %s of %T", c.knows, name, c.says)
			}
		}
		for name := range knows {
			if !says[name] {
				t.Errorf("%T knows %s, which no %T says", c.knows, name, c.says)
			}
		}
	}
}

func members(v any) map[string]bool {
	names := make(map[string]bool)
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		name := f.Tag.Get("json")
		for i, c := range name {
			if c == ',' {
				name = name[:i]
				break
			}
		}
		if name != "" && name != "-" {
			names[name] = true
		}
	}
	return names
}

func TestListsAreDecoded(t *testing.T) {
	const body = `{"lists": [{"name": "eu-lotl:DE", "type": "tl", "parent": "eu-lotl", "durable": false, "signer": {"subject": "CN=s"}, "quarantined": {"sequence": 9}, "unheard_of": 1}]}`
	c := liar(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	lists, err := c.Lists(t.Context())
	if err != nil || len(lists) != 1 {
		t.Fatalf("%v %v", lists, err)
	}
	if l := lists[0]; l.Parent != "eu-lotl" || l.Durable == nil || *l.Durable || l.Signer.Subject != "CN=s" || l.Quarantined.Sequence != 9 || l.Conflict != nil {
		t.Errorf("%+v", l)
	}
}
