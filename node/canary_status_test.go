package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// statusCanaries are lists at an origin whose addresses are canaries, with credentials
// whose indices and identifiers are.
type statusCanaries struct {
	canaries
	t       *testing.T
	l       *lab
	uris    []string
	indices []uint64
	tokens  [][]byte // that the origin has served
	cases   []statusCase
}

// statusCase is a request about a credential, with the verdict that it should have.
type statusCase struct {
	name, verdict string
	body          map[string]any
}

// address is that of another list, not served yet.
func (s *statusCanaries) address() string {
	path := "/status/" + s.text("list address")
	s.uris = append(s.uris, s.l.origin.URL+path)
	return s.l.origin.URL + path
}

// serve has the origin publish a list.
func (s *statusCanaries) serve(uri string, publish func() (verifytest.Current, error)) {
	s.l.origin.serve(strings.TrimPrefix(uri, s.l.origin.URL), func(w http.ResponseWriter, r *http.Request) {
		token, err := publish()
		if err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
			return
		}
		s.l.origin.mu.Lock()
		s.tokens = append(s.tokens, token.Token)
		s.l.origin.mu.Unlock()
		respond(w, r, token.MediaType, token.Token)
	})
}

// statusList serves one of so many entries, with an entry of a value at an index that
// nothing else in the test comes to.
func (s *statusCanaries) statusList(uri, form string, entries int, index uint64, value byte) verifytest.Ref {
	s.t.Helper()
	list := s.l.PID("DE").NewStatusList(uri, 1, entries)
	if err := list.Set(index, value); err != nil {
		s.t.Fatal(err)
	}
	if index > 60_999 { // no smaller number of five digits is sure to be no port
		s.indices = append(s.indices, index)
	}
	s.serve(uri, func() (verifytest.Current, error) { return list.Publish(form, time.Now()) })
	return verifytest.Ref{URI: uri, Index: index}
}

