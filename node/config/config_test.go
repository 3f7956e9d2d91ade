package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
data_dir: data
residency: {jurisdiction: EU, allow: [eu, CH]}
log: {level: debug, format: json}
public:
  listen: ":8443"
  tls: {cert: server.crt, key: /etc/server.key}
  auth: {tokens_file: tokens, client_ca: ca.pem}
  rate: {per_client: 200/s, burst: 400}
  allow_0rtt: true
  refresh: {tokens_file: issuers, rate: {per_token: 6/m, burst: 3}}
admin: {listen: "127.0.0.1:9443", token_file: admin.token}
egress: {proxy: "http://user:pw@proxy:3128", ca_file: corp-ca.pem}
trust:
  sources:
    - {name: pid-providers, type: lote, profile: pid, url: "https://lists.example/pid", signers: [eu-lote.pem, "oj/*.pem"], refresh: 30m, required: true}
    - {name: lab, type: anchors, url: "file:lab-ca.pem", kind: pid, purposes: [issuance, revocation], territory: DE, types: ["urn:eudi:pid:de:1"]}
    - {name: labs-list, type: lote, url: "http://127.0.0.1:8080/list", signers: [/abs.pem], allow_insecure: true}
    - {name: eu-lotl, type: lotl, url: "https://ec.europa.eu/tools/lotl/eu-lotl.xml", signers: ["oj/*.pem"], territories: [DE, nl, EL], refresh: 2h, stale_after: 36h, max_stale: 240h}
    - name: other-lotl
      type: lotl
      url: "https://lists.example/lotl.xml"
      signers: [oj.pem]
      oj: "https://journal.example/1"
      services: {"http://uri.etsi.org/TrstSvc/Svctype/EAA": eaa}
      types: ["urn:example:membership:1"]
      national_refresh: 6h
      allow_version_5: true
    - {name: us-vical, type: vical, url: "https://vical.example/vc", signers: [vical-root.pem], provider: AAMVA, max_stale: 0s}
    - {name: mdl, type: lote, profile: mdl, url: "https://lists.example/mdl", signers: [m.pem], oj: "https://journal.example/2", aliases: {"http://trust.ec.europa.eu/lists/SvcType/Issuance": "http://trust.ec.europa.eu/lists/mDL/SvcType/Issuance"}, allow: [no_outer_member, missing_members]}
    - {name: absolute, type: anchors, url: "file:///etc/ca.pem", kind: eaa, purposes: [issuance], types: [x]}
  kinds: {"urn:example:membership:1": eaa}
  sudden_removal: {share: 0.5, hold: 2h}
  soak: 0s
  rewrite:
    - {from: "https://ec.europa.eu/", to: "https://lists.our-cloud.example/ec/", ca: our.pem}
    - {from: "http://tl.example/", to: "http://127.0.0.1:8080/", allow_private: true}
status:
  prefetch: ["https://status.example/1", "http://127.0.0.1:8080/2"]
  aggregation: ["https://status.example/all", "http://127.0.0.1:8080/all"]
  on_miss: fetch
  fetch_timeout: 500ms
  max_memory: 64MiB
  flip_alarm: 0.05
  refresh: {min: 10s, max: 2m}
  allow_hosts: ["127.0.0.1:8080"]
  allow_insecure: true
gossip:
  mode: member
  listen: ":7000"
  advertise: "203.0.113.7:7946"
  transfer: "[::]:7001"
  join: ["edge-fra-2:7946", "[2001:db8::2]:7946", "dns+srv://_edgetrust._udp.example"]
  key_file: gossip.key
  tls: {cert: node.crt, key: /etc/node.key, ca: cluster-ca.pem}
policies:
  gate: {status: best_effort, max_status_age: 48h, max_list_age: 24h, algorithms: [ES256, ES384], allow_legacy_typ: true, allow_valid_until_after_cert: true, allow_audience_slash: true}
  strict: {crl: required, kinds: {}, types: {"urn:x:1": {short_lived: 0s}}}
  default:
    kinds: {eaa: {status: best_effort, crl: skip, max_status_age: 47h, short_lived: 1h}}
    types: {"org.iso.18013.5.1.mDL": {crl: required}}
    status: required
    holder_binding: if_present
    clock_skew: 0s
    kb_max_age: 10m
    short_lived: 12h
