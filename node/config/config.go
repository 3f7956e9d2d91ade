// Package config is the node's configuration file: YAML, decoded strictly, with
// defaults, and validated so that every problem names its field and its line and
// says what to do. All problems of a file are reported together.
//
// Load reads a file, Parse bytes, Default is what a file that says nothing means.
// Relative paths stand relative to the file. Members of parts of the product that
// this version does not have are errors, not silently ignored.
package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Limits of a file, and of what it may set.
const (
	MaxFile        = 1 << 20
	maxSources     = 256
	maxRewrites    = 256
	maxPrefetch    = 65536
	maxAggregation = 1024
	maxPolicies    = 256
	maxTypes       = 256  // of a policy, and of its kinds
	maxEntries     = 4096 // of any other list or map
	maxName        = 64
	maxDomain      = 253
	maxLabel       = 63 // of a domain
	maxJoin        = 64
	maxMemory      = 1 << 40 // bytes
)

// Config is a whole configuration. Paths in it are ready to be opened.
type Config struct {
	Name    string // of the node; default: the host's name
	Zone    string
	DataDir string // where lists are kept across restarts; "": in memory only

	Residency Residency
	Log       Log
	Public    Public
	Admin     Admin
	Egress    Egress
	Trust     Trust
	Status    Status
	Gossip    *Gossip                  // nil: no cluster
	Policies  map[string]verify.Policy // by name; "default" is always there
	Limits    Limits
}

// Log says how much is logged, and how.
type Log struct {
	Level  slog.Level
	Format string // auto (text on a terminal, else JSON), text or json
}

// Public is the listener that presentations come to.
type Public struct {
	Listen    string // UDP for HTTP/3, TCP for HTTP/2 and HTTP/1.1
	TLS       TLS
	Auth      Auth
	Rate      Rate
	Allow0RTT bool
	Refresh   Refresh
}

// TLS names the certificate and its key. Both empty: self-signed.
type TLS struct{ Cert, Key string }

// Auth says who may ask. With neither a file nor a CA nor Open, the listener has
// to be on loopback.
type Auth struct {
	TokensFile string // one bearer token per line
	ClientCA   string // PEM; clients need a certificate under it
	Open       bool   // the word open: everybody may ask
}

// Rate limits each client. Zero PerSecond: no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Admin is the private listener.
type Admin struct{ Listen, TokenFile string }

// The words of Status.OnMiss.
const (
	Defer = "defer" // answer now, fetch at the next turn
	Fetch = "fetch" // fetch before answering
)

// Status is which status lists are fetched ahead, and how.
type Status struct {
	Prefetch []string // token URIs, exactly as credentials name them
	// Aggregation are URLs of lists of token URIs (Token Status List section 9),
	// all of which are fetched ahead.
	Aggregation []string
	// OnMiss says what becomes of a credential whose status list is not held: Defer
	// or Fetch. With Fetch a presentation can cause a request to its issuer's host.
	OnMiss string
	// FetchTimeout is how long an answer waits for such a list; of use with Fetch
	// alone.
	FetchTimeout time.Duration
	// MaxMemory bounds the bytes of all status lists, identifier lists and
	// certificate revocation lists together.
	MaxMemory int64
	// FlipAlarm is the share of its entries that a new version of a status list may
	// change without an alarm; 1: there is never one.
	FlipAlarm float64
	// RefreshMin and RefreshMax clamp the ttl that a token asks for.
	RefreshMin, RefreshMax time.Duration
	// AllowHosts are host or host:port; with AllowInsecure they may be plain http
	// and on private or loopback addresses.
	AllowHosts    []string
	AllowInsecure bool
}

// Limits bound what a caller may send.
type Limits struct {
	Body         int64
	Presentation int
	Batch        int
	Disclosures  int
	Documents    int
	InFlight     int // 0: chosen from the cores
}

// Default returns the configuration of a file that says nothing. It does not
// validate: nothing is trusted, and a listener beyond loopback needs public.auth.
func Default() *Config {
	return &Config{
		Name:   hostName(),
		Log:    Log{Level: slog.LevelInfo, Format: "auto"},
		Public: Public{Listen: ":8443"},
		Admin:  Admin{Listen: "127.0.0.1:9443"},
		Trust: Trust{
			Kinds:         map[string]trustlist.Kind{},
			SuddenRemoval: SuddenRemoval{Share: 0.2, Hold: time.Hour},
			Soak:          30 * time.Second,
		},
		Status: Status{
			OnMiss: Defer, FetchTimeout: 2 * time.Second, MaxMemory: 512 << 20, FlipAlarm: 0.01,
			RefreshMin: 30 * time.Second, RefreshMax: 5 * time.Minute,
		},
		Policies: map[string]verify.Policy{defaultPolicy: verify.DefaultPolicy()},
		Limits:   Limits{Body: 1 << 20, Presentation: 256 << 10, Batch: 100, Disclosures: 512, Documents: 16},
	}
}

const defaultPolicy = "default"

// hostName is the host's name with what a node's name may not hold replaced.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "edgenode"
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(nameRunes, r) {
			return r
		}
		return '-'
	}, name)
	return name[:min(len(name), maxName)]
}

// Load reads and validates a file.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read the configuration: %w", err)
	}
	defer f.Close()
	b, err := readUpTo(f, MaxFile)
	if err != nil {
		return nil, fmt.Errorf("failed to read the configuration %s: %w", path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("failed to read the configuration: %w", err)
	}
	c, err := Parse(b, dir)
	if err != nil {
		return nil, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	return c, nil
}

// Parse decodes and validates a configuration. Relative paths stand relative to
// dir. No file is opened; see CheckFiles. The error joins one *Problem for each
// thing that is wrong.
func Parse(b []byte, dir string) (*Config, error) {
	d := &decoder{dir: dir, lines: make(map[string]int), failed: make(map[string]bool)}
	c := Default()
	if root := d.document(b); root != nil {
		d.config(root, c)
	}
	v := &validator{config: c, report: d.report}
	if len(d.problems) == 0 || d.rooted {
		v.all()
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Validate checks a configuration that was made in memory, as Parse checks one
// from a file.
func (c *Config) Validate() error {
	d := &decoder{lines: make(map[string]int), failed: make(map[string]bool)}
	v := &validator{config: c, report: d.report}
	v.all()
	return d.err()
}

// VerifyLimits are the limits of one presentation.
func (l Limits) VerifyLimits() verify.Limits {
	return verify.Limits{Presentation: l.Presentation, Disclosures: l.Disclosures, Documents: l.Documents}
}
