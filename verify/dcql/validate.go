package dcql

import "fmt"

// Limits of a query.
const (
	MaxCredentials = 64
	MaxClaims      = 256
	MaxSets        = 64
	MaxPath        = 16
	MaxValues      = 64
)

// Error says which member of a query is malformed. Member is a JSON pointer
// below dcql_query.
type Error struct {
	Member string
	Cause  string
}

func (e *Error) Error() string { return e.Member + ": " + e.Cause }

func bad(member, format string, args ...any) error {
	return &Error{member, fmt.Sprintf(format, args...)}
}

// Validate checks the query itself (OpenID4VP 1.0 section 6): ids present and
// unique, references that resolve, paths of the right types, and the limits
// above. A query that fails is the caller's mistake, not the wallet's.
func (q *Query) Validate() error {
	if len(q.Credentials) == 0 {
		return bad("/credentials", "at least one credential is needed")
	}
	if len(q.Credentials) > MaxCredentials {
		return bad("/credentials", "more than %d credentials", MaxCredentials)
	}
	ids := make(map[string]bool, len(q.Credentials))
	for i := range q.Credentials {
		c := &q.Credentials[i]
		at := fmt.Sprintf("/credentials/%d", i)
		if !validID(c.ID) {
			return bad(at+"/id", "an id of letters, digits, - and _ is needed")
		}
		if ids[c.ID] {
			return bad(at+"/id", "the id occurs twice")
		}
		ids[c.ID] = true
		if c.Format == "" {
			return bad(at+"/format", "a format is needed")
		}
		if err := c.validate(at); err != nil {
			return err
		}
	}
	if len(q.CredentialSets) > MaxSets {
		return bad("/credential_sets", "more than %d sets", MaxSets)
	}
	for i, s := range q.CredentialSets {
		if err := validSets(fmt.Sprintf("/credential_sets/%d/options", i), s.Options, ids); err != nil {
			return err
		}
	}
	return nil
}

func (c *Credential) validate(at string) error {
	if len(c.Claims) > MaxClaims {
		return bad(at+"/claims", "more than %d claims", MaxClaims)
	}
	ids := make(map[string]bool)
	for i, cl := range c.Claims {
		here := fmt.Sprintf("%s/claims/%d", at, i)
		if cl.ID != "" && ids[cl.ID] {
			return bad(here+"/id", "the id occurs twice")
		}
		ids[cl.ID] = true
		if err := cl.Path.Validate(here+"/path", c.Format); err != nil {
			return err
		}
		if len(cl.Values) > MaxValues {
			return bad(here+"/values", "more than %d values", MaxValues)
		}
		for j, v := range cl.Values {
			switch v.(type) {
			case string, int64, bool:
			default:
				return bad(fmt.Sprintf("%s/values/%d", here, j), "a string, an integer or a boolean is needed")
			}
		}
	}
	delete(ids, "")
	if c.ClaimSets != nil {
		return validSets(at+"/claim_sets", c.ClaimSets, ids)
	}
	return nil
}

// Validate checks a path for a format ("" checks what all formats share).
func (p Path) Validate(at, format string) error {
	if len(p) == 0 || len(p) > MaxPath {
		return bad(at, "1 to %d elements are needed", MaxPath)
	}
	for i, el := range p {
		switch x := el.(type) {
		case nil, string:
		case int64:
			if x < 0 {
				return bad(fmt.Sprintf("%s/%d", at, i), "a negative index")
			}
		default:
			return bad(fmt.Sprintf("%s/%d", at, i), "a string, a non-negative integer or null is needed")
		}
	}
	if format == FormatMdoc {
		if len(p) != 2 {
			return bad(at, "an mdoc path is [namespace, element]")
		}
		for i, el := range p {
			if _, ok := el.(string); !ok {
				return bad(fmt.Sprintf("%s/%d", at, i), "an mdoc path is [namespace, element]")
			}
		}
	}
	return nil
}

func validSets(at string, sets [][]string, ids map[string]bool) error {
	if len(sets) == 0 || len(sets) > MaxSets {
		return bad(at, "1 to %d sets are needed", MaxSets)
	}
	for i, set := range sets {
		if len(set) == 0 {
			return bad(fmt.Sprintf("%s/%d", at, i), "an empty set")
		}
		for j, id := range set {
			if !ids[id] {
				return bad(fmt.Sprintf("%s/%d/%d", at, i, j), "no such id in this query")
			}
		}
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
