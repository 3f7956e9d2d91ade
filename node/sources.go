package node

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// sources turns the configured lists into what the store follows, signers read.
func sources(c *config.Config, unsafeDev bool) (list []cache.Source, err error) {
	for i, s := range c.Trust.Sources {
		src := cache.Source{
			Name: s.Name, Type: artefact.Kind(s.Type), URL: s.URL, Required: s.Required, Refresh: s.Refresh,
			StaleAfter: s.StaleAfter, MaxStale: s.MaxStale, OJ: s.OJ, AllowVersion5: s.AllowVersion5,
			Territories: s.Territories, NationalRefresh: s.NationalRefresh, Services: s.Services,
			Profile: s.Profile, LoTE: lote.Options{Aliases: s.Aliases}, Provider: s.Provider,
			Kind: s.Kind, Purposes: s.Purposes, Territory: s.Territory, Types: s.Types,
		}
		for _, quirk := range s.Allow {
			src.LoTE.Allow(quirk)
		}
		var trusted []*x509.Certificate
		if s.Type == config.TypeAnchors {
			if trusted, err = s.Bundle(); err != nil {
				return nil, fmt.Errorf("trust.sources[%d].url: %w", i, err)
			}
		} else {
			if trusted, err = config.Certificates(s.Signers); err != nil {
				return nil, fmt.Errorf("trust.sources[%d].signers: %w", i, err)
			}
			src.Signers = trusted
		}
		for _, cert := range trusted {
			if trustlist.IsTest(cert) && !unsafeDev {
				return nil, fmt.Errorf("trust.sources[%d]: %q was made by a demonstration (edgenode dev) and must not be trusted; take the publisher's own certificate", i, cert.Subject.CommonName)
			}
		}
		list = append(list, src)
	}
	return list, nil
}

// targets says what is fetched now, and when again: the lists that the store
// follows, among them the national ones that a LOTL names, and the status lists.
func (n *Node) targets() (list []origin.Followed) {
	c := n.opts.Config
	configured := make(map[string]config.Source, len(c.Trust.Sources))
	for _, s := range c.Trust.Sources {
		configured[s.Name] = s
	}
	for _, src := range n.store.Sources() {
		of := src.Name
		if src.Parent != "" {
			of = src.Parent
		}
		f := n.listTarget(src, configured[of])
		if n.cluster != nil {
			f = n.cluster.shared(f, ownLook(src.MaxStale, f.ID, c.Name))
		}
		list = append(list, f)
	}
	for _, t := range n.store.Targets() {
		f := statusTarget(c.Status, t)
		if n.cluster != nil {
			f = n.cluster.shared(f, 0)
		}
		list = append(list, f)
	}
	return list
}

// listTarget is the target of a list; conf is its configuration, or that of the
// LOTL that names it.
func (n *Node) listTarget(src cache.Source, conf config.Source) origin.Followed {
	f := origin.Followed{
		ID: src.ID(), Door: artefact.Origin, Revision: revision(src),
		Target: origin.Target{
			URL: src.URL, Accept: accepts[src.Type], Max: cache.MaxList,
			SHA2:    src.Type == artefact.LOTL || src.Type == artefact.TL,
			Learned: src.Parent != "", AllowInsecure: conf.AllowInsecure,
		},
		Next: func(cache.Outcome) time.Duration { return src.Refresh },
	}
	if conf.Path != "" {
		f.Door, f.Target.Path = artefact.File, conf.Path
	}
	if src.OJ != "" {
		f.Pivots = func() []origin.Followed { return n.pivotTargets(f) }
	}
	return f
}

// pivotTargets are the pivots that a list waits for, oldest first.
func (n *Node) pivotTargets(list origin.Followed) (pivots []origin.Followed) {
	for _, url := range n.store.Wanted(list.ID.Name) {
		p := list
		p.ID, p.Pivots = artefact.PivotID(list.ID.Name, url), nil
		p.Target.URL, p.Target.SHA2 = url, false // of the list's own site, see Wanted
		pivots = append(pivots, p)
	}
	return pivots
}

// revision changes when what the LOTL says of a national list does: the list is
// then looked at at once.
func revision(src cache.Source) string {
	h := sha256.New()
	for _, c := range src.Signers {
		h.Write(c.Raw)
	}
	return src.URL + " " + hex.EncodeToString(h.Sum(nil))
}

// accepts are the media types asked for. What comes is judged by its content.
var accepts = map[artefact.Kind]string{
	artefact.LOTL:  "application/vnd.etsi.tsl+xml, application/xml;q=0.9, */*;q=0.1",
	artefact.TL:    "application/vnd.etsi.tsl+xml, application/xml;q=0.9, */*;q=0.1",
	artefact.LoTE:  "application/jose, application/jwt;q=0.9, */*;q=0.1",
	artefact.VICAL: "application/cose, application/cbor;q=0.9, application/cwt;q=0.9, */*;q=0.1",
}

// fetcher makes what fetches lists, as the configuration wants them reached.
func fetcher(c *config.Config, version string) (*origin.Fetcher, error) {
	o := origin.Options{Version: version, Proxy: c.Egress.Proxy}
	var err error
	if o.CAs, err = c.Egress.CAs(); err != nil {
		return nil, fmt.Errorf("egress.ca_file: %w", err)
	}
	for i, r := range c.Trust.Rewrite {
		rule := origin.Rewrite{From: r.From, To: r.To, AllowPrivate: r.AllowPrivate}
		if rule.CAs, err = r.CAs(); err != nil {
			return nil, fmt.Errorf("trust.rewrite[%d].ca: %w", i, err)
		}
		o.Rewrites = append(o.Rewrites, rule)
	}
	return origin.NewFetcher(o)
}
