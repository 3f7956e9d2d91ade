package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// outage is a node in virtual time whose origins can be switched off: all of it but
// the listeners.
type outage struct {
	*verifytest.World
	t      *testing.T
	origin *cachetest.Origin
	node   *Node
	paths  []string
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	w, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: upstream})
	if err != nil {
		t.Fatal(err)
	}
	w.ListBase, w.StatusBase = upstream, upstream
	o := &outage{World: w, t: t, origin: &cachetest.Origin{}}
	dir := t.TempDir()
	var sources, status []string
	for _, p := range verifytest.Profiles() {
		sources = append(sources, fmt.Sprintf("    - {name: %s, type: lote, profile: %s, url: %q, signers: [signer.pem]}", p, p, upstream+"/"+p))
	}
	uris := append(w.StatusURIs(""), w.ListedStatusURIs("")...)
	for _, uri := range uris {
		if !strings.Contains(uri, w.Withdrawn().ID) {
			status = append(status, fmt.Sprintf("%q", uri))
		}
	}
	yaml := strings.Join([]string{
		"version: 1", "name: lab", `public: {listen: "127.0.0.1:0"}`, "trust:", "  sources:",
		strings.Join(sources, "\n"),
		fmt.Sprintf("    - {name: eu-lotl, type: lotl, url: %q, oj: %q, signers: [signer.pem]}", w.LOTLURL(), verifytest.OfficialJournal),
		fmt.Sprintf("    - {name: us-vical, type: vical, url: %q, signers: [vical-root.pem]}", upstream+vicalPath),
		fmt.Sprintf("  kinds: {%q: qeaa, %q: pubeaa}", verifytest.TypeDiploma, verifytest.TypeResidence),
		"status:", "  prefetch: [" + strings.Join(status, ", ") + "]", "",
	}, "\n")
	for name, b := range map[string][]byte{"signer.pem": w.Operator.PEM(), "vical-root.pem": w.VICALRoot().PEM(), "edgenode.yaml": []byte(yaml)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(dir, "edgenode.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if o.node, err = New(Options{Config: c, Version: "0.0.0-test", Logger: slog.New(slog.DiscardHandler), UnsafeDev: true}); err != nil {
		t.Fatal(err)
	}
	o.node.fetcher.Close()
	if o.node.fetcher, err = origin.NewFetcher(origin.Options{Version: "0.0.0-test", Transport: o.origin}); err != nil {
		t.Fatal(err)
	}
	o.node.follower.Fetcher = o.node.fetcher
	return o
}

