package config

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

func (v *validator) trust(t Trust) {
	if len(t.Sources) == 0 {
		v.report("trust.sources", "name at least one list of anchors; without one nothing can be trusted")
	}
	seen := make(map[string]int)
	for i, s := range t.Sources {
		at := fmt.Sprintf("trust.sources[%d]", i)
		v.sourceName(at+".name", s.Name)
		if first, twice := seen[s.Name]; twice && s.Name != "" {
			v.report(at+".name", "trust.sources[%d] has this name already; a list is known by its name", first)
		} else {
			seen[s.Name] = i
		}
		v.source(at, s)
	}
	v.rewrites(t.Rewrite)
}

// sourceName: a node gives national lists names of their own, with a colon.
func (v *validator) sourceName(field, name string) {
	if strings.Contains(name, ":") {
		v.report(field, "a colon is not allowed: the national lists of a lotl are called NAME:CC")
	}
	v.name(field, name)
}

func (v *validator) source(at string, s Source) {
	switch s.Type {
	case TypeLOTL:
		v.signed(at, s, "the Official Journal names")
		v.lotl(at, s)
	case TypeLoTE:
		v.signed(at, s, "may sign this list")
		v.lote(at, s)
	case TypeVICAL:
		v.signed(at, s, "are the provider's roots")
	case TypeAnchors:
		v.anchors(at, s)
	default:
		v.report(at+".type", "one of %s is needed", strings.Join(types(), ", "))
		return
	}
	v.belonging(at, s)
}

// signed checks a source that is fetched; which says what its signers are.
func (v *validator) signed(at string, s Source, which string) {
	v.fetched(at+".url", s.URL, s.AllowInsecure, "allow_insecure: true on this source (loopback labs)")
	if len(s.Signers) == 0 {
		v.report(at+".signers", "name the PEM files of the certificates that %s; nothing else vouches for it", which)
	}
	stale, most := cmp.Or(s.StaleAfter, DefaultStaleAfter), cmp.Or(s.MaxStale, DefaultMaxStale)
	switch {
	case stale >= most && s.StaleAfter == 0:
		v.report(at+".max_stale", "has to be longer than stale_after, which is %s by default", short(stale))
	case stale >= most:
		v.report(at+".stale_after", "has to be shorter than max_stale, which is %s", short(most))
	case max(s.Refresh, s.NationalRefresh) > most:
		v.report(at+".max_stale", "has to be as long as refresh at least; the list would expire between two looks")
	}
}

func (v *validator) lotl(at string, s Source) {
	v.identifier(at+".oj", s.OJ)
	for i, cc := range s.Territories {
		field := fmt.Sprintf("%s.territories[%d]", at, i)
		switch {
		case !country(cc):
			v.report(field, "a country code of two letters is needed (DE)")
		case cc == "EU":
			v.report(field, "EU is the list of lists itself; name countries, or take territories out for all")
		case slices.Contains(s.Territories[:i], cc):
			v.report(field, "stands twice; keep one")
		}
	}
	services := slices.Sorted(maps.Keys(s.Services))
	for i, uri := range services {
		field := join(at+".services", uri)
		v.identifier(field, uri)
		if slices.ContainsFunc(services[:i], func(other string) bool { return etsitl.Same(uri, other) }) {
			v.report(field, "stands twice, since lists do not tell http from https or a slash at the end; keep one")
		}
	}
	eaa := slices.Contains(slices.Collect(maps.Values(s.Services)), trustlist.KindEAA)
	if eaa && len(s.Types) == 0 {
		v.report(at+".types", "name the types that the eaa services may issue; an eaa anchor without one serves none")
	}
	if s.Services != nil && !eaa && len(s.Types) > 0 {
		v.report(at+".types", "limits eaa services, and services names none")
	}
}

func (v *validator) lote(at string, s Source) {
	if s.OJ != "" {
		v.identifier(at+".oj", s.OJ)
	}
	for _, uri := range slices.Sorted(maps.Keys(s.Aliases)) {
		field := join(at+".aliases", uri)
		v.identifier(field, uri)
		v.identifier(field, s.Aliases[uri])
		if lote.IsOfficial(uri) {
			v.report(field, "is read as what it is already and cannot stand for another; take the alias out (the list's own URI comes first, the one it stands for second)")
		}
	}
}

// identifier checks a URI that is compared, not fetched.
func (v *validator) identifier(field, raw string) {
	if u, err := url.Parse(raw); err != nil || !u.IsAbs() {
		v.report(field, "an absolute URI is needed (http://uri.etsi.org/…); it is compared with the list's to the octet")
	}
}

// anchors checks a local bundle, whose scope is what the file says here.
func (v *validator) anchors(at string, s Source) {
	switch {
	case !strings.HasPrefix(s.URL, "file:"):
		v.report(at+".url", "file:PATH is needed: a bundle of anchors is not signed, so it is read from a local file and nowhere else")
	case s.Path == "":
		v.report(at+".url", "a path is needed after file:")
	case strings.HasPrefix(s.URL, "file://") && !strings.HasPrefix(s.URL, "file:///"):
		v.report(at+".url", "a file on another host cannot be read; write file:PATH")
	}
	if s.Kind == "" {
		v.report(at+".kind", "say which kind of attestation these anchors issue: %s", joined(trustlist.Kinds()))
	}
	if len(s.Purposes) == 0 {
		v.report(at+".purposes", "say what these anchors sign: [issuance], [revocation] or both")
	}
	if s.Kind == trustlist.KindEAA && len(s.Types) == 0 {
		v.report(at+".types", "name the types these anchors may issue; an eaa anchor without one serves none")
	}
	if s.Territory != "" && !country(s.Territory) {
		v.report(at+".territory", "a country code of two letters is needed (DE)")
	}
}

func country(cc string) bool {
	return len(cc) == 2 && strings.Trim(cc, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}
