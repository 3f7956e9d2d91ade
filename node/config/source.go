package config

import (
	"cmp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

func (d *decoder) source(n *yaml.Node, at string) Source {
	s := Source{Refresh: DefaultRefresh}
	var signers []string
	d.mapping(n, at, members{
		"name":             d.text(&s.Name),
		"type":             oneOf(d, &s.Type, types()...),
		"url":              d.text(&s.URL),
		"signers":          d.texts(&signers, maxEntries),
		"refresh":          d.duration(&s.Refresh, time.Second, 7*day),
		"required":         d.flag(&s.Required),
		"allow_insecure":   d.flag(&s.AllowInsecure),
		"stale_after":      d.duration(&s.StaleAfter, 0, 365*day),
		"max_stale":        d.duration(&s.MaxStale, 0, 365*day),
		"oj":               d.text(&s.OJ),
		"territories":      d.territories(&s.Territories),
		"services":         d.kinds(&s.Services),
		"national_refresh": d.duration(&s.NationalRefresh, time.Second, 7*day),
		"allow_version_5":  d.flag(&s.AllowVersion5),
		"profile":          oneOf(d, &s.Profile, lote.Profiles()...),
		"aliases":          d.aliases(&s.Aliases),
		"allow":            words(d, &s.Allow, lote.QuirkNames()...),
		"provider":         d.text(&s.Provider),
		"kind":             oneOf(d, &s.Kind, trustlist.Kinds()...),
		"purposes":         words(d, &s.Purposes, trustlist.Issuance, trustlist.Revocation),
		"territory":        d.text(&s.Territory),
		"types":            d.texts(&s.Types, maxEntries),
	})
	for _, glob := range signers {
		s.Signers = append(s.Signers, d.path(glob))
	}
	s.Path = d.filePath(s.URL)
	if s.Type == TypeLOTL {
		s.OJ = cmp.Or(s.OJ, OfficialJournal)
		s.NationalRefresh = cmp.Or(s.NationalRefresh, DefaultNationalRefresh)
	}
	return s
}

// filePath is the path that a file: URL names; "" for other URLs.
func (d *decoder) filePath(raw string) string {
	name, ok := strings.CutPrefix(raw, "file:")
	if !ok {
		return ""
	}
	if strings.HasPrefix(name, "///") {
		name = name[2:]
	}
	return d.path(name)
}

// territories reads country codes. Lists write Greece as EL; a configuration may.
func (d *decoder) territories(dst *[]string) func(*yaml.Node, string) {
	read := d.texts(dst, maxEntries)
	return func(n *yaml.Node, at string) {
		read(n, at)
		for i, cc := range *dst {
			(*dst)[i] = trustlist.Territory(cc)
		}
	}
}

func (d *decoder) aliases(dst *map[string]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		*dst = make(map[string]string)
		d.each(n, at, func(name string, n *yaml.Node, at string) {
			var official string
			d.text(&official)(n, at)
			(*dst)[name] = official
		})
	}
}