limits: {body: 2MiB, presentation: 128KiB, batch: 10, disclosures: 100, documents: 4, in_flight: 8}
`

func TestFull(t *testing.T) {
	got, err := Parse([]byte(full), "/base")
	if err != nil {
		t.Fatal(err)
	}
	base := verify.Policy{
		Name:          "default",
		Revocation:    verify.Revocation{Status: verify.Required, CRL: verify.BestEffort, ShortLived: 12 * time.Hour},
		HolderBinding: verify.IfPresent, KBMaxAge: 10 * time.Minute,
		Kinds: map[trustlist.Kind]verify.Revocation{"eaa": {Status: verify.BestEffort, CRL: verify.Skip, MaxStatusAge: 47 * time.Hour, ShortLived: time.Hour}},
		Types: map[string]verify.Revocation{"org.iso.18013.5.1.mDL": {Status: verify.Required, CRL: verify.Required, ShortLived: 12 * time.Hour}},
	}
	gate := base
	gate.Name, gate.Status, gate.MaxStatusAge, gate.MaxListAge = "gate", verify.BestEffort, 48*time.Hour, 24*time.Hour
	gate.Algorithms = []string{"ES256", "ES384"}
	// What the default's entries say themselves, and the policy's own for the rest.
	gate.Types = map[string]verify.Revocation{"org.iso.18013.5.1.mDL": {Status: verify.BestEffort, CRL: verify.Required, MaxStatusAge: 48 * time.Hour, ShortLived: 12 * time.Hour}}
	strict := base
	strict.Name, strict.CRL, strict.Kinds = "strict", verify.Required, nil
	strict.Types = map[string]verify.Revocation{"urn:x:1": {Status: verify.Required, CRL: verify.Required}}
	gate.AllowLegacyTyp, gate.AllowValidUntilAfterCert, gate.AllowAudienceSlash = true, true, true
	want := &Config{
		Name: "edge-fra-1", Zone: "eu-fra", DataDir: "/base/data",
		Residency: Residency{"EU", []string{"EU", "CH"}},
		Log:       Log{slog.LevelDebug, "json"},
		Public: Public{
			Listen: ":8443", TLS: TLS{"/base/server.crt", "/etc/server.key"}, Auth: Auth{TokensFile: "/base/tokens", ClientCA: "/base/ca.pem"},
			Rate: Rate{200, 400}, Allow0RTT: true, Refresh: Refresh{"/base/issuers", Rate{0.1, 3}},
		},
		Admin:  Admin{"127.0.0.1:9443", "/base/admin.token"},
		Egress: Egress{&url.URL{Scheme: "http", User: url.UserPassword("user", "pw"), Host: "proxy:3128"}, "/base/corp-ca.pem"},
		Trust: Trust{
			Sources: []Source{
				{Name: "pid-providers", Type: "lote", Profile: "pid", URL: "https://lists.example/pid", Signers: []string{"/base/eu-lote.pem", "/base/oj/*.pem"}, Refresh: 30 * time.Minute, Required: true},
				{Name: "lab", Type: "anchors", URL: "file:lab-ca.pem", Path: "/base/lab-ca.pem", Refresh: time.Hour, Kind: trustlist.KindPID,
					Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}, Territory: "DE", Types: []string{"urn:eudi:pid:de:1"}},
				{Name: "labs-list", Type: "lote", URL: "http://127.0.0.1:8080/list", Signers: []string{"/abs.pem"}, Refresh: time.Hour, AllowInsecure: true},
				{Name: "eu-lotl", Type: "lotl", URL: "https://ec.europa.eu/tools/lotl/eu-lotl.xml", Signers: []string{"/base/oj/*.pem"}, Refresh: 2 * time.Hour,
					StaleAfter: 36 * time.Hour, MaxStale: 240 * time.Hour, OJ: OfficialJournal, Territories: []string{"DE", "NL", "GR"}, NationalRefresh: 4 * time.Hour},
				{Name: "other-lotl", Type: "lotl", URL: "https://lists.example/lotl.xml", Signers: []string{"/base/oj.pem"}, Refresh: time.Hour, OJ: "https://journal.example/1",
					Services: map[string]trustlist.Kind{"http://uri.etsi.org/TrstSvc/Svctype/EAA": trustlist.KindEAA}, Types: []string{"urn:example:membership:1"},
					NationalRefresh: 6 * time.Hour, AllowVersion5: true},
				{Name: "us-vical", Type: "vical", URL: "https://vical.example/vc", Signers: []string{"/base/vical-root.pem"}, Refresh: time.Hour, Provider: "AAMVA"},
				{Name: "mdl", Type: "lote", Profile: "mdl", URL: "https://lists.example/mdl", Signers: []string{"/base/m.pem"}, Refresh: time.Hour, OJ: "https://journal.example/2",
					Aliases: map[string]string{"http://trust.ec.europa.eu/lists/SvcType/Issuance": "http://trust.ec.europa.eu/lists/mDL/SvcType/Issuance"},
					Allow:   []string{"no_outer_member", "missing_members"}},
				{Name: "absolute", Type: "anchors", URL: "file:///etc/ca.pem", Path: "/etc/ca.pem", Refresh: time.Hour, Kind: trustlist.KindEAA, Purposes: []trustlist.Purpose{trustlist.Issuance}, Types: []string{"x"}},
			},
			Kinds:         map[string]trustlist.Kind{"urn:example:membership:1": trustlist.KindEAA},
			SuddenRemoval: SuddenRemoval{0.5, 2 * time.Hour},
			Rewrite: []Rewrite{
				{From: "https://ec.europa.eu/", To: "https://lists.our-cloud.example/ec/", CA: "/base/our.pem"},
				{From: "http://tl.example/", To: "http://127.0.0.1:8080/", AllowPrivate: true},
			},
		},
		Status: Status{
			Prefetch:    []string{"https://status.example/1", "http://127.0.0.1:8080/2"},
			Aggregation: []string{"https://status.example/all", "http://127.0.0.1:8080/all"},
			OnMiss:      Fetch, FetchTimeout: 500 * time.Millisecond, MaxMemory: 64 << 20, FlipAlarm: 0.05,
			RefreshMin: 10 * time.Second, RefreshMax: 2 * time.Minute, AllowHosts: []string{"127.0.0.1:8080"}, AllowInsecure: true,
		},
		Gossip: &Gossip{
			Mode: Member, Listen: ":7000", Advertise: "203.0.113.7:7946", Transfer: "[::]:7001", KeyFile: "/base/gossip.key",
			Join: []string{"edge-fra-2:7946", "[2001:db8::2]:7946", "dns+srv://_edgetrust._udp.example"},
			TLS:  GossipTLS{"/base/node.crt", "/etc/node.key", "/base/cluster-ca.pem"},
		},
		Policies: map[string]verify.Policy{"default": base, "gate": gate, "strict": strict},
		Limits:   Limits{2 << 20, 128 << 10, 10, 100, 4, 8},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(url.Userinfo{})); d != "" {
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
	if got.Name == "" || got.DataDir != "" || got.Egress.Proxy != nil || got.Trust.Soak != 30*time.Second || got.Limits.Body != 1<<20 || got.Limits.Presentation != 256<<10 || got.Limits.Batch != 100 || got.Limits.InFlight != 0 {
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

// many are further entries of a mapping in one line.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", t%d: {}", i)
	}
	return b.String()
}

func rewrite(s string) string { return "trust:\n  rewrite: [{" + s + "}]\n" }

const (
	goodLoTE    = `name: a, type: lote, url: "https://h/l", signers: [s.pem]`
	goodLOTL    = `name: a, type: lotl, url: "https://h/l", signers: [s.pem]`
	goodVICAL   = `name: a, type: vical, url: "https://h/l", signers: [s.pem]`
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
	{minimal("version: 2"), "version", "1 is needed"},
	{minimal("data_dir: [x]"), "data_dir", "text"},
	{minimal("egress: {proxy: 3128}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'proxy:3128'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'http://proxy'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'http://:3128'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'socks5://proxy:1080'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'http://proxy:3128/path'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {proxy: 'http://u:p ss@proxy:3128'}"), "egress.proxy", "http://host:port"},
	{minimal("egress: {ca_file: [x]}"), "egress.ca_file", "text"},
	{minimal("egress: {ca: x}"), "egress.ca", "unknown"},
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
	{minimal("status: {on_miss: wait}"), "status.on_miss", "defer, fetch"},
	{minimal("status: {on_miss: }"), "status.on_miss", "empty"},
	{minimal("status: {fetch_timeout: 49ms}"), "status.fetch_timeout", "50ms to 30s"},
	{minimal("status: {fetch_timeout: 31s}"), "status.fetch_timeout", "50ms to 30s"},
	{minimal("status: {max_memory: 1023KiB}"), "status.max_memory", "1MiB to 1024GiB"},
	{minimal("status: {max_memory: 512MB}"), "status.max_memory", "size"},
	{minimal("status: {flip_alarm: 0}"), "status.flip_alarm", "share"},
	{minimal("status: {flip_alarm: 1.01}"), "status.flip_alarm", "share"},
	{minimal("status: {flip_alarm: 1%}"), "status.flip_alarm", "share"},
	{minimal("status: {aggregation: 'https://h/all'}"), "status.aggregation", "list"},
	{minimal("status: {aggregation: ['http://127.0.0.1/all']}"), "status.aggregation[0]", "allow_insecure"},
	{minimal("status: {aggregation: ['https://h/all', 'all']}"), "status.aggregation[1]", "absolute"},
	{minimal("status: {aggregation: ['https://h/all', 'https://h/all']}"), "status.aggregation[1]", "twice"},
	{minimal("status: {aggregation: ['https://u:p@h/all']}"), "status.aggregation[0]", "password"},
	{minimal("status: {aggregation: [" + strings.Repeat("x,", maxAggregation) + "x]}"), "status.aggregation", "more than 1024"},
	{minimal("status: {aggregations: []}"), "status.aggregations", "unknown member"},
	{minimal("policies: {default: {status: maybe}}"), "policies.default.status", "best_effort"},
	{minimal("policies: {default: {status: if_present}}"), "policies.default.status", "best_effort"},
	{minimal("policies: {default: {holder_binding: best_effort}}"), "policies.default.holder_binding", "if_present"},
	{minimal("policies: {default: {crl: if_present}}"), "policies.default.crl", "best_effort"},
	{minimal("policies: {default: {short_lived: 24h1s}}"), "policies.default.short_lived", "0s to 24h"},
	{minimal("policies: {default: {short_lived: -1s}}"), "policies.default.short_lived", "duration"},
	{minimal("policies: {default: {kinds: [eaa]}}"), "policies.default.kinds", "mapping"},
	{minimal("policies: {default: {kinds: }}"), "policies.default.kinds", "empty"},
	{minimal("policies: {default: {kinds: {passport: {crl: skip}}}}"), "policies.default.kinds.passport", "eaa"},
	{minimal("policies: {default: {kinds: {eaa: skip}}}"), "policies.default.kinds.eaa", "mapping"},
	{minimal("policies: {default: {kinds: {eaa: {clock_skew: 1s}}}}"), "policies.default.kinds.eaa.clock_skew", "crl, max_status_age, short_lived, status"},
	{minimal("policies: {default: {kinds: {eaa: {status: maybe}}}}"), "policies.default.kinds.eaa.status", "best_effort"},
	{minimal("policies: {default: {kinds: {eaa: {status: skip}, eaa: {}}}}"), "policies.default.kinds.eaa", "twice"},
	{minimal("policies: {default: {types: {org.x: {crl: none}}}}"), "policies.default.types.org.x.crl", "best_effort"},
	{minimal("policies: {default: {types: {org.x: {max_status_age: 0s}}}}"), "policies.default.types.org.x.max_status_age", "duration"},
	{minimal("policies: {default: {types: {'': {crl: skip}}}}"), "policies.default.types.", "vct"},
	{minimal("policies: {default: {types: {org.x: {short_lived: 25h}}}, a: {}, b: {}}"), "policies.default.types.org.x.short_lived", "24h"},
	{minimal("policies: {x: {types: {a: {}" + many(maxTypes) + "}}}"), "policies.x.types", "more than 256"},
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
	{"public: {listen: '127.0.0.1:9443'}", "public.listen", "another address than admin.listen, which is 127.0.0.1:9443"},
	{"public: {listen: ':9443', auth: open}", "public.listen", "another address than admin.listen, which is 127.0.0.1:9443"},
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
	{source("{}"), "trust.sources[0].type", "lotl, lote, vical, anchors"},
	{source("{name: a, type: x}"), "trust.sources[0].type", "lotl, lote, vical, anchors"},
	{source("{" + strings.Replace(goodLOTL, "name: a", "name: 'eu:DE'", 1) + "}"), "trust.sources[0].name", "NAME:CC"},
	{source("{" + goodLoTE + "}\n    - {" + goodAnchors + "}"), "trust.sources[1].name", "trust.sources[0]"},
	{source("{" + goodLoTE + ", profile: x}"), "trust.sources[0].profile", "pid, wallet"},
	{source("{" + goodLoTE + ", territories: [DE]}"), "trust.sources[0].territories", "type lotl"},
	{source("{" + goodLoTE + ", services: {'a:b': qeaa}}"), "trust.sources[0].services", "type lotl"},
	{source("{" + goodLoTE + ", national_refresh: 1h}"), "trust.sources[0].national_refresh", "type lotl"},
	{source("{" + goodLoTE + ", allow_version_5: true}"), "trust.sources[0].allow_version_5", "type lotl"},
	{source("{" + goodLoTE + ", provider: x}"), "trust.sources[0].provider", "type vical"},
	{source("{" + goodLoTE + ", oj: here}"), "trust.sources[0].oj", "absolute URI"},
	{source("{" + goodLoTE + ", aliases: {x: 'http://uri.etsi.org/x'}}"), "trust.sources[0].aliases.x", "absolute URI"},
	{source("{" + goodLoTE + ", aliases: {'a:x': y}}"), "trust.sources[0].aliases.a:x", "absolute URI"},
	{source("{" + goodLoTE + ", aliases: {'http://uri.etsi.org/19602/SvcType/PID/Issuance': 'http://uri.etsi.org/19602/SvcType/mDL/Issuance'}}"), "trust.sources[0].aliases.http://uri.etsi.org/19602/SvcType/PID/Issuance", "take the alias out"},
	{source("{" + goodLoTE + ", aliases: [x]}"), "trust.sources[0].aliases", "mapping"},
	{source("{" + goodLoTE + ", allow: [everything]}"), "trust.sources[0].allow[0]", "no_outer_member"},
	{source("{" + goodLoTE + ", allow: no_outer_member}"), "trust.sources[0].allow", "list"},
	{source("{" + goodLoTE + ", stale_after: 168h}"), "trust.sources[0].stale_after", "max_stale, which is 168h"},
	{source("{" + goodLoTE + ", stale_after: 2h, max_stale: 2h}"), "trust.sources[0].stale_after", "max_stale, which is 2h"},
	{source("{" + goodLoTE + ", max_stale: 24h}"), "trust.sources[0].max_stale", "stale_after, which is 24h"},
	{source("{" + goodLoTE + ", stale_after: 1m, max_stale: 59m}"), "trust.sources[0].max_stale", "between two looks"},
	{source("{" + goodLoTE + ", max_stale: -1s}"), "trust.sources[0].max_stale", "duration"},
	{source("{" + goodLoTE + ", stale_after: 8761h}"), "trust.sources[0].stale_after", "duration"},
	{source("{name: a, type: lotl, url: 'https://h/l'}"), "trust.sources[0].signers", "Official Journal"},
	{source("{name: a, type: lotl, url: 'file:l', signers: [s]}"), "trust.sources[0].url", "absolute"},
	{source("{" + goodLOTL + ", oj: here}"), "trust.sources[0].oj", "absolute URI"},
	{source("{" + goodLOTL + ", territories: [DEU]}"), "trust.sources[0].territories[0]", "two letters"},
	{source("{" + goodLOTL + ", territories: ['1A']}"), "trust.sources[0].territories[0]", "two letters"},
	{source("{" + goodLOTL + ", territories: [DE, EU]}"), "trust.sources[0].territories[1]", "list of lists"},
	{source("{" + goodLOTL + ", territories: [GR, EL]}"), "trust.sources[0].territories[1]", "twice"},
	{source("{" + goodLOTL + ", territories: DE}"), "trust.sources[0].territories", "list"},
	{source("{" + goodLOTL + ", services: {x: qeaa}}"), "trust.sources[0].services.x", "absolute URI"},
	{source("{" + goodLOTL + ", services: {'http://x/a': qeaa, 'https://X/a/': eaa}, types: [t]}"), "trust.sources[0].services.https://X/a/", "twice"},
	{source("{" + goodLOTL + ", services: {'a:x': passport}}"), "trust.sources[0].services.a:x", "qeaa"},
	{source("{" + goodLOTL + ", services: {'a:x': eaa}}"), "trust.sources[0].types", "serves none"},
	{source("{" + goodLOTL + ", services: {'a:x': qeaa}, types: [t]}"), "trust.sources[0].types", "names none"},
	{source("{" + goodLOTL + ", national_refresh: 0s}"), "trust.sources[0].national_refresh", "duration"},
	{source("{" + goodLOTL + ", max_stale: 3h, stale_after: 2h}"), "trust.sources[0].max_stale", "between two looks"},
	{source("{" + goodLOTL + ", profile: pid}"), "trust.sources[0].profile", "type lote"},
	{source("{" + goodLOTL + ", aliases: {'a:x': 'a:y'}}"), "trust.sources[0].aliases", "type lote"},
	{source("{" + goodLOTL + ", allow: [missing_members]}"), "trust.sources[0].allow", "type lote"},
	{source("{" + goodLOTL + ", provider: x}"), "trust.sources[0].provider", "type vical"},
	{source("{" + goodLOTL + ", kind: qeaa}"), "trust.sources[0].kind", "type anchors"},
	{source("{name: a, type: vical, url: 'https://h/l'}"), "trust.sources[0].signers", "provider's roots"},
	{source("{name: a, type: vical, url: 'http://h/l', signers: [s]}"), "trust.sources[0].url", "allow_insecure"},
	{source("{" + goodVICAL + ", oj: 'https://h/oj'}"), "trust.sources[0].oj", "type lotl or lote"},
	{source("{" + goodVICAL + ", types: [x]}"), "trust.sources[0].types", "type anchors or lotl"},
	{source("{" + goodVICAL + ", territories: [DE]}"), "trust.sources[0].territories", "type lotl"},
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
	{source("{" + goodAnchors + ", signers: [s]}"), "trust.sources[0].signers", "type lotl or lote or vical"},
	{source("{" + goodAnchors + ", stale_after: 1h}"), "trust.sources[0].stale_after", "type lotl"},
	{source("{" + goodAnchors + ", max_stale: 1h}"), "trust.sources[0].max_stale", "type lotl"},
	{source("{" + goodAnchors + ", oj: 'https://h/oj'}"), "trust.sources[0].oj", "type lotl or lote"},
	{source("{" + goodAnchors + ", provider: x}"), "trust.sources[0].provider", "type vical"},
	{source("{" + goodAnchors + ", profile: pid}"), "trust.sources[0].profile", "type lote"},
	{source("{" + goodAnchors + ", allow_insecure: true}"), "trust.sources[0].allow_insecure", "type lotl or lote or vical"},
	{"trust: {sources: {}}", "trust.sources", "list"},
	{"trust: {kinds: {x: passport}}", "trust.kinds.x", "pid"},
	{"trust: {sudden_removal: {share: 0}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {share: 1.1}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {share: NaN}}", "trust.sudden_removal.share", "share"},
	{"trust: {sudden_removal: {hold: 0s}}", "trust.sudden_removal.hold", "duration"},
	{"trust: {soak: -1s}", "trust.soak", "duration"},
	{"trust: {soak: 25h}", "trust.soak", "duration"},
	{"trust: {rewrite: {}}", "trust.rewrite", "list"},
	{rewrite("from: 'https://a/', to: 'https://b/', more: 1"), "trust.rewrite[0].more", "unknown"},
	{rewrite("to: 'https://b/'"), "trust.rewrite[0].from", "a URL is needed"},
	{rewrite("from: 'https://a/'"), "trust.rewrite[0].to", "a URL is needed"},
	{rewrite("from: 'https://a', to: 'https://b/'"), "trust.rewrite[0].from", "slash"},
	{rewrite("from: 'https://a/x', to: 'https://b/'"), "trust.rewrite[0].from", "slash"},
	{rewrite("from: 'https://a/?x=/', to: 'https://b/'"), "trust.rewrite[0].from", "query"},
	{rewrite("from: 'https://a/#f/', to: 'https://b/'"), "trust.rewrite[0].from", "fragment"},
	{rewrite("from: 'https://u:p@a/', to: 'https://b/'"), "trust.rewrite[0].from", "password"},
	{rewrite("from: 'ftp://a/', to: 'https://b/'"), "trust.rewrite[0].from", "https://"},
	{rewrite("from: '/a/', to: 'https://b/'"), "trust.rewrite[0].from", "absolute"},
	{rewrite("from: 'https://a/b/../', to: 'https://b/'"), "trust.rewrite[0].from", "plain path"},
	{rewrite("from: 'https://a//', to: 'https://b/'"), "trust.rewrite[0].from", "plain path"},
	{rewrite("from: 'https://a/%62/', to: 'https://b/'"), "trust.rewrite[0].from", "plain path is needed"},
	{rewrite("from: 'https://a/', to: 'https://b/x'"), "trust.rewrite[0].to", "slash"},
	{rewrite("from: 'https://a/', to: 'https://b/?'"), "trust.rewrite[0].to", "query"},
	{rewrite("from: 'https://a/', to: 'https://u@b/'"), "trust.rewrite[0].to", "password"},
	{rewrite("from: 'https://a/', to: 'http://b/'"), "trust.rewrite[0].to", "allow_private"},
	{rewrite("from: 'https://a/', to: 'http://b/', allow_private: true, ca: c.pem"), "trust.rewrite[0].ca", "http://"},
	{rewrite("from: 'https://a/', to: 'https://b/'}, {from: 'https://a/', to: 'https://c/'"), "trust.rewrite[1].from", "trust.rewrite[0]"},
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

func TestWrong(t *testing.T) { testWrong(t, wrong) }

func testWrong(t *testing.T, wrong []struct{ file, field, says string }) {
	t.Helper()
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
line 3: what: unknown member; the members here are admin, data_dir, egress, gossip, limits, log, name, policies, public, residency, status, trust, version, zone
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
		minimal("egress: {proxy: 'https://proxy:3128/'}"):                      func(c *Config) bool { return c.Egress.ProxyHost() == "proxy:3128" },
		source("{" + goodLOTL + ", types: [t]}"):                               func(c *Config) bool { return c.Trust.Sources[0].Services == nil },
		source("{" + goodLoTE + ", refresh: 168h}"):                            func(c *Config) bool { return c.Trust.Sources[0].Refresh == DefaultMaxStale },
		source("{" + goodLoTE + ", stale_after: 167h59m59s}"):                  func(c *Config) bool { return c.Trust.Sources[0].MaxStale == 0 },
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

// A proxy's password stands in no problem, whatever is wrong with its URL.
func TestPasswordIsNotRepeated(t *testing.T) {
	for _, proxy := range []string{"http://u:secret@proxy", "http://u:sec ret@proxy:1", "u:secret@proxy:1", "http://u:secret@proxy:x", "ftp://u:secret@proxy:1"} {
		_, err := Parse([]byte(minimal("egress: {proxy: '"+proxy+"'}")), "/base")
		if err == nil || strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: %v", proxy, err)
		}
	}
}

// FuzzConfig: no file makes a panic, and what is accepted is valid.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(full))
	for _, c := range slices.Concat(wrong, wrongGossip) {
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