func (s *statusCanaries) sdjwt(name, verdict string, ref verifytest.Ref) {
	s.t.Helper()
	o, err := s.l.SDJWT(s.l.PID("DE"), "urn:eudi:pid:de:1", time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	o.Status = &ref
	cred, err := s.l.PID("DE").IssueSDJWT(o)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := cred.Present(verifytest.Presentation{Nonce: "n-1", Audience: "x509_san_dns:rp.example", IssuedAt: time.Now(), Disclose: []string{}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.cases = append(s.cases, statusCase{name, verdict, s.request(text, verifytest.TypePID, verifytest.Context{Nonce: "n-1", ClientID: "x509_san_dns:rp.example", ResponseURI: "https://rp.example/cb"})})
}

func (s *statusCanaries) mdoc(name, verdict string, ref verifytest.Ref) {
	s.t.Helper()
	o, err := s.l.Mdoc(s.l.PID("DE"), verifytest.TypePIDMdoc, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	o.Status = &ref
	c, err := verifytest.Context{Nonce: "n-1", ClientID: "x509_san_dns:rp.example", ResponseURI: "https://rp.example/cb"}.WithDefaults()
	if err != nil {
		s.t.Fatal(err)
	}
	p := verifytest.MdocPresentation{Disclose: map[string][]string{}}
	if p.Transcript, err = c.Transcript(); err != nil {
		s.t.Fatal(err)
	}
	cred, err := s.l.PID("DE").IssueMdoc(o)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := cred.Present(p)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cases = append(s.cases, statusCase{name, verdict, s.request(verifytest.URL64(response), verifytest.TypePIDMdoc, c)})
}

func (s *statusCanaries) request(presented, typ string, c verifytest.Context) map[string]any {
	body := map[string]any{
		"vp_token": map[string]any{"pid": []any{presented}}, "expect": map[string]any{"pid": map[string]any{"kind": "pid", "types": []any{typ}}},
		"flow": "redirect", "nonce": c.Nonce, "client_id": c.ClientID, "response_uri": c.ResponseURI, "include": []any{"claims"},
	}
	if len(c.JWKThumbprint) > 0 {
		body["jwk_thumbprint"] = verifytest.URL64(c.JWKThumbprint)
	}
	return body
}

// shows wants a text to hold neither an address nor what a credential says of itself.
func (s *statusCanaries) shows(where, text string) {
	s.t.Helper()
	s.none(s.t, where, text)
	for _, i := range s.indices {
		if m := regexp.MustCompile(fmt.Sprintf(`(^|[^0-9a-f.])%d([^0-9a-f]|$)`, i)).FindString(text); m != "" {
			s.t.Errorf("%s: shows a status index: %q in %.300s", where, m, text)
		}
	}
}

// ask verifies every case in every way, and looks at the answers.
func (s *statusCanaries) ask(what string) {
	s.t.Helper()
	for _, protocol := range []string{client.HTTP3, client.HTTP2} {
		cl := s.l.client(s.t, protocol)
		for _, k := range s.cases {
			for media, body := range map[string][]byte{client.JSON: asJSON(s.t, k.body), client.CBOR: asCBOR(s.t, k.body)} {
				resp, err := cl.Do(s.t.Context(), "POST", "/v1/verify", media, client.JSON, body)
				if err != nil {
					s.t.Fatal(err)
				}
				var a struct{ Verdict string }
				if err := json.Unmarshal(resp.Body, &a); err != nil || a.Verdict != k.verdict {
					s.t.Errorf("%s, %s: %s, want %s: %.600s", what, k.name, a.Verdict, k.verdict, resp.Body)
				}
				s.shows(what+", "+k.name, string(resp.Body))
				s.shows(what+", "+k.name+": header", fmt.Sprint(resp.Header))
			}
		}
	}
}

// TestStatusReferencesAreNotShown: what points from a credential to its entry, whatever
// the mechanism and however its list was found, comes out of the node nowhere: not in
// logs, metrics, files, events, views, problems or answers. A list's address stands in
// its signed token and in the operator's view alone.
func TestStatusReferencesAreNotShown(t *testing.T) {
	s := &statusCanaries{canaries: make(canaries), t: t}
	var found, tiny string
	extra := "log: {level: debug}\ndata_dir: data"
	paths := []string{"/status/" + s.text("list address"), "/status/" + s.text("list address"), "/status/" + s.text("list address")}
	var jwt, cwt verifytest.Ref
	var ids *verifytest.IdentifierList
	s.l = newLab(t, labOptions{prefetch: paths, extra: extra, setup: func(l *lab) {
		s.l = l
		for _, p := range paths {
			s.uris = append(s.uris, l.origin.URL+p)
		}
		jwt = s.statusList(s.uris[0], verifytest.FormJWT, verifytest.DefaultEntries, 61981, verifytest.StatusGood)
		cwt = s.statusList(s.uris[1], verifytest.FormCWT, verifytest.DefaultEntries, 62347, verifytest.StatusRevoked)
		ids = l.PID("DE").IdentifierList(s.uris[2])
		for range 2000 { // so that it is kept on disk
			ids.AllocateRevoked()
		}
		ids.Revoke([]byte(s.text("identifier")))
		s.serve(s.uris[2], func() (verifytest.Current, error) { return ids.Publish(time.Now()) })
	}})
	good, bad := s.text("identifier"), s.text("identifier")
	ids.Revoke([]byte(bad))
	s.l.look(t, s.uris[2])
	found, tiny = s.address(), s.address()
	inFound := s.statusList(found, verifytest.FormJWT, verifytest.DefaultEntries, 63809, verifytest.StatusGood)
	inTiny := s.statusList(tiny, verifytest.FormJWT, 800, 787, verifytest.StatusGood)
	nowhere := verifytest.Ref{URI: s.address(), Index: 65003}
	s.indices = append(s.indices, nowhere.Index)
	s.sdjwt("status list", "valid", jwt)
	s.mdoc("status list, revoked", "invalid", cwt)
	s.mdoc("identifier list", "valid", verifytest.Ref{URI: s.uris[2], Identifier: []byte(good)})
	s.mdoc("identifier list, revoked", "invalid", verifytest.Ref{URI: s.uris[2], Identifier: []byte(bad)})
	held := len(s.cases)
	s.sdjwt("found list", "indeterminate", inFound)
	s.sdjwt("tiny found list", "indeterminate", inTiny)
	s.sdjwt("list that its origin does not have", "indeterminate", nowhere)
	s.ask("unknown")

	s.l.node.store.FollowFound(time.Now())
	for _, uri := range []string{found, tiny, nowhere.URI} {
		_, err := s.l.node.follower.RefreshID(t.Context(), artefact.ID{Kind: artefact.Status, Name: uri})
		if (err == nil) != (uri != nowhere.URI) {
			t.Fatalf("%s: %v", uri, err)
		}
		if err != nil {
			s.shows("error", err.Error())
		}
	}
	s.cases[held].verdict, s.cases[held+1].verdict = "valid", "valid"
	s.ask("found")

	// What goes wrong at an origin, too.
	s.l.origin.serve(strings.TrimPrefix(found, s.l.origin.URL), func(w http.ResponseWriter, r *http.Request) {
		respond(w, r, "application/statuslist+jwt", []byte("e30.e30.e30"))
	})
	s.l.origin.serve(strings.TrimPrefix(s.uris[0], s.l.origin.URL), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s.refused(found)
	s.refused(s.uris[0])
	s.ask("origin at fault")
	s.views()
	s.files()
	for line := range strings.Lines(s.l.logs.String()) {
		s.shows("log", line)
	}
	t.Logf("%d canaries, %d addresses, %d indices, %d log lines", len(s.canaries["list address"])+len(s.canaries["identifier"]), len(s.uris), len(s.indices), strings.Count(s.l.logs.String(), "\n"))
}

// refused has the node look at a list whose origin is at fault.
func (s *statusCanaries) refused(uri string) {
	s.t.Helper()
	_, err := s.l.client(s.t, client.HTTP2).Refresh(s.t.Context(), uri)
	var p *client.Problem
	if !errors.As(err, &p) {
		s.t.Errorf("no problem: %v", err)
		return
	}
	s.shows("problem of a refresh", fmt.Sprintf("%+v", *p))
}

// views looks at everything that can be asked of a node.
func (s *statusCanaries) views() {
	s.t.Helper()
	cl := s.l.client(s.t, client.HTTP2)
	for _, path := range []string{"/v1/lists", "/v1/info", "/v1/lists/pid-list/anchors", "/v1/codes"} {
		resp, err := cl.Do(s.t.Context(), "GET", path, "", "", nil)
		if err != nil || resp.Status != 200 {
			s.t.Fatalf("%s: %v", path, err)
		}
		s.shows(path, string(resp.Body))
	}
	for _, path := range []string{"/metrics", "/readyz", "/v1/members"} {
		resp, err := cl.DoAdmin(s.t.Context(), "GET", path, "", "", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		s.shows(path, string(resp.Body))
	}
	for _, uri := range s.uris {
		resp, err := cl.Do(s.t.Context(), "GET", "/v1/status-lists?uri="+url.QueryEscape(uri), "", "", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		s.shows("header of /v1/status-lists", fmt.Sprint(resp.Header))
		if resp.Status != 200 {
			s.shows("problem of /v1/status-lists", string(resp.Body))
		} else if found := s.in(string(resp.Body)); len(found) == 0 {
			s.t.Error("the signed token holds no canary, so this test finds none")
		}
	}
	// The operator's view names addresses, and nothing else of a credential.
	resp, err := cl.DoAdmin(s.t.Context(), "GET", "/v1/status-lists", "", "", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	view := string(resp.Body)
	for _, uri := range s.uris {
		if !strings.Contains(view, uri) {
			s.t.Error("the operator's view does not name a list that is followed")
		}
		view = strings.ReplaceAll(view, uri, "")
	}
	s.shows("the operator's view", view)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
	defer cancel()
	events := 0
	err = cl.Events(ctx, 0, func(e client.Event) error {
		events++
		s.shows("event", fmt.Sprintf("%+v", e))
		return nil
	})
	if ctx.Err() == nil {
		s.t.Errorf("the event stream ended: %v", err)
	}
	if events < 10 {
		s.t.Errorf("%d events", events)
	}
}

// files looks at everything below the folder: the signed tokens may be there, and no
// other byte of a reference.
func (s *statusCanaries) files() {
	s.t.Helper()
	withTokens := 0
	for name, content := range files(s.t, s.l.dir) {
		if strings.HasSuffix(name, ".yaml") {
			continue // it is the operator who wrote the addresses there
		}
		rest := content
		for _, token := range s.tokens {
			rest = bytes.ReplaceAll(rest, token, nil)
		}
		if len(rest) < len(content) {
			withTokens++
		}
		s.shows("file "+name, name+" "+string(rest))
	}
	if withTokens < 2 {
		s.t.Errorf("%d files hold signed tokens, so this test finds none", withTokens)
	}
}
