package dcql

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Claims is what a claims path is applied to: the processed payload of an SD-JWT
// VC, or namespace → element → value of an mdoc.
type Claims = map[string]any

// Select applies a path (section 7.1): nil when it selects nothing, or a step
// meets a value of the wrong type.
func (p Path) Select(claims Claims) []any {
	selected := []any{claims}
	for _, step := range p {
		var next []any
		for _, v := range selected {
			switch s := step.(type) {
			case string:
				m, ok := v.(map[string]any)
				if !ok {
					return nil
				}
				if x, ok := m[s]; ok {
					next = append(next, x)
				}
			case int64:
				a, ok := v.([]any)
				if !ok {
					return nil
				}
				if s >= 0 && s < int64(len(a)) {
					next = append(next, a[s])
				}
			default:
				a, ok := v.([]any)
				if !ok {
					return nil
				}
				next = append(next, a...)
			}
		}
		selected = next
	}
	return selected
}

// Match checks the claims of a credential against the query (sections 6.3 and
// 6.4.1): every claim, or every claim of one of the claim sets. The refusals are
// dcql_claim_missing and dcql_value_mismatch, in the order of the query; they name
// the position in the query, never a value.
func (c *Credential) Match(claims Claims) []error {
	if len(c.ClaimSets) == 0 {
		return c.matchAll(claims, nil)
	}
	var first []error
	for i, set := range c.ClaimSets {
		errs := c.matchAll(claims, set)
		if len(errs) == 0 {
			return nil
		}
		if i == 0 {
			first = errs
		}
	}
	return first
}

func (c *Credential) matchAll(claims Claims, ids []string) (errs []error) {
	for i, cl := range c.Claims {
		if ids != nil && !slices.Contains(ids, cl.ID) {
			continue
		}
		found := cl.Path.Select(claims)
		switch {
		case len(found) == 0:
			errs = append(errs, reason.Refuse(reason.DCQLClaimMissing, "claim %d of the query was not presented", i))
		case len(cl.Values) > 0 && !anyOf(found, cl.Values):
			errs = append(errs, reason.Refuse(reason.DCQLValueMismatch, "claim %d of the query has another value", i))
		}
	}
	return errs
}

// anyOf compares type and value exactly (section 6.3, values).
func anyOf(found, values []any) bool {
	for _, f := range found {
		for _, v := range values {
			if same(f, v) {
				return true
			}
		}
	}
	return false
}

func same(f, v any) bool {
	switch x := v.(type) {
	case string:
		s, ok := f.(string)
		return ok && s == x
	case bool:
		b, ok := f.(bool)
		return ok && b == x
	case int64:
		switch n := f.(type) {
		case int64:
			return n == x
		case float64:
			return n == float64(x)
		}
	}
	return false
}

// NeedsHolderBinding says whether the query demands it, which is the default.
func (c *Credential) NeedsHolderBinding() bool {
	return c.RequireHolderBinding == nil || *c.RequireHolderBinding
}

// Satisfied checks which credentials came back (sections 6.2 and 6.4.2): all of
// them, or what every required credential set needs. present tells for which ids
// a good presentation came.
func (q *Query) Satisfied(present func(id string) bool) bool {
	if len(q.CredentialSets) == 0 {
		for _, c := range q.Credentials {
			if !present(c.ID) {
				return false
			}
		}
		return true
	}
	for _, s := range q.CredentialSets {
		required := s.Required == nil || *s.Required
		if required && !slices.ContainsFunc(s.Options, func(ids []string) bool {
			return !slices.ContainsFunc(ids, func(id string) bool { return !present(id) })
		}) {
			return false
		}
	}
	return true
}

// Find returns the credential query with the id.
func (q *Query) Find(id string) (*Credential, bool) {
	for i := range q.Credentials {
		if q.Credentials[i].ID == id {
			return &q.Credentials[i], true
		}
	}
	return nil, false
}
