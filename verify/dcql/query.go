// Package dcql is the Digital Credentials Query Language (OpenID4VP 1.0 section
// 6) as a verifier needs it: the query as it was asked, and whether what came
// back answers it. The wallet's own filtering is a courtesy; everything is checked
// again here.
package dcql

// Query is a dcql_query. Unknown members are ignored.
type Query struct {
	Credentials    []Credential    `json:"credentials"`
	CredentialSets []CredentialSet `json:"credential_sets,omitempty"`
}

// The formats this verifier knows.
const (
	FormatSDJWT = "dc+sd-jwt"
	FormatMdoc  = "mso_mdoc"
)

// Credential asks for one credential (section 6.1).
type Credential struct {
	ID                 string             `json:"id"`
	Format             string             `json:"format"`
	Multiple           bool               `json:"multiple,omitempty"`
	Meta               Meta               `json:"meta"`
	Claims             []Claim            `json:"claims,omitempty"`
	ClaimSets          [][]string         `json:"claim_sets,omitempty"`
	TrustedAuthorities []TrustedAuthority `json:"trusted_authorities,omitempty"`
	// RequireHolderBinding is nil when absent, which means true.
	RequireHolderBinding *bool `json:"require_cryptographic_holder_binding,omitempty"`
}

// Meta narrows the type (Annexes B.2.3 and B.3.5).
type Meta struct {
	VCTValues []string `json:"vct_values,omitempty"`
	DocType   string   `json:"doctype_value,omitempty"`
}

// Claim asks for one claim (section 6.3).
type Claim struct {
	ID     string `json:"id,omitempty"`
	Path   Path   `json:"path"`
	Values []any  `json:"values,omitempty"` // string, int64 or bool; any one will do
}

// Path is a claims path pointer (section 7): a string takes a member, an int64 an
// array element, nil every element of an array. For mdoc it is [namespace,
// element].
type Path []any

// CredentialSet asks for one of several combinations (section 6.2).
type CredentialSet struct {
	Options  [][]string `json:"options"`
	Required *bool      `json:"required,omitempty"` // nil means true
}

// TrustedAuthority narrows the issuer (section 6.1.1).
type TrustedAuthority struct {
	Type   string   `json:"type"` // aki, etsi_tl or openid_federation
	Values []string `json:"values"`
}
