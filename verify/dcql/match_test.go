package dcql

import (
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

var claims = Claims{
	"given_name":    "Erika",
	"age":           int64(37),
	"over_18":       true,
	"nationalities": []any{"DE", "FR"},
	"address":       map[string]any{"locality": "Köln"},
	"degrees":       []any{map[string]any{"type": "BSc"}, map[string]any{"type": "MSc"}, map[string]any{"year": int64(1)}},
}

func TestSelect(t *testing.T) {
	tests := []struct {
		path Path
		want int
	}{
		{Path{"given_name"}, 1},
		{Path{"missing"}, 0},
		{Path{"address", "locality"}, 1},
		{Path{"given_name", "locality"}, 0}, // a step into a string
		{Path{"nationalities", nil}, 2},
		{Path{"nationalities", int64(1)}, 1},
		{Path{"nationalities", int64(2)}, 0},
		{Path{"nationalities", "0"}, 0}, // a member of an array
		{Path{"address", nil}, 0},       // every element of an object
		{Path{"address", int64(0)}, 0},
		{Path{"degrees", nil, "type"}, 2}, // an element without the member drops out
		{Path{"degrees", nil, "none"}, 0},
	}
	for _, tt := range tests {
		if got := len(tt.path.Select(claims)); got != tt.want {
			t.Errorf("%v selects %d values, want %d", tt.path, got, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	name := Claim{ID: "n", Path: Path{"given_name"}}
	other := Claim{ID: "o", Path: Path{"missing"}}
	tests := []struct {
		name string
		cred Credential
		want []reason.Code
	}{
		{"no claims asked", Credential{}, nil},
		{"all present", Credential{Claims: []Claim{name, {Path: Path{"age"}, Values: []any{int64(36), int64(37)}}}}, nil},
		{"missing", Credential{Claims: []Claim{name, other}}, []reason.Code{reason.DCQLClaimMissing}},
		{"value", Credential{Claims: []Claim{{Path: Path{"given_name"}, Values: []any{"erika"}}}}, []reason.Code{reason.DCQLValueMismatch}},
		{"value of another type", Credential{Claims: []Claim{{Path: Path{"age"}, Values: []any{"37"}}}}, []reason.Code{reason.DCQLValueMismatch}},
		{"boolean", Credential{Claims: []Claim{{Path: Path{"over_18"}, Values: []any{true}}}}, nil},
		{"any element", Credential{Claims: []Claim{{Path: Path{"nationalities", nil}, Values: []any{"FR"}}}}, nil},
		{"second set", Credential{Claims: []Claim{name, other}, ClaimSets: [][]string{{"o"}, {"n"}}}, nil},
		{"no set", Credential{Claims: []Claim{name, other}, ClaimSets: [][]string{{"o"}, {"n", "o"}}}, []reason.Code{reason.DCQLClaimMissing}},
	}
	for _, tt := range tests {
		got := tt.cred.Match(claims)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if reason.CodeOf(got[i]) != tt.want[i] {
				t.Errorf("%s: %v, want %v", tt.name, got[i], tt.want[i])
			}
		}
	}
}

func TestSatisfied(t *testing.T) {
	no := false
	two := []Credential{{ID: "a"}, {ID: "b"}}
	tests := []struct {
		name    string
		query   Query
		present []string
		want    bool
	}{
		{"all", Query{Credentials: two}, []string{"a", "b"}, true},
		{"one is missing", Query{Credentials: two}, []string{"a"}, false},
		{"either", Query{Credentials: two, CredentialSets: []CredentialSet{{Options: [][]string{{"a"}, {"b"}}}}}, []string{"b"}, true},
		{"both of one option", Query{Credentials: two, CredentialSets: []CredentialSet{{Options: [][]string{{"a", "b"}}}}}, []string{"b"}, false},
		{"optional", Query{Credentials: two, CredentialSets: []CredentialSet{{Options: [][]string{{"a"}}, Required: &no}}}, nil, true},
	}
	for _, tt := range tests {
		has := func(id string) bool {
			for _, p := range tt.present {
				if p == id {
					return true
				}
			}
			return false
		}
		if got := tt.query.Satisfied(has); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestValidate(t *testing.T) {
	ok := Credential{ID: "pid", Format: FormatSDJWT}
	with := func(change func(*Credential)) *Query {
		c := ok
		change(&c)
		return &Query{Credentials: []Credential{c}}
	}
	tests := []struct {
		member string
		query  *Query
	}{
		{"", &Query{Credentials: []Credential{ok}}},
		{"/credentials", &Query{}},
		{"/credentials", &Query{Credentials: make([]Credential, MaxCredentials+1)}},
		{"/credentials/0/id", with(func(c *Credential) { c.ID = "a b" })},
		{"/credentials/1/id", &Query{Credentials: []Credential{ok, ok}}},
		{"/credentials/0/format", with(func(c *Credential) { c.Format = "" })},
		{"/credentials/0/claims/0/path", with(func(c *Credential) { c.Claims = []Claim{{}} })},
		{"/credentials/0/claims/0/path/1", with(func(c *Credential) { c.Claims = []Claim{{Path: Path{"a", 1.5}}} })},
		{"/credentials/0/claims/0/path/0", with(func(c *Credential) { c.Claims = []Claim{{Path: Path{int64(-1)}}} })},
		{"/credentials/0/claims/1/id", with(func(c *Credential) {
			c.Claims = []Claim{{ID: "x", Path: Path{"a"}}, {ID: "x", Path: Path{"b"}}}
		})},
		{"/credentials/0/claims/0/values/0", with(func(c *Credential) {
			c.Claims = []Claim{{Path: Path{"a"}, Values: []any{1.5}}}
		})},
		{"/credentials/0/claims/0/path", with(func(c *Credential) {
			c.Format, c.Claims = FormatMdoc, []Claim{{Path: Path{"ns"}}}
		})},
		{"/credentials/0/claims/0/path/1", with(func(c *Credential) {
			c.Format, c.Claims = FormatMdoc, []Claim{{Path: Path{"ns", nil}}}
		})},
		{"/credentials/0/claim_sets/0/0", with(func(c *Credential) { c.ClaimSets = [][]string{{"x"}} })},
		{"/credentials/0/claim_sets", with(func(c *Credential) { c.ClaimSets = [][]string{} })},
		{"/credential_sets/0/options/0/0", &Query{Credentials: []Credential{ok}, CredentialSets: []CredentialSet{{Options: [][]string{{"x"}}}}}},
		{"/credential_sets/0/options/0", &Query{Credentials: []Credential{ok}, CredentialSets: []CredentialSet{{Options: [][]string{{}}}}}},
	}
	for i, tt := range tests {
		err := tt.query.Validate()
		if tt.member == "" {
			if err != nil {
				t.Errorf("case %d: %v", i, err)
			}
			continue
		}
		if e, ok := err.(*Error); !ok || e.Member != tt.member {
			t.Errorf("case %d: %v, want an error at %s", i, err, tt.member)
		}
	}
}
