package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

const full = `
version: 1
name: edge-fra-1
zone: eu-fra
log: {level: debug, format: json}
public:
  listen: ":8443"
  tls: {cert: server.crt, key: /etc/server.key}
  auth: {tokens_file: tokens, client_ca: ca.pem}
  rate: {per_client: 200/s, burst: 400}
  allow_0rtt: true
admin: {listen: "127.0.0.1:9443", token_file: admin.token}
trust:
  sources:
    - {name: pid-providers, type: lote, profile: pid, url: "https://lists.example/pid", signers: [eu-lote.pem, "oj/*.pem"], refresh: 30m, required: true}
    - {name: lab, type: anchors, url: "file:lab-ca.pem", kind: pid, purposes: [issuance, revocation], territory: DE, types: ["urn:eudi:pid:de:1"]}
    - {name: labs-list, type: lote, url: "http://127.0.0.1:8080/list", signers: [/abs.pem], allow_insecure: true}
    - {name: absolute, type: anchors, url: "file:///etc/ca.pem", kind: eaa, purposes: [issuance], types: [x]}
  kinds: {"urn:example:membership:1": eaa}
  sudden_removal: {share: 0.5, hold: 2h}
status:
  prefetch: ["https://status.example/1", "http://127.0.0.1:8080/2"]
  refresh: {min: 10s, max: 2m}
  allow_hosts: ["127.0.0.1:8080"]
  allow_insecure: true
policies:
  gate: {status: best_effort, max_status_age: 48h, max_list_age: 24h, algorithms: [ES256, ES384], allow_legacy_typ: true, allow_valid_until_after_cert: true, allow_audience_slash: true}
  default: {status: required, holder_binding: if_present, clock_skew: 0s, kb_max_age: 10m}
limits: {body: 2MiB, presentation: 128KiB, batch: 10, disclosures: 100, documents: 4, in_flight: 8}
`

func TestFull(t *testing.T) {
	got, err := Parse([]byte(full), "/base")
	if err != nil {
		t.Fatal(err)
	}
	base := verify.Policy{Name: "default", Status: verify.Required, HolderBinding: verify.IfPresent, KBMaxAge: 10 * time.Minute}
	gate := base
	gate.Name, gate.Status, gate.MaxStatusAge, gate.MaxListAge = "gate", verify.BestEffort, 48*time.Hour, 24*time.Hour
	gate.Algorithms = []string{"ES256", "ES384"}
	gate.AllowLegacyTyp, gate.AllowValidUntilAfterCert, gate.AllowAudienceSlash = true, true, true
	want := &Config{
		Name: "edge-fra-1", Zone: "eu-fra",
		Log: Log{slog.LevelDebug, "json"},
		Public: Public{
			Listen: ":8443", TLS: TLS{"/base/server.crt", "/etc/server.key"}, Auth: Auth{TokensFile: "/base/tokens", ClientCA: "/base/ca.pem"},
			Rate: Rate{200, 400}, Allow0RTT: true,
		},
		Admin: Admin{"127.0.0.1:9443", "/base/admin.token"},
		Trust: Trust{
			Sources: []Source{
				{Name: "pid-providers", Type: "lote", Profile: "pid", URL: "https://lists.example/pid", Signers: []string{"/base/eu-lote.pem", "/base/oj/*.pem"}, Refresh: 30 * time.Minute, Required: true},
				{Name: "lab", Type: "anchors", URL: "file:lab-ca.pem", Path: "/base/lab-ca.pem", Refresh: time.Hour, Kind: trustlist.KindPID,
					Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}, Territory: "DE", Types: []string{"urn:eudi:pid:de:1"}},
				{Name: "labs-list", Type: "lote", URL: "http://127.0.0.1:8080/list", Signers: []string{"/abs.pem"}, Refresh: time.Hour, AllowInsecure: true},
				{Name: "absolute", Type: "anchors", URL: "file:///etc/ca.pem", Path: "/etc/ca.pem", Refresh: time.Hour, Kind: trustlist.KindEAA, Purposes: []trustlist.Purpose{trustlist.Issuance}, Types: []string{"x"}},
			},
			Kinds:         map[string]trustlist.Kind{"urn:example:membership:1": trustlist.KindEAA},
			SuddenRemoval: SuddenRemoval{0.5, 2 * time.Hour},
		},
		Status: Status{
			Prefetch:   []string{"https://status.example/1", "http://127.0.0.1:8080/2"},
			RefreshMin: 10 * time.Second, RefreshMax: 2 * time.Minute, AllowHosts: []string{"127.0.0.1:8080"}, AllowInsecure: true,
		},
		Policies: map[string]verify.Policy{"default": base, "gate": gate},
		Limits:   Limits{2 << 20, 128 << 10, 10, 100, 4, 8},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p, ok := got.Policy(""); !ok || p.Name != "default" {
		t.Error("no name is the default policy")
	}
	if _, ok := got.Policy("nobody"); ok {
		t.Error("a policy nobody made")
	}
	if l := got.Limits.VerifyLimits(); l != (verify.Limits{Presentation: 128 << 10, Disclosures: 100, Documents: 4}) {
		t.Errorf("%+v", l)
	}
}

