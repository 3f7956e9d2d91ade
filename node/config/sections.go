package config

import (
	"log/slog"
	"math"
	"time"

	"go.yaml.in/yaml/v3"
)

const day = 24 * time.Hour

// config reads the whole file. The members named last in each mapping belong to
// parts of the product that come later.
func (d *decoder) config(n *yaml.Node, c *Config) {
	var version int
	d.mapping(n, "", members{
		"version":   d.number(&version, 1, 1),
		"name":      d.text(&c.Name),
		"zone":      d.text(&c.Zone),
		"data_dir":  d.file(&c.DataDir),
		"log":       func(n *yaml.Node, at string) { d.log(n, at, &c.Log) },
		"public":    func(n *yaml.Node, at string) { d.public(n, at, &c.Public) },
		"admin":     func(n *yaml.Node, at string) { d.admin(n, at, &c.Admin) },
		"egress":    func(n *yaml.Node, at string) { d.egress(n, at, &c.Egress) },
		"trust":     func(n *yaml.Node, at string) { d.trust(n, at, &c.Trust) },
		"status":    func(n *yaml.Node, at string) { d.status(n, at, &c.Status) },
		"residency": func(n *yaml.Node, at string) { d.residency(n, at, &c.Residency) },
		"gossip":    func(n *yaml.Node, at string) { c.Gossip = d.gossip(n, at) },
		"policies":  func(n *yaml.Node, at string) { d.policies(n, at, c.Policies) },
		"limits":    func(n *yaml.Node, at string) { d.limits(n, at, &c.Limits) },
	}, "remember_issuer_signatures", "hot_issuer_keys")
}

func (d *decoder) log(n *yaml.Node, at string, l *Log) {
	level := ""
	d.mapping(n, at, members{
		"level":  oneOf(d, &level, "debug", "info", "warn", "error"),
		"format": oneOf(d, &l.Format, "auto", "text", "json"),
	})
	if level != "" {
		l.Level = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}[level]
	}
}

func (d *decoder) public(n *yaml.Node, at string, p *Public) {
	d.mapping(n, at, members{
		"listen": d.text(&p.Listen),
		"tls": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{"cert": d.file(&p.TLS.Cert), "key": d.file(&p.TLS.Key)})
		},
		"auth":       func(n *yaml.Node, at string) { d.auth(n, at, &p.Auth) },
		"rate":       func(n *yaml.Node, at string) { d.limit(n, at, "per_client", &p.Rate) },
		"allow_0rtt": d.flag(&p.Allow0RTT),
		"refresh":    func(n *yaml.Node, at string) { d.refresh(n, at, &p.Refresh) },
	})
}

// limit reads a rate, whose member says what it is counted for, and its burst.
func (d *decoder) limit(n *yaml.Node, at, member string, r *Rate) {
	*r = Rate{}
	d.mapping(n, at, members{member: d.rate(&r.PerSecond), "burst": d.number(&r.Burst, 1, 1e6)})
	if r.Burst == 0 {
		r.Burst = max(1, int(math.Ceil(r.PerSecond)))
	}
}

// auth is a mapping, or the word open, so that nobody opens a node by leaving
// something out.
func (d *decoder) auth(n *yaml.Node, at string, a *Auth) {
	if n.Kind == yaml.ScalarNode && n.Value == "open" {
		a.Open = true
		return
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, "{tokens_file: …, client_ca: …} or the word open")
		return
	}
	d.mapping(n, at, members{"tokens_file": d.file(&a.TokensFile), "client_ca": d.file(&a.ClientCA)})
}

func (d *decoder) admin(n *yaml.Node, at string, a *Admin) {
	d.mapping(n, at, members{"listen": d.text(&a.Listen), "token_file": d.file(&a.TokenFile)})
}

func (d *decoder) status(n *yaml.Node, at string, s *Status) {
	d.mapping(n, at, members{
		"prefetch":      d.texts(&s.Prefetch, maxPrefetch),
		"aggregation":   d.texts(&s.Aggregation, maxAggregation),
		"on_miss":       oneOf(d, &s.OnMiss, Defer, Fetch),
		"fetch_timeout": d.duration(&s.FetchTimeout, 50*time.Millisecond, 30*time.Second),
		"max_memory":    d.size(&s.MaxMemory, 1<<20, maxMemory),
		"flip_alarm":    d.fraction(&s.FlipAlarm),
		"refresh": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{
				"min": d.duration(&s.RefreshMin, time.Second, day),
				"max": d.duration(&s.RefreshMax, time.Second, day),
			})
		},
		"allow_hosts":    d.texts(&s.AllowHosts, maxEntries),
		"allow_insecure": d.flag(&s.AllowInsecure),
	})
}

func (d *decoder) limits(n *yaml.Node, at string, l *Limits) {
	presentation := int64(l.Presentation)
	d.mapping(n, at, members{
		"body":         d.size(&l.Body, 1<<10, 64<<20),
		"presentation": d.size(&presentation, 1<<10, 16<<20),
		"batch":        d.number(&l.Batch, 1, 10_000),
		"disclosures":  d.number(&l.Disclosures, 1, 16_384),
		"documents":    d.number(&l.Documents, 1, 256),
		"in_flight":    d.number(&l.InFlight, 0, 100_000),
	})
	l.Presentation = int(presentation)
}
