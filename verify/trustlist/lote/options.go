package lote

// Options says which list is expected and which departures from the standard are
// let pass. The zero Options takes any official EU type and nothing else. Every
// switch is for a fault seen in a published list, and has a word in QuirkNames.
type Options struct {
	// Profile is the list's profile: pid, wallet, wrpac, wrprc, pubeaa, registrar
	// or mdl; "": whichever of them the list's type names.
	Profile string

	// OJ is the URI of the Official Journal notice that the signers are pinned
	// from, which the list has to name in SchemeInformationURI; "": none.
	OJ string

	// Aliases are URIs accepted in the place of official ones, which are the
	// values: types, approaches, rules, service types and statuses. Publishers
	// rename them, as the Commission did in its list for driving licences. An
	// official URI is never renamed.
	Aliases map[string]string

	// AllowNoOuterMember: the payload is the list itself, without {"LoTE": …}
	// around it (German sandbox).
	AllowNoOuterMember bool

	// AllowPilotIdentifiers: type, status and rule URIs and service types that
	// pilots made up, as the doubled suffix "ListProvidersList" of the German
	// sandbox or the service type "PIDProvider" of WP4 Trust. Only those in the
	// pilot rows of the profile table.
	AllowPilotIdentifiers bool

	// AllowMissingMembers: members that only the profile requires, not the
	// schema, may be absent; each becomes a warning.
	AllowMissingMembers bool

	// AllowMissingServiceType: a service without a ServiceTypeIdentifier counts
	// as an issuance service of the profile (EUDI reference implementation).
	AllowMissingServiceType bool

	// AllowNextUpdateAtIssue: NextUpdate may equal ListIssueDateTime (WP4
	// Trust). Such a list has expired by the time anybody reads it; the cache
	// will say so.
	AllowNextUpdateAtIssue bool

	// UnsafeSignerSchemeMismatch: the signer's country and organisation need
	// not be the list's; the mismatch becomes a warning. The pin still holds.
	UnsafeSignerSchemeMismatch bool
}