// onlyTrust is what a file needs beside its listener.
const onlyTrust = "\ntrust: {sources: [{" + goodAnchors + "}]}\n"

// minimal is the shortest file that works, with more behind it.
func minimal(more string) string {
	return `
public: {listen: "127.0.0.1:0"}
trust: {sources: [{name: lab, type: anchors, url: "file:ca.pem", kind: pid, purposes: [issuance]}]}
` + more
}

func TestDefaults(t *testing.T) {
	got, err := Parse([]byte(minimal("")), "/base")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Public.Listen = "127.0.0.1:0"
	want.Trust.Sources = got.Trust.Sources
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(verify.DefaultPolicy(), got.Policies["default"]); d != "" {
		t.Error(d)
	}
	if got.Name == "" || got.Limits.Body != 1<<20 || got.Limits.Presentation != 256<<10 || got.Limits.Batch != 100 || got.Limits.InFlight != 0 {
		t.Errorf("%+v", got)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("what was parsed is not valid: %v", err)
	}
}

// source is a file with one source that says more, or something else.
func source(s string) string {
	return "public: {listen: \"127.0.0.1:0\"}\ntrust:\n  sources:\n    - " + s + "\n"
}

const (
	goodLoTE    = `name: a, type: lote, url: "https://h/l", signers: [s.pem]`
	goodAnchors = `name: a, type: anchors, url: "file:ca.pem", kind: pid, purposes: [issuance]`
)

