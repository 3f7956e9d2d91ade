package lote

// quirks are the words by which a configuration lets a departure pass, one for
// each switch of Options.
var quirks = []struct {
	name string
	of   func(*Options) *bool
}{
	{"no_outer_member", func(o *Options) *bool { return &o.AllowNoOuterMember }},
	{"pilot_identifiers", func(o *Options) *bool { return &o.AllowPilotIdentifiers }},
	{"missing_members", func(o *Options) *bool { return &o.AllowMissingMembers }},
	{"missing_service_type", func(o *Options) *bool { return &o.AllowMissingServiceType }},
	{"next_update_at_issue", func(o *Options) *bool { return &o.AllowNextUpdateAtIssue }},
	{"signer_scheme_mismatch", func(o *Options) *bool { return &o.UnsafeSignerSchemeMismatch }},
}

// QuirkNames returns the words that Allow knows, in the order of the switches in
// Options, where each is explained.
func QuirkNames() []string {
	names := make([]string, 0, len(quirks))
	for _, q := range quirks {
		names = append(names, q.name)
	}
	return names
}

// Allow turns on the switch with the name, and says whether there is one.
func (o *Options) Allow(name string) bool {
	for _, q := range quirks {
		if q.name == name {
			*q.of(o) = true
			return true
		}
	}
	return false
}
