package node

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// attack is one thing an origin, or whoever sits before it, can do to a node.
type attack struct {
	name string
	path string
	list string
	do   func(l *realLab) cachetest.Document
	want string // the code of the refusal; "502": nothing was brought to be judged
}

func attacks() []attack {
	body := func(f func(l *realLab) []byte) func(*realLab) cachetest.Document {
		return func(l *realLab) cachetest.Document { return cachetest.Document{Body: f(l)} }
	}
	fault := func(f cachetest.Fault) func(*realLab) cachetest.Document {
		return func(*realLab) cachetest.Document { return cachetest.Document{Fault: f} }
	}
	redirect := func(location string) func(*realLab) cachetest.Document {
		return func(l *realLab) cachetest.Document {
			_, port, _ := strings.Cut(strings.TrimPrefix(l.site, "https://"), ":")
			return cachetest.Document{Fault: cachetest.Redirect, Location: strings.ReplaceAll(location, "PORT", port)}
		}
	}
	lotl := func(o verifytest.LOTLOptions) func(*realLab) cachetest.Document {
		return body(func(l *realLab) []byte { return l.must(l.LOTL(o)) })
	}
	de := func(o verifytest.TLOptions) func(*realLab) cachetest.Document {
		return body(func(l *realLab) []byte { return l.must(l.TL("DE", o)) })
	}
	list := []attack{
		{"rollback", pidPath, "pid", body(func(l *realLab) []byte {
			return l.must(l.LoTE("pid", verifytest.ListOptions{Issued: l.Now.Add(-time.Hour)}))
		}), "trustlist_conflict"},
		{"equivocation", dePath, "eu-lotl:DE", de(verifytest.TLOptions{Without: []string{"qeaa-de"}}), "trustlist_conflict"},
		{"equivocation of the VICAL", vicalPath, "us-vical", body(func(l *realLab) []byte {
			return l.must(l.VICAL(verifytest.VICALOptions{Without: []string{"us-jf"}}))
		}), "vical_conflict"},
		{"fast-forward", lotlPath, "eu-lotl", lotl(verifytest.LOTLOptions{Sequence: 1 << 31, Territories: []string{"NL"}}), "trustlist_sequence_jump"},
		{"endless body", lotlPath, "eu-lotl", fault(cachetest.Endless), "502"},
		{"redirect loop", dePath, "eu-lotl:DE", fault(cachetest.Loop), "502"},
		{"gzip bomb", vicalPath, "us-vical", fault(cachetest.Bomb), "502"},
		{"cut off", lotlPath, "eu-lotl", fault(cachetest.Cut), "502"},
		{"connection broken", lotlPath, "eu-lotl", fault(cachetest.Refuse), "502"},
		{"500", dePath, "eu-lotl:DE", func(*realLab) cachetest.Document { return cachetest.Document{Status: 500} }, "502"},
		{"an error page", dePath, "eu-lotl:DE", body(func(*realLab) []byte { return []byte("<html><body>maintenance</body></html>") }), "trustlist_malformed"},
		{"another country's list", dePath, "eu-lotl:DE", body(func(l *realLab) []byte { return l.must(l.TL("NL", verifytest.TLOptions{Sequence: 2})) }), "trustlist_signer_unknown"},
		{"another profile's list", pidPath, "pid", body(func(l *realLab) []byte { return l.must(l.LoTE("wallet", verifytest.ListOptions{Sequence: 2})) }), "trustlist_wrong_type"},
		{"a rogue signer", lotlPath, "eu-lotl", body(func(l *realLab) []byte {
			k, err := l.TLSigner("DE") // whom the LOTL itself names, for another list
			if err != nil {
				l.t.Fatal(err)
			}
			return l.must(l.LOTL(verifytest.LOTLOptions{Sequence: 2, Signer: k, Territories: []string{"DE"}}))
		}), "trustlist_signer_unknown"},
		{"unsigned", dePath, "eu-lotl:DE", de(verifytest.TLOptions{Sequence: 2, Damage: withoutSignature}), "trustlist_signature_missing"},
		{"unsigned LoTE", pidPath, "pid", body(func(*realLab) []byte { return []byte(`{"LoTE": {}}`) }), "trustlist_signature_missing"},
		{"a document type", lotlPath, "eu-lotl", lotl(verifytest.LOTLOptions{Sequence: 2, Damage: func(b []byte) []byte {
			return append([]byte(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`), b...)
		}}), "trustlist_xml_dtd_forbidden"},
		{"a wrapped signature", dePath, "eu-lotl:DE", de(verifytest.TLOptions{Sequence: 2, Damage: wrapped}), "trustlist_xml_wrapping"},
		{"a changed byte", dePath, "eu-lotl:DE", de(verifytest.TLOptions{Sequence: 2, Damage: func(b []byte) []byte {
			return bytes.Replace(b, []byte("Diploma Register"), []byte("Diploma Registry"), 1)
		}}), "trustlist_signature_invalid"},
		{"a parser's nightmare", dePath, "eu-lotl:DE", body(func(*realLab) []byte {
			return []byte(strings.Repeat("<a>", 1<<20))
		}), "trustlist_too_large"},
		{"too large", vicalPath, "us-vical", body(func(*realLab) []byte { return make([]byte, cache.MaxList+1) }), "502"},
		{"garbage", vicalPath, "us-vical", body(func(*realLab) []byte { return []byte{0x84, 0x43, 0xa1, 0x01} }), "vical_malformed"},
		{"redirect to http", dePath, "eu-lotl:DE", redirect("http://127.0.0.1:PORT/tl-de.xml"), "502"},
		{"redirect with a password", dePath, "eu-lotl:DE", redirect("https://user:pw@127.0.0.1:PORT/tl-de.xml"), "502"},
	}
	// The machine itself, its network, and the ways to write them in IPv6.
	for _, host := range []string{
		"127.0.0.1:9", "127.1.2.3:PORT", "2130706433:PORT", "0x7f.1:PORT", "[::1]:PORT", "[::ffff:127.0.0.1]:PORT", "[::127.0.0.1]:PORT",
		"[64:ff9b::7f00:1]:PORT", "[2002:7f00:1::]:PORT", "[fe80::1]:PORT", "[fd00::1]:PORT", "10.0.0.1:PORT", "169.254.169.254", "0.0.0.0:PORT",
	} {
		list = append(list, attack{"redirect to " + host, dePath, "eu-lotl:DE", redirect("https://" + host + "/tl-de.xml"), "502"})
	}
	return list
}

// withoutSignature takes the signature out of an XML list.
func withoutSignature(b []byte) []byte {
	from, to := bytes.Index(b, []byte("<ds:Signature")), bytes.Index(b, []byte("</ds:Signature>"))
	return append(bytes.Clone(b[:from]), b[to+len("</ds:Signature>"):]...)
}

// wrapped puts a list inside another, so that a reference by name finds the old one.
func wrapped(b []byte) []byte {
	b = b[bytes.Index(b, []byte("<TrustServiceStatusList")):]
	end := bytes.LastIndex(b, []byte("</"))
	return append(append(bytes.Clone(b[:end]), b...), b[end:]...)
}

// TestAttacks: whatever an origin does to a live node, what was good stays in
// force, and the node says what happened, in /v1/lists, in metrics and in its log.
func TestAttacks(t *testing.T) {
	l := newRealLab(t)
	good := map[string]cachetest.Document{}
	for _, path := range []string{lotlPath, dePath, vicalPath, pidPath} {
		l.origin.Change(path, func(d *cachetest.Document) { good[path] = *d })
	}
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			l.t = t
			d := a.do(l)
			d.NoETag = true
			l.origin.Set(a.path, d)
			defer l.origin.Set(a.path, good[a.path])
			code, err := l.look(a.path)
			if code != a.want {
				t.Fatalf("%s %v, want %s", code, err, a.want)
			}
			l.wantTold(a)
			l.wantAnchors()
		})
	}
	l.t = t
	for _, a := range attacks() { // the origin is well again
		if code, err := l.look(a.path); err != nil && code != "trustlist_rollback" {
			t.Errorf("%s: %s %v", a.path, code, err)
		}
	}
	if got := l.list("eu-lotl"); got.State != "fresh" || got.LastError != nil {
		t.Errorf("%+v", got)
	}
}

// wantTold wants an operator to be able to see what happened.
func (l *realLab) wantTold(a attack) {
	l.t.Helper()
	info := l.list(a.list)
	if a.want == "502" {
		if info.LastError == nil || info.LastError.Detail == "" {
			l.t.Errorf("%s has no last_error", a.list)
		}
		if got := l.metric(fmt.Sprintf(`edgetrust_origin_requests_total{list=%q,outcome="failed"}`, a.list)); got == "" {
			l.t.Error("the failure is not counted")
		}
		return
	}
	last := info.Refused[len(info.Refused)-1]
	if last.Code != a.want || last.Door != "origin" || last.Detail == "" {
		l.t.Errorf("refused: %+v", info.Refused)
	}
	if got := l.metric(fmt.Sprintf(`edgetrust_artefacts_refused_total{code=%q,door="origin",list=%q}`, a.want, a.list)); got == "" {
		l.t.Error("the refusal is not counted")
	}
	if !strings.Contains(l.logs.String(), last.Detail) {
		l.t.Error("the refusal is not logged")
	}
}

// A freeze shows: the origin answers, and always with the same old list. It is
// stale, then its anchors stop counting, by what it says itself.
func TestAttackFreeze(t *testing.T) {
	l := newDeadLab(t)
	l.publish()
	now := time.Now()
	l.set(dePath, l.must(l.TL("DE", verifytest.TLOptions{Issued: now.Add(-30 * 24 * time.Hour), NextUpdate: now.Add(-time.Hour)})))
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{Issued: now.Add(-30 * 24 * time.Hour), NextUpdate: now.Add(5 * time.Second)})))
	l.start()
	l.lookAtAll()
	l.want("qeaa-diploma-de", "valid")
	if got := l.list("eu-lotl:DE"); got.State != "stale" {
		t.Errorf("state %s", got.State)
	}
	eventually(t, "the frozen list has expired", func() bool { return l.list("pid").State == "expired" })
	l.want("sdjwt-pid-de", "indeterminate anchor_list_stale")
	if code, _ := l.look(pidPath); code != "" && code != "trustlist_expired" {
		t.Errorf("the frozen list again: %s", code)
	}
	l.want("sdjwt-pid-de", "indeterminate anchor_list_stale")
	l.want("qeaa-diploma-nl", "valid")
}

// A signed list that lost most of its anchors is held, then released by an
// operator; meanwhile nobody is valid under them, and nobody falsely untrusted.
func TestAttackEmptiedList(t *testing.T) {
	l := newRealLab(t)
	crowd := l.crowd(12)
	full := verifytest.ListOptions{Sequence: 2, Authorities: append(l.Authorities(), crowd...)}
	l.set(pidPath, l.must(l.LoTE("pid", full)))
	if code, err := l.look(pidPath); err != nil {
		t.Fatal(code, err)
	}
	l.want("sdjwt-pid-de", "valid")
	emptied := verifytest.ListOptions{Sequence: 3, Authorities: []*verifytest.Authority{l.PID("FR")}}
	l.set(pidPath, l.must(l.LoTE("pid", emptied)))
	if code, err := l.look(pidPath); err != nil {
		t.Fatal(code, err)
	}
	l.want("sdjwt-pid-de", "indeterminate anchor_change_held")
	l.want("sdjwt-pid-fr", "valid")
	if got := l.list("pid"); got.State != "held" || got.HeldUntil.IsZero() {
		t.Errorf("%+v", got)
	}
	// A restart does not end the hold.
	l.stop()
	l.start()
	eventually(t, "the node is ready", func() bool { ok, _ := l.node.Ready(); return ok })
	l.want("sdjwt-pid-de", "indeterminate anchor_change_held")
	if _, err := l.client().Accept(t.Context(), "pid"); err != nil {
		t.Fatal(err)
	}
	l.want("sdjwt-pid-de", "invalid anchor_withdrawn")
	l.want("sdjwt-pid-fr", "valid")
}

// crowd are further listed providers.
func (l *realLab) crowd(n int) (list []*verifytest.Authority) {
	l.t.Helper()
	for i := range n {
		a := *l.PID("DE")
		a.ID, a.Name, a.TradeID = fmt.Sprintf("de-%d", i), fmt.Sprintf("Provider %d", i), fmt.Sprintf("NTRDE-%06d", i)
		ca, err := verifytest.Certify(a.CertOptions(l.Now, "CA", nil))
		if err != nil {
			l.t.Fatal(err)
		}
		a.CA, a.Services = ca, []verifytest.Service{{Purpose: "issuance", Certs: []*verifytest.Key{ca}}}
		list = append(list, &a)
	}
	return list
}

// A body of one byte per second, and an origin that takes the connection and says
// nothing, cost a place each for half a minute and nobody else a moment.
func TestAttackSlowness(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a fetch may: half a minute")
	}
	l := newRealLab(t)
	slow := map[string]cachetest.Fault{dePath: cachetest.Trickle, vicalPath: cachetest.Hang}
	done := make(chan string, len(slow))
	for path, f := range slow {
		l.origin.Set(path, cachetest.Document{Body: make([]byte, 1<<20), Fault: f, NoETag: true})
		go func() {
			code, _ := l.look(path)
			done <- code
		}()
		eventually(t, "the slow answer has begun", func() bool { return len(l.origin.Requests(path)) > 1 })
	}
	for _, path := range []string{nlPath, pidPath, lotlPath} {
		if code, err := l.look(path); err != nil {
			t.Errorf("%s while others are slow: %s %v", path, code, err)
		}
	}
	l.wantAnchors()
	for range slow {
		if code := <-done; code != "502" {
			t.Errorf("%q", code)
		}
	}
	l.wantAnchors()
}