// wrong are files with the field a problem has to name and a word it has to say.
var wrong = []struct{ file, field, says string }{
	{"", "public.auth", "open"},
	{"", "trust.sources", "at least one"},
	{"[]", "", "mapping"},
	{"a: [", "", "not YAML"},
	{minimal("---\nname: x\n"), "", "second document"},
	{strings.Repeat("#", MaxFile+1), "", "larger"},
	{minimal("nonsense: 1"), "nonsense", "unknown member"},
	{minimal("Name: x"), "Name", "unknown member"},
	{minimal("name: a\nname: b"), "name", "twice"},
	{minimal("name: 'a b'"), "name", "letters"},
	{minimal("name: " + strings.Repeat("x", 65)), "name", "letters"},
	{minimal("name:"), "name", "empty"},
	{minimal("name: [a]"), "name", "text"},
	{minimal("zone: 'a/b'"), "zone", "letters"},
	{minimal("version: 2"), "version", "from 1 to 1"},
	{minimal("residency: {jurisdiction: EU}"), "residency", "not supported by this version"},
	{minimal("data_dir: /x"), "data_dir", "not supported by this version"},
	{minimal("egress: {}"), "egress", "not supported by this version"},
	{minimal("gossip: {mode: member}"), "gossip", "not supported by this version"},
	{minimal("hot_issuer_keys: false"), "hot_issuer_keys", "not supported by this version"},
	{minimal("remember_issuer_signatures: false"), "remember_issuer_signatures", "not supported by this version"},
	{minimal("log: {level: loud}"), "log.level", "debug"},
	{minimal("log: {format: xml}"), "log.format", "json"},
	{minimal("log: json"), "log", "mapping"},
	{minimal("admin: {listen: here}"), "admin.listen", "port"},
	{minimal("admin: {listen: ':99999'}"), "admin.listen", "port"},
	{minimal("admin: {listen: ':9443'}"), "admin.token_file", "not on loopback"},
	{minimal("admin: {listen: '127.0.0.1:1', more: 1}"), "admin.more", "unknown"},
	{minimal("status: {prefetch: ['http://127.0.0.1/1']}"), "status.prefetch[0]", "allow_insecure"},
	{minimal("status: {prefetch: ['http://127.0.0.1:1/1'], allow_insecure: true, allow_hosts: ['127.0.0.1:2']}"), "status.prefetch[0]", "allow_hosts"},
	{minimal("status: {prefetch: ['/1']}"), "status.prefetch[0]", "absolute"},
	{minimal("status: {prefetch: ['https://h/1', 'https://h/1']}"), "status.prefetch[1]", "twice"},
	{minimal("status: {prefetch: 'https://h/1'}"), "status.prefetch", "list"},
	{minimal("status: {prefetch: [[x]]}"), "status.prefetch[0]", "text"},
	{minimal("status: {refresh: {min: 5m, max: 1m}}"), "status.refresh", "larger"},
	{minimal("status: {refresh: {min: 0s}}"), "status.refresh.min", "duration"},
	{minimal("status: {refresh: {min: 30}}"), "status.refresh.min", "duration"},
	{minimal("status: {allow_insecure: true}"), "status.allow_hosts", "name the hosts"},
	{minimal("status: {allow_hosts: ['https://h/']}"), "status.allow_hosts[0]", "host"},
	{minimal("status: {allow_insecure: perhaps}"), "status.allow_insecure", "true or false"},
	{minimal("status: {on_miss: fetch}"), "status.on_miss", "not supported"},
	{minimal("status: {max_memory: 1MiB}"), "status.max_memory", "not supported"},
	{minimal("status: {aggregation: []}"), "status.aggregation", "not supported"},
	{minimal("policies: {default: {status: maybe}}"), "policies.default.status", "best_effort"},
	{minimal("policies: {default: {status: if_present}}"), "policies.default.status", "best_effort"},
	{minimal("policies: {default: {holder_binding: best_effort}}"), "policies.default.holder_binding", "if_present"},
	{minimal("policies: {default: {crl: skip}}"), "policies.default.crl", "not supported"},
	{minimal("policies: {default: {clock_skew: 11m}}"), "policies.default.clock_skew", "0s to 10m"},
	{minimal("policies: {default: {clock_skew: -1s}}"), "policies.default.clock_skew", "duration"},
	{minimal("policies: {default: {kb_max_age: 0s}}"), "policies.default.kb_max_age", "duration"},
	{minimal("policies: {default: {max_status_age: 0s}}"), "policies.default.max_status_age", "duration"},
	{minimal("policies: {default: {algorithms: [none]}}"), "policies.default.algorithms[0]", "ES256"},
	{minimal("policies: {default: {algorithms: []}}"), "policies.default.algorithms", "at least one"},
	{minimal("policies: {'a b': {}}"), "policies.a b", "letters"},
	{minimal("policies: {x: 1}"), "policies.x", "mapping"},
	{minimal("policies: []"), "policies", "mapping"},
	{minimal("limits: {body: 1MB}"), "limits.body", "1KiB to 64MiB"},
	{minimal("limits: {body: 1}"), "limits.body", "size"},
	{minimal("limits: {body: 99GiB}"), "limits.body", "size"},
	{minimal("limits: {body: -1}"), "limits.body", "size"},
	{minimal("limits: {presentation: 9223372036854775807GiB}"), "limits.presentation", "size"},
	{minimal("limits: {batch: 0}"), "limits.batch", "whole number"},
	{minimal("limits: {batch: 1.5}"), "limits.batch", "whole number"},
	{minimal("limits: {disclosures: x}"), "limits.disclosures", "whole number"},
	{minimal("limits: {documents: 257}"), "limits.documents", "to 256"},
	{minimal("limits: {in_flight: -1}"), "limits.in_flight", "whole number"},
	{"public: {listen: '127.0.0.1'}", "public.listen", "port"},
	{"public: {listen: ':8443'}", "public.auth", "open"},
	{"public: {listen: '0.0.0.0:1', auth: {}}", "public.auth", "open"},
	{"public: {listen: ':1', auth: closed}", "public.auth", "open"},
	{"public: {auth: {token: x}}", "public.auth.token", "unknown"},
	{"public: {tls: {cert: a}}", "public.tls", "together"},
	{"public: {rate: {burst: 5}}", "public.rate.per_client", "200/s"},
	{"public: {rate: {per_client: 200}}", "public.rate.per_client", "200/s"},
	{"public: {rate: {per_client: 0/s}}", "public.rate.per_client", "200/s"},
	{"public: {rate: {per_client: 5/d}}", "public.rate.per_client", "200/s"},
	{"public: {rate: {per_client: 5/s, burst: 0}}", "public.rate.burst", "whole number"},
	{source("{}"), "trust.sources[0].name", "letters"},
	{source("{}"), "trust.sources[0].type", "lote, anchors"},
	{source("{name: a, type: lotl}"), "trust.sources[0].type", "not supported by this version"},
	{source("{name: a, type: vical}"), "trust.sources[0].type", "not supported by this version"},
	{source("{name: a, type: x}"), "trust.sources[0].type", "lote, anchors"},
	{source("{" + goodLoTE + "}\n    - {" + goodAnchors + "}"), "trust.sources[1].name", "trust.sources[0]"},
	{source("{" + goodLoTE + ", profile: x}"), "trust.sources[0].profile", "pid, wallet"},
	{source("{" + goodLoTE + ", territories: [DE]}"), "trust.sources[0].territories", "not supported"},
	{source("{" + goodLoTE + ", kind: pid}"), "trust.sources[0].kind", "type anchors"},
	{source("{" + goodLoTE + ", purposes: [issuance]}"), "trust.sources[0].purposes", "type anchors"},
	{source("{" + goodLoTE + ", territory: DE}"), "trust.sources[0].territory", "type anchors"},
	{source("{" + goodLoTE + ", types: [x]}"), "trust.sources[0].types", "type anchors"},
	{source("{" + goodLoTE + ", refresh: 10ms}"), "trust.sources[0].refresh", "duration"},
	{source("{" + goodLoTE + ", required: 1}"), "trust.sources[0].required", "true or false"},
	{source("{name: a, type: lote, url: 'https://h/l'}"), "trust.sources[0].signers", "PEM"},
	{source("{name: a, type: lote, url: 'https://h/l', signers: []}"), "trust.sources[0].signers", "PEM"},
	{source("{name: a, type: lote, signers: [s]}"), "trust.sources[0].url", "a URL is needed"},
	{source("{name: a, type: lote, url: 'http://h/l', signers: [s]}"), "trust.sources[0].url", "allow_insecure"},
	{source("{name: a, type: lote, url: 'file:l', signers: [s]}"), "trust.sources[0].url", "absolute"},
	{source("{name: a, type: lote, url: 'ftp://h/l', signers: [s], allow_insecure: true}"), "trust.sources[0].url", "https://"},
	{source("{name: a, type: lote, url: 'https://u:p@h/l', signers: [s]}"), "trust.sources[0].url", "password"},
	{source("{name: a, type: lote, url: 'https://h/l#f', signers: [s]}"), "trust.sources[0].url", "fragment"},
	{source("{name: a, type: lote, url: 'https:///l', signers: [s]}"), "trust.sources[0].url", "absolute"},
	{source("{name: a, type: anchors, url: 'https://h/ca.pem', kind: pid, purposes: [issuance]}"), "trust.sources[0].url", "file:PATH"},
	{source("{name: a, type: anchors, url: 'file:', kind: pid, purposes: [issuance]}"), "trust.sources[0].url", "path"},
	{source("{name: a, type: anchors, url: 'file://h/ca.pem', kind: pid, purposes: [issuance]}"), "trust.sources[0].url", "another host"},
	{source("{name: a, type: anchors, url: 'file:ca.pem', purposes: [issuance]}"), "trust.sources[0].kind", "which kind"},
	{source("{name: a, type: anchors, url: 'file:ca.pem', kind: passport, purposes: [issuance]}"), "trust.sources[0].kind", "pid"},
	{source("{name: a, type: anchors, url: 'file:ca.pem', kind: pid}"), "trust.sources[0].purposes", "issuance"},
	{source("{name: a, type: anchors, url: 'file:ca.pem', kind: pid, purposes: [all]}"), "trust.sources[0].purposes[0]", "issuance"},
	{source("{name: a, type: anchors, url: 'file:ca.pem', kind: eaa, purposes: [issuance]}"), "trust.sources[0].types", "serves none"},
	{source("{" + goodAnchors + ", territory: DEU}"), "trust.sources[0].territory", "two letters"},
	{source("{" + goodAnchors + ", territory: D1}"), "trust.sources[0].territory", "two letters"},
	{source("{" + goodAnchors + ", signers: [s]}"), "trust.sources[0].signers", "type lote"},
	{source("{" + goodAnchors + ", profile: pid}"), "trust.sources[0].profile", "type lote"},
	{source("{" + goodAnchors + ", allow_insecure: true}"), "trust.sources[0].allow_insecure", "type lote"},
	{"trust: {sources: {}}", "trust.sources", "list"},
	{"trust: {kinds: {x: passport}}", "trust.kinds.x", "pid"},
	{"trust: {sudden_removal: {share: 0}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {share: 1.1}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {share: NaN}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {hold: 0s}}", "trust.sudden_removal.hold", "duration"},
	{"trust: {soak: 30s}", "trust.soak", "not supported"},
	{"trust: {rewrite: []}", "trust.rewrite", "not supported"},
	{"? [a]\n: b", "", "plain word"},
	{"<<: {name: x}", "<<", "unknown"},
}

