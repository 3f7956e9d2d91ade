package config

import (
	"log/slog"
	"math"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

const day = 24 * time.Hour

// config reads the whole file. The members named last in each mapping belong to
// parts of the product that come later.
func (d *decoder) config(n *yaml.Node, c *Config) {
	var version int
	d.mapping(n, "", members{
		"version":  d.number(&version, 1, 1),
		"name":     d.text(&c.Name),
		"zone":     d.text(&c.Zone),
		"log":      func(n *yaml.Node, at string) { d.log(n, at, &c.Log) },
		"public":   func(n *yaml.Node, at string) { d.public(n, at, &c.Public) },
		"admin":    func(n *yaml.Node, at string) { d.admin(n, at, &c.Admin) },
		"trust":    func(n *yaml.Node, at string) { d.trust(n, at, &c.Trust) },
		"status":   func(n *yaml.Node, at string) { d.status(n, at, &c.Status) },
		"policies": func(n *yaml.Node, at string) { d.policies(n, at, c.Policies) },
		"limits":   func(n *yaml.Node, at string) { d.limits(n, at, &c.Limits) },
	}, "residency", "data_dir", "egress", "gossip", "remember_issuer_signatures", "hot_issuer_keys")
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
		"auth": func(n *yaml.Node, at string) { d.auth(n, at, &p.Auth) },
		"rate": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{"per_client": d.rate(&p.Rate.PerSecond), "burst": d.number(&p.Rate.Burst, 1, 1e6)})
			if p.Rate.Burst == 0 {
				p.Rate.Burst = max(1, int(math.Ceil(p.Rate.PerSecond)))
			}
		},
		"allow_0rtt": d.flag(&p.Allow0RTT),
	})
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

func (d *decoder) trust(n *yaml.Node, at string, t *Trust) {
	d.mapping(n, at, members{
		"sources": func(n *yaml.Node, at string) {
			d.list(n, at, maxSources, func(_ int, n *yaml.Node, at string) {
				t.Sources = append(t.Sources, d.source(n, at))
			})
		},
		"kinds": func(n *yaml.Node, at string) {
			d.each(n, at, func(name string, n *yaml.Node, at string) {
				var k trustlist.Kind
				oneOf(d, &k, trustlist.Kinds()...)(n, at)
				t.Kinds[name] = k
			})
		},
		"sudden_removal": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{
				"share": d.fraction(&t.SuddenRemoval.Share),
				"hold":  d.duration(&t.SuddenRemoval.Hold, time.Second, 30*day),
			})
		},
	}, "rewrite", "soak")
}

func (d *decoder) source(n *yaml.Node, at string) Source {
	s := Source{Refresh: time.Hour}
	var signers []string
	d.mapping(n, at, members{
		"name":           d.text(&s.Name),
		"type":           func(n *yaml.Node, at string) { d.sourceType(n, at, &s.Type) },
		"profile":        oneOf(d, &s.Profile, lote.Profiles()...),
		"url":            d.text(&s.URL),
		"signers":        d.texts(&signers, maxEntries),
		"refresh":        d.duration(&s.Refresh, time.Second, 7*day),
		"required":       d.flag(&s.Required),
		"allow_insecure": d.flag(&s.AllowInsecure),
		"kind":           oneOf(d, &s.Kind, trustlist.Kinds()...),
		"purposes": func(n *yaml.Node, at string) {
			d.list(n, at, maxEntries, func(_ int, n *yaml.Node, at string) {
				var p trustlist.Purpose
				oneOf(d, &p, trustlist.Issuance, trustlist.Revocation)(n, at)
				s.Purposes = append(s.Purposes, p)
			})
		},
		"territory": d.text(&s.Territory),
		"types":     d.texts(&s.Types, maxEntries),
	}, "territories", "stale_after", "max_stale")
	for _, glob := range signers {
		s.Signers = append(s.Signers, d.path(glob))
	}
	if name, ok := strings.CutPrefix(s.URL, "file:"); ok {
		if strings.HasPrefix(name, "///") {
			name = name[2:]
		}
		s.Path = d.path(name)
	}
	return s
}

// sourceType tells a type that comes later from one that does not exist.
func (d *decoder) sourceType(n *yaml.Node, at string, dst *string) {
	switch n.Value {
	case "lotl", "vical":
		d.report(at, "%s is not supported by this version; it has lote and anchors", n.Value)
	default:
		oneOf(d, dst, TypeLoTE, TypeAnchors)(n, at)
	}
}

func (d *decoder) status(n *yaml.Node, at string, s *Status) {
	d.mapping(n, at, members{
		"prefetch": d.texts(&s.Prefetch, maxPrefetch),
		"refresh": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{
				"min": d.duration(&s.RefreshMin, time.Second, day),
				"max": d.duration(&s.RefreshMax, time.Second, day),
			})
		},
		"allow_hosts":    d.texts(&s.AllowHosts, maxEntries),
		"allow_insecure": d.flag(&s.AllowInsecure),
	}, "aggregation", "on_miss", "fetch_timeout", "max_memory")
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
