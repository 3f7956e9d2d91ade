package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func asking(f func(*dcql.Credential)) sd { return sd{request: asked(dcql.FormatSDJWT, f)} }

func badAnswers() []provocation {
	claim := func(path dcql.Path, values ...any) sd {
		return asking(func(q *dcql.Credential) { q.Claims = []dcql.Claim{{Path: path, Values: values}} })
	}
	return []provocation{
		{code: reason.VPTokenMalformed, run: presented(raw(""))},
		{code: reason.VPTokenMalformed, besides: []reason.Code{reason.VPCredentialSetUnsatisfied}, run: presented(sd{request: func(r *verify.Request) {
			r.VPToken = map[string][]string{queryID: {}}
		}})},
		{code: reason.VPQueryIDUnknown, run: presented(sd{request: func(r *verify.Request) { r.VPToken["other"] = r.VPToken[queryID] }})},
		{code: reason.VPMultipleNotAllowed, run: presented(sd{request: func(r *verify.Request) {
			asked(dcql.FormatSDJWT, nil)(r)
			r.VPToken[queryID] = append(r.VPToken[queryID], r.VPToken[queryID]...)
		}})},
		{code: reason.VPFormatMismatch, run: presented(asking(func(q *dcql.Credential) { q.Format = dcql.FormatMdoc }))},
		{code: reason.VPFormatMismatch, run: presented(sd{request: func(r *verify.Request) { r.Flow = verify.FlowISO7B }})},
		{code: reason.VPHolderBindingMissing, run: presented(sd{
			present: func(p *verifytest.Presentation) { p.NoKeyBinding = true },
			request: func(r *verify.Request) { asked(dcql.FormatSDJWT, nil)(r); r.Policy.HolderBinding = verify.IfPresent },
		})},
		{code: reason.VPCredentialSetUnsatisfied, run: presented(sd{request: func(r *verify.Request) {
			r.Expect["second"] = verify.Expect{Kind: "pid"}
		}})},
		{code: reason.DCQLTypeMismatch, run: presented(asking(func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:fr:1"} }))},
		{code: reason.DCQLClaimMissing, run: presented(claim(dcql.Path{"no_such_claim"}))},
		{code: reason.DCQLValueMismatch, run: presented(claim(dcql.Path{"issuing_country"}, "FR"))},
		{code: reason.DCQLAuthorityMismatch, run: presented(asking(func(q *dcql.Credential) {
			q.TrustedAuthorities = []dcql.TrustedAuthority{{Type: "aki", Values: []string{"AAAA"}}}
		}))},
		{code: reason.RequestContextIncomplete, run: presented(sd{request: func(r *verify.Request) { r.Nonce = "" }})},
	}
}

func badStatuses() []provocation {
	status := func(v any) sd { return payload(func(p obj) { p["status"] = v }) }
	return []provocation{
		{code: reason.StatusReferenceMalformed, run: presented(status("x"))},
		{code: reason.StatusReferenceMalformed, run: presented(status(obj{"status_list": obj{"idx": -1, "uri": "https://x.example"}}))},
		{code: reason.StatusReferenceConflict, run: presented(payload(func(p obj) {
			p["status"] = obj{"status_list": obj{"idx": 1, "uri": "https://x.example"}, "type": "TokenStatusList", "index": 2, "uri": "https://x.example"}
		}))},
		{code: reason.StatusMechanismUnsupported, run: presented(status(obj{"identifier_list": obj{"id": "x", "uri": "https://x.example"}}))},
		{code: reason.ShortLivedClaimInconsistent, run: presented(payload(func(p obj) { p["shortLived"] = nil }))},
		{code: reason.StatusStale, run: presented(sd{request: func(r *verify.Request) { r.Policy.MaxStatusAge = time.Nanosecond }})},
		{code: reason.StatusTokenExpired, run: later(12*time.Hour, sd{request: patient}, codes)},
		{code: reason.StatusUnknownValue, run: func(t *testing.T) []reason.Code {
			w := bareWorld(t, verify.Options{})
			w.loadLists(t)
			ref := must(w.Status(w.PID("DE"), verifytest.FormJWT, 3))(t)
			w.loadStatus(t)
			return codes(w.verify(issued(func(o *verifytest.SDJWTOptions) { o.Status = &ref }).build(t, w)))
		}},
		{code: reason.StatusBitsInvalid, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			list := w.PID("DE").NewStatusList(statusURI(w, "de", verifytest.FormCWT), 2, verifytest.DefaultEntries)
			w.admit(t, "status", list.URI, "origin", must(list.Token(verifytest.FormCWT, w.now.Add(30*time.Second), verifytest.TokenOptions{}))(t))
			return codes(w.verify(md{}.build(t, w)))
		}},
	}
}

// patient lets a credential and its binding grow old.
func patient(r *verify.Request) { r.Policy.KBMaxAge = 60 * 24 * time.Hour }

// later verifies some time after everything was made and loaded.
func later(d time.Duration, b builder, of func(*verify.Result) []reason.Code) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := commonWorld(t)
		req := b.build(t, w)
		return of(w.verifier.Verify(w.store.View(), req, w.now.Add(d)))
	}
}

func statusURI(w *world, authority, form string) string {
	return w.StatusBase + "/status/" + authority + "-" + form
}