// problems takes the joined error apart.
func problems(t *testing.T, err error) (list []*Problem) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("not joined: %v", err)
	}
	for _, e := range joined.Unwrap() {
		var p *Problem
		if !errors.As(e, &p) {
			t.Fatalf("not a problem: %v", e)
		}
		list = append(list, p)
	}
	return list
}

func TestWrong(t *testing.T) {
	for _, c := range wrong {
		_, err := Parse([]byte(c.file), "/base")
		if err == nil {
			t.Errorf("%.200s\nis accepted", c.file)
			continue
		}
		found := false
		for _, p := range problems(t, err) {
			found = found || p.Field == c.field && strings.Contains(p.Text, c.says)
			if c.field != "" && p.Field == c.field && p.Line == 0 && c.file != "" {
				t.Errorf("%.200s\n%s: without a line", c.file, p.Field)
			}
		}
		if !found {
			t.Errorf("%.200s\nnothing says %q of %q:\n%v", c.file, c.says, c.field, err)
		}
	}
}

func TestAllProblemsAreReportedInOrder(t *testing.T) {
	file := "name: 'a b'\nlog: {level: loud}\nwhat: 1\npublic: {listen: ':1'}\ntrust:\n  sources:\n    - {name: x, type: lote, url: 'https://h', signers: [s]}\n    - {name: y, type: lote, url: 'http://h', signers: [s]}\n"
	_, err := Parse([]byte(file), "/base")
	if err == nil {
		t.Fatal("accepted")
	}
	want := `line 1: name: a name of 1 to 64 letters, digits, -, _ and . is needed
line 2: log.level: one of debug, info, warn, error is needed
line 3: what: unknown member; the members here are admin, limits, log, name, policies, public, status, trust, version, zone
line 4: public.auth: is needed because public.listen is not on loopback: {tokens_file: …}, {client_ca: …}, or the word open to let everybody ask
line 8: trust.sources[1].url: http:// is refused; use https://, or set allow_insecure: true on this source (loopback labs)`
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}

