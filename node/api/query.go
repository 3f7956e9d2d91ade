package api

import (
	"errors"
	"math"

	"github.com/edgetrust/edgetrust/verify/dcql"
)

// query reads a dcql_query. Unknown members are ignored (OpenID4VP 1.0 section
// 6), known ones must be well formed. The numbers of things are bounded by
// dcql.Query.Validate, and by the body's length before it.
func (r *reader) query(v any, at string) *dcql.Query {
	q := &dcql.Query{}
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "credentials":
			r.array(v, at, math.MaxInt, func(_ int, v any, at string) {
				q.Credentials = append(q.Credentials, r.queryCredential(v, at))
			})
		case "credential_sets":
			r.array(v, at, math.MaxInt, func(_ int, v any, at string) {
				q.CredentialSets = append(q.CredentialSets, r.credentialSet(v, at))
			})
		}
	})
	if r.problem == nil {
		err := q.Validate()
		var e *dcql.Error
		if errors.As(err, &e) {
			err = &dcql.Error{Member: at + e.Member, Cause: e.Cause}
		}
		r.valid(err)
	}
	return q
}

// valid reports the error of a query's or a path's own check.
func (r *reader) valid(err error) {
	var e *dcql.Error
	switch {
	case err == nil:
	case errors.As(err, &e):
		r.fail(malformed(e.Member, e.Cause))
	default:
		r.fail(malformed("", "malformed query"))
	}
}

func (r *reader) queryCredential(v any, at string) (c dcql.Credential) {
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "id":
			c.ID = r.text(v, at)
		case "format":
			c.Format = r.text(v, at)
		case "multiple":
			c.Multiple = r.flag(v, at)
		case "meta":
			c.Meta = r.meta(v, at)
		case "claims":
			r.array(v, at, math.MaxInt, func(_ int, v any, at string) { c.Claims = append(c.Claims, r.claim(v, at)) })
		case "claim_sets":
			c.ClaimSets = r.sets(v, at)
		case "trusted_authorities":
			r.array(v, at, dcql.MaxSets, func(_ int, v any, at string) {
				c.TrustedAuthorities = append(c.TrustedAuthorities, r.authority(v, at))
			})
		case "require_cryptographic_holder_binding":
			b := r.flag(v, at)
			c.RequireHolderBinding = &b
		}
	})
	return c
}

func (r *reader) meta(v any, at string) (m dcql.Meta) {
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "vct_values":
			m.VCTValues = r.texts(v, at, maxTypes)
		case "doctype_value":
			m.DocType = r.text(v, at)
		}
	})
	return m
}

func (r *reader) claim(v any, at string) (c dcql.Claim) {
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "id":
			c.ID = r.text(v, at)
		case "path":
			a, ok := v.([]any)
			if !ok {
				r.need(at, "an array")
			}
			c.Path = dcql.Path(a)
		case "values":
			r.array(v, at, math.MaxInt, func(_ int, v any, _ string) { c.Values = append(c.Values, v) })
		}
	})
	return c
}

func (r *reader) credentialSet(v any, at string) (s dcql.CredentialSet) {
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "options":
			s.Options = r.sets(v, at)
		case "required":
			b := r.flag(v, at)
			s.Required = &b
		}
	})
	return s
}

func (r *reader) authority(v any, at string) (a dcql.TrustedAuthority) {
	r.object(v, at, func(name string, v any, at string) {
		switch name {
		case "type":
			a.Type = r.text(v, at)
		case "values":
			a.Values = r.texts(v, at, math.MaxInt)
		}
	})
	return a
}

// sets reads arrays of ids; an empty array is not an absent one.
func (r *reader) sets(v any, at string) [][]string {
	sets := [][]string{}
	r.array(v, at, math.MaxInt, func(_ int, v any, at string) { sets = append(sets, r.texts(v, at, math.MaxInt)) })
	return sets
}
