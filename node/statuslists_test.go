package node

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// tokenOf is what the origin publishes under an address.
func (l *lab) tokenOf(t *testing.T, uri string) (token []byte, media string) {
	t.Helper()
	token, media, ok, err := l.StatusToken(uri, time.Now())
	if err != nil || !ok {
		t.Fatalf("%s: %v", uri, err)
	}
	return token, media
}

// TestStatusListsAreServed: the node gives on the signed tokens that it holds, byte by
// byte, of every mechanism and form, to whoever would rather ask it than their issuer;
// and says nothing of lists that it does not hold, or that could point at a person.
func TestStatusListsAreServed(t *testing.T) {
	tiny := "/status/tiny"
	l := newLab(t, labOptions{setup: func(l *lab) {
		list := l.PID("DE").NewStatusList(l.origin.URL+tiny, 1, 800)
		l.origin.serve(tiny, func(w http.ResponseWriter, r *http.Request) {
			token, _ := list.Publish(verifytest.FormJWT, time.Now())
			respond(w, r, token.MediaType, token.Token)
		})
	}})
	forms := map[string]int{}
	for _, protocol := range []string{client.HTTP3, client.HTTP2} {
		cl := l.client(t, protocol)
		for _, uri := range append(l.statusURIs(), l.IdentifierURIs(l.origin.URL)...) {
			want, media := l.tokenOf(t, uri)
			path := "/v1/status-lists?uri=" + url.QueryEscape(uri)
			for _, accept := range []string{"*/*", "application/*", media, media + ", application/json;q=0.1"} {
				r, err := cl.Do(t.Context(), "GET", path, "", accept, nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Status != 200 || !bytes.Equal(r.Body, want) || r.MediaType != media {
					t.Errorf("%s, %s, Accept %q: %d %s, %d bytes", protocol, uri, accept, r.Status, r.MediaType, len(r.Body))
				}
				if c := r.Header.Get("Cache-Control"); !strings.HasPrefix(c, "public, max-age=") || strings.Contains(c, "stale") || r.Header.Get("ETag") == "" || r.Header.Get("Vary") != "Accept" {
					t.Errorf("%s: %v", uri, r.Header)
				}
			}
			got, err := cl.StatusToken(t.Context(), uri)
			if err != nil || !bytes.Equal(got.Bytes, want) || got.FreshFor <= 0 || got.FreshFor > 5*time.Minute {
				t.Errorf("client: %v, fresh for %s", err, got.FreshFor)
			}
			other := client.StatusListJWT
			if media == other {
				other = client.StatusListCWT
			}
			wantProblem(t, cl, path, other, http.StatusNotAcceptable)
			forms[media]++
		}
		for _, uri := range []string{l.origin.URL + "/status/unknown", l.origin.URL + tiny, "https://elsewhere.example/list", "x"} {
			wantProblem(t, cl, "/v1/status-lists?uri="+url.QueryEscape(uri), "", http.StatusNotFound)
		}
		for _, query := range []string{"", "?uri=", "?url=x", "?uri=x&uri=y", "?uri=x&time=1", "?uri=" + strings.Repeat("x", 3000)} {
			wantProblem(t, cl, "/v1/status-lists"+query, "", http.StatusBadRequest)
		}
	}
	if forms[client.StatusListJWT] == 0 || forms[client.StatusListCWT] == 0 || forms[client.IdentifierListCWT] == 0 {
		t.Errorf("forms that were asked for: %v", forms)
	}
	// Nothing of that had the node follow a list. A credential does, and a list so small
	// stays between its origin and this node.
	cl := l.client(t, client.HTTP3)
	id := artefact.ID{Kind: artefact.Status, Name: l.origin.URL + tiny}
	l.show(t, cl, id.Name, "indeterminate")
	l.node.store.FollowFound(time.Now())
	if _, err := l.node.follower.RefreshID(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	l.show(t, cl, id.Name, "valid")
	wantProblem(t, cl, "/v1/status-lists?uri="+url.QueryEscape(id.Name), "", http.StatusNotFound)
}

// show has a fresh credential of a list verified.
func (l *lab) show(t *testing.T, cl *client.Client, uri, want string) {
	t.Helper()
	s := &statusCanaries{t: t, l: l}
	s.sdjwt("", want, verifytest.Ref{URI: uri, Index: 7})
	a, err := cl.Verify(t.Context(), asJSON(t, s.cases[0].body))
	if err != nil || a.Verdict != want {
		t.Errorf("%v, %+v, want %s", err, a, want)
	}
}

func wantProblem(t *testing.T, cl *client.Client, path, accept string, status int) {
	t.Helper()
	r, err := cl.Do(t.Context(), "GET", path, "", accept, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != status || r.MediaType != "application/problem+json" {
		t.Errorf("%.100s, Accept %q: %d %s, want %d", path, accept, r.Status, r.MediaType, status)
	}
}

// Who holds a token asks whether it is still the newest, and hears so without its bytes;
// once another is in force he gets that.
func TestStatusListsUnchanged(t *testing.T) {
	l := newLab(t, labOptions{})
	uri := l.statusURIs()[0]
	for protocol, rt := range roundTrippers(t) {
		get := func(tag string) *http.Response {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+l.node.Addr()+"/v1/status-lists?uri="+url.QueryEscape(uri), nil)
			if err != nil {
				t.Fatal(err)
			}
			if tag != "" {
				r.Header.Set("If-None-Match", tag)
			}
			resp, err := rt.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp
		}
		first := get("")
		tag := first.Header.Get("ETag")
		if first.StatusCode != 200 || tag == "" {
			t.Fatalf("%s: %d, ETag %q", protocol, first.StatusCode, tag)
		}
		if again := get(tag); again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag || again.Header.Get("Cache-Control") == "" || again.ContentLength > 0 {
			t.Errorf("%s, unchanged: %d, %v", protocol, again.StatusCode, again.Header)
		}
		ref, err := l.Status(l.PID("DE"), verifytest.FormJWT, verifytest.StatusGood)
		if err != nil || ref.URI != uri {
			t.Fatalf("%v, %s", err, ref.URI)
		}
		if err := l.SetStatus(ref, verifytest.StatusRevoked); err != nil {
			t.Fatal(err)
		}
		l.look(t, uri)
		if changed := get(tag); changed.StatusCode != 200 || changed.Header.Get("ETag") == tag {
			t.Errorf("%s, changed: %d, %v", protocol, changed.StatusCode, changed.Header)
		}
	}
}