// publish puts every list and status token, as of now, in its place.
func (o *outage) publish() {
	o.t.Helper()
	set := func(path string, b []byte, err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
		o.origin.Set(path, cachetest.Document{Body: b})
		o.paths = append(o.paths, path)
	}
	for _, p := range verifytest.Profiles() {
		b, err := o.LoTE(p, verifytest.ListOptions{})
		set("/"+p, b, err)
	}
	b, err := o.LOTL(verifytest.LOTLOptions{})
	set(lotlPath, b, err)
	b, err = o.TL("DE", verifytest.TLOptions{})
	set(dePath, b, err)
	b, err = o.TL("NL", verifytest.TLOptions{})
	set(nlPath, b, err)
	b, err = o.VICAL(verifytest.VICALOptions{})
	set(vicalPath, b, err)
	tokens, err := o.StatusTokens(time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	for uri, token := range tokens {
		set(strings.TrimPrefix(uri, upstream), token.Token, nil)
	}
	o.publishCRLs()
}

func (o *outage) fault(f cachetest.Fault) {
	for _, path := range o.paths {
		o.origin.Change(path, func(d *cachetest.Document) { d.Fault = f })
	}
}

// outageSamples are presentations whose answers an outage changes in different ways.
var outageSamples = []string{"sdjwt-pid-de", "mdoc-pid-de", "qeaa-diploma-de", "mdl-vical", "revoked", "unknown-issuer"}

// answers are what the node says of fresh presentations now, each with its warnings
// and the age of what it rests on.
func (o *outage) answers() (verdicts, said []string) {
	o.t.Helper()
	for _, sample := range outageSamples {
		made, err := o.Make(sample, verifytest.Context{}, time.Now())
		if err != nil {
			o.t.Fatal(err)
		}
		r := (engine{o.node}).Verify(o.t.Context(), requestFor(o.t, made))
		words := []string{string(r.Verdict)}
		for _, c := range r.Credentials {
			for _, x := range c.Reasons {
				words = append(words, string(x.Code))
			}
			for _, x := range c.Warnings {
				words = append(words, "("+string(x.Code)+")")
			}
		}
		verdicts = append(verdicts, words[0])
		said = append(said, strings.Join(words, " "))
	}
	return verdicts, said
}

// requestFor is the request that goes with what was made, under the default policy.
func requestFor(t testing.TB, made *verifytest.Made) *verify.Request {
	t.Helper()
	c := made.Context
	req := &verify.Request{
		VPToken: made.VPToken, Flow: verify.Flow(c.Flow), Nonce: c.Nonce, ClientID: c.ClientID, ResponseURI: c.ResponseURI, Origin: c.Origin,
		JWKThumbprint: c.JWKThumbprint, Policy: verify.DefaultPolicy(), Expect: map[string]verify.Expect{},
	}
	for id, e := range made.Expect {
		m := e.(map[string]any)
		req.Expect[id] = verify.Expect{Kind: trustKind(m["kind"]), Types: m["types"].([]string)}
	}
	return req
}

// TestOutage: every origin is gone for three days, then comes back. Trust lists
// serve throughout, with a warning from the second day on; what needs a status list
// cannot be known once the newest token has expired; nothing is ever valid, or
// revoked, that is not.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutage(t)
		o.publish()
		ctx, cancel := context.WithCancel(t.Context())
		defer o.node.Close()
		defer cancel()
		go o.node.follower.Run(ctx)
		go o.node.keepTime(ctx)
		time.Sleep(time.Minute)
		if why := o.node.store.NotReady(time.Now()); len(why) > 0 {
			t.Fatalf("not ready: %q", why)
		}
		down := time.Now()
		o.fault(cachetest.Refuse)
		var b strings.Builder
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "HOUR\tLOTL\tAGE\t"+strings.Join(outageSamples, "\t"))
		row := func(hour string) []string {
			verdicts, said := o.answers()
			l := o.listState("eu-lotl")
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", hour, l.state, l.age, strings.Join(said, "\t"))
			return verdicts
		}
		for hour := 0; hour <= 72; hour++ {
			time.Sleep(time.Until(down.Add(time.Duration(hour) * time.Hour)))
			_, said := o.answers()
			if hour%12 == 0 || hour == 11 || hour == 13 || hour == 25 {
				row(fmt.Sprint(hour))
			}
			o.wantDuring(t, hour, said)
		}
		o.fault(cachetest.None)
		o.publishTokens()
		o.publishCRLs()
		time.Sleep(10 * time.Minute)
		if got := row("back"); got[0] != "valid" || got[4] != "invalid" {
			t.Errorf("ten minutes after the origins are back: %q", got)
		}
		_ = table.Flush()
		t.Logf("%d requests in three days\n%s", len(o.origin.Requests("")), b.String())
	})
}

// wantDuring holds what is said in an hour of the outage against what may be.
func (o *outage) wantDuring(t *testing.T, hour int, said []string) {
	t.Helper()
	stale := ""
	if hour >= 24 {
		stale = " (trustlist_stale) (crl_expired)" // which are of a day, too
	}
	want := map[string]string{
		"mdl-vical":      "valid" + stale, // short-lived: needs no status
		"unknown-issuer": "invalid anchor_not_found",
	}
	if hour < 12 {
		want["sdjwt-pid-de"], want["mdoc-pid-de"], want["qeaa-diploma-de"] = "valid", "valid", "valid"
		want["revoked"] = "invalid status_revoked"
	} else if hour > 12 {
		for _, sample := range []string{"sdjwt-pid-de", "mdoc-pid-de", "qeaa-diploma-de", "revoked"} {
			want[sample] = "indeterminate status_token_expired" + stale
		}
	}
	for i, sample := range outageSamples {
		if w := want[sample]; w != "" && said[i] != w {
			t.Errorf("hour %d, %s: %s, want %s", hour, sample, said[i], w)
		}
	}
}

// publishCRLs publishes revocation lists as of now.
func (o *outage) publishCRLs() {
	o.t.Helper()
	crls, err := o.CRLs(time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	for url, der := range crls {
		path := strings.TrimPrefix(url, upstream)
		o.origin.Set(path, cachetest.Document{Body: der})
		o.paths = append(o.paths, path)
	}
}

// publishTokens publishes status tokens as of now.
func (o *outage) publishTokens() {
	o.t.Helper()
	tokens, err := o.StatusTokens(time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	for uri, token := range tokens {
		o.origin.Set(strings.TrimPrefix(uri, upstream), cachetest.Document{Body: token.Token})
	}
}

type stateAge struct{ state, age string }

func (o *outage) listState(name string) stateAge {
	for _, l := range (engine{o.node}).Lists() {
		if l.Name == name {
			return stateAge{l.State, (time.Duration(l.AgeSeconds) * time.Second).String()}
		}
	}
	return stateAge{}
}

func trustKind(v any) trustlist.Kind { return trustlist.Kind(v.(string)) }
