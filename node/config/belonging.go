package config

import (
	"slices"
	"strings"
)

// belonging reports members that the type of a source does not have: whoever wrote
// them expects an effect that they would not get.
func (v *validator) belonging(at string, s Source) {
	for _, m := range []struct {
		name  string
		set   bool
		types []string
	}{
		{"signers", len(s.Signers) > 0, signedTypes()},
		{"allow_insecure", s.AllowInsecure, signedTypes()},
		{"stale_after", s.StaleAfter != 0, signedTypes()},
		{"max_stale", s.MaxStale != 0, signedTypes()},
		{"oj", s.OJ != "", []string{TypeLOTL, TypeLoTE}},
		{"territories", len(s.Territories) > 0, []string{TypeLOTL}},
		{"services", len(s.Services) > 0, []string{TypeLOTL}},
		{"national_refresh", s.NationalRefresh != 0, []string{TypeLOTL}},
		{"allow_version_5", s.AllowVersion5, []string{TypeLOTL}},
		{"profile", s.Profile != "", []string{TypeLoTE}},
		{"aliases", len(s.Aliases) > 0, []string{TypeLoTE}},
		{"allow", len(s.Allow) > 0, []string{TypeLoTE}},
		{"provider", s.Provider != "", []string{TypeVICAL}},
		{"kind", s.Kind != "", []string{TypeAnchors}},
		{"purposes", len(s.Purposes) > 0, []string{TypeAnchors}},
		{"territory", s.Territory != "", []string{TypeAnchors}},
		{"types", len(s.Types) > 0, []string{TypeAnchors, TypeLOTL}},
	} {
		if m.set && !slices.Contains(m.types, s.Type) {
			v.report(at+"."+m.name, "belongs to a source of type %s%s", strings.Join(m.types, " or "), instead(m.types))
		}
	}
}

func signedTypes() []string { return []string{TypeLOTL, TypeLoTE, TypeVICAL} }

// instead says where a signed list has what only a bundle needs to be told.
func instead(types []string) string {
	if types[0] == TypeAnchors {
		return "; a signed list says this itself"
	}
	return "; take it out"
}
