package api

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// requestOf reads the body of POST /v1/verify, or one item of a batch, out of a
// tree. at is the pointer of the tree within the body.
func (h *handler) requestOf(tree any, at string) (*verify.Request, *Problem) {
	r := &reader{}
	req := &verify.Request{Policy: h.o.Policies[defaultPolicy]}
	r.object(tree, at, func(name string, v any, at string) {
		switch name {
		case "vp_token":
			req.VPToken = r.vpToken(v, at)
		case "flow":
			req.Flow = r.flow(v, at)
		case "nonce":
			req.Nonce = r.text(v, at)
		case "client_id":
			req.ClientID = r.text(v, at)
		case "response_uri":
			req.ResponseURI = r.text(v, at)
		case "origin":
			req.Origin = r.text(v, at)
		case "jwk_thumbprint":
			req.JWKThumbprint = r.bytes32(v, at)
		case "mdoc_generated_nonce":
			req.MdocGeneratedNonce = r.text(v, at)
		case "encryption_info":
			req.EncryptionInfo = r.text(v, at)
		case "session_transcript":
			req.SessionTranscript = r.bytes(v, at)
		case "emac_key":
			req.EMacKey = r.bytes32(v, at)
		case "transaction_data":
			req.TransactionData = r.texts(v, at, maxTransaction)
		case "dcql_query":
			req.Query = r.query(v, at)
		case "expect":
			req.Expect = r.expect(v, at)
		case "policy":
			req.Policy = h.policy(r, v, at)
		case "include":
			req.IncludeClaims = r.include(v, at)
		default:
			r.unknown(at)
		}
	})
	if req.VPToken == nil {
		r.need(at+"/vp_token", "an object of arrays of presentations")
	}
	if req.Flow == "" {
		r.need(at+"/flow", "one of redirect, dc_api, proximity, iso_7_b and iso_7_c")
	}
	if r.problem != nil {
		return nil, r.problem
	}
	return req, nil
}

// vpToken reads an object of arrays of strings (OpenID4VP 1.0 section 8.1).
func (r *reader) vpToken(v any, at string) map[string][]string {
	token := make(map[string][]string)
	total := 0
	r.object(v, at, func(id string, v any, at string) {
		token[id] = r.texts(v, at, maxPresentations)
		total += len(token[id])
	})
	if total > maxPresentations {
		r.fail(tooLarge(at, "too many presentations in one request; send a batch"))
	}
	return token
}

var flows = verify.Flows()

func (r *reader) flow(v any, at string) verify.Flow {
	f := verify.Flow(r.text(v, at))
	if !slices.Contains(flows, f) {
		r.need(at, "one of redirect, dc_api, proximity, iso_7_b and iso_7_c")
	}
	return f
}

func (h *handler) policy(r *reader, v any, at string) verify.Policy {
	name := r.text(v, at)
	if name == "" {
		name = defaultPolicy
	}
	p, ok := h.o.Policies[name]
	if !ok {
		r.fail(malformed(at, "no policy of that name is configured here; /v1/info names those there are"))
	}
	return p
}

func (r *reader) include(v any, at string) (claims bool) {
	r.array(v, at, 8, func(_ int, v any, at string) {
		if r.text(v, at) != "claims" {
			r.need(at, "the word claims")
		}
		claims = true
	})
	return claims
}

var kinds = trustlist.Kinds()

// expect reads the short form of a query. An object without members says nothing,
// and counts as absent.
func (r *reader) expect(v any, at string) map[string]verify.Expect {
	expect := make(map[string]verify.Expect)
	r.object(v, at, func(id string, v any, at string) {
		var e verify.Expect
		r.object(v, at, func(name string, v any, at string) {
			switch name {
			case "kind":
				e.Kind = trustlist.Kind(r.text(v, at))
				if e.Kind != "" && !slices.Contains(kinds, e.Kind) {
					r.need(at, "one of pid, qeaa, pubeaa, eaa, mdl, wallet, wrpac, wrprc and register")
				}
			case "types":
				e.Types = r.texts(v, at, maxTypes)
			case "claims":
				r.array(v, at, maxPaths, func(_ int, v any, at string) { e.Claims = append(e.Claims, r.path(v, at)) })
			default:
				r.unknown(at)
			}
		})
		expect[id] = e
	})
	if len(expect) > maxExpect {
		r.fail(tooLarge(at, "too many entries"))
	}
	return expect
}

// path reads a claims path pointer that no format narrows.
func (r *reader) path(v any, at string) dcql.Path {
	a, ok := v.([]any)
	if !ok {
		r.need(at, "an array")
		return nil
	}
	p := dcql.Path(a)
	r.valid(p.Validate(at, ""))
	return p
}