func TestGoodForms(t *testing.T) {
	for file, check := range map[string]func(*Config) bool{
		minimal("limits: {body: 4096}"):                                        func(c *Config) bool { return c.Limits.Body == 4096 },
		minimal("limits: {body: 2048B}"):                                       func(c *Config) bool { return c.Limits.Body == 2048 },
		minimal("name: &n lab-1\nzone: *n"):                                    func(c *Config) bool { return c.Zone == "lab-1" },
		"public: {listen: ':1', auth: open}" + onlyTrust:                       func(c *Config) bool { return c.Public.Auth.Open },
		"public: {listen: '[::1]:1', rate: {per_client: 600/m}}" + onlyTrust:   func(c *Config) bool { return c.Public.Rate == Rate{10, 10} },
		"public: {listen: 'localhost:1', rate: {per_client: 1/h}}" + onlyTrust: func(c *Config) bool { return c.Public.Rate.Burst == 1 },
	} {
		c, err := Parse([]byte(file), "/base")
		if err != nil {
			t.Errorf("%s\n%v", file, err)
		} else if !check(c) {
			t.Errorf("%s\nis read as %+v", file, c)
		}
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true, "[::ffff:127.0.0.1]:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "192.0.2.1:1": false, "host:1": false, "127.0.0.1": false} {
		if Loopback(addr) != want {
			t.Errorf("%s: %v", addr, !want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "edgenode.yaml")
	if err := os.WriteFile(path, []byte(minimal("admin: {token_file: admin.token}")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Trust.Sources[0].Path != filepath.Join(dir, "ca.pem") || c.Admin.TokenFile != filepath.Join(dir, "admin.token") {
		t.Errorf("paths stand relative to the file: %+v", c)
	}
	if _, err := Load(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if err := os.WriteFile(path, []byte("x: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "line 1: x") {
		t.Errorf("%v", err)
	}
}

// FuzzConfig: no file makes a panic, and what is accepted is valid.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(full))
	for _, c := range wrong {
		if len(c.file) < 1000 {
			f.Add([]byte(c.file))
		}
	}
	f.Add([]byte("a: &a [*a]\nname: *a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b, "/base")
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("accepted, but not valid: %v", err)
		}
	})
}
