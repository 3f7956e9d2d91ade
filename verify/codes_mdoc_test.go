package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func mso(f func(obj)) md {
	return md{issue: func(o *verifytest.MdocOptions) { o.MutateMSO = f }}
}
func issuerHeaders(f func(protected, unprotected map[any]any)) md {
	return md{issue: func(o *verifytest.MdocOptions) { o.MutateHeaders = f }}
}
func issuedMdoc(f func(*verifytest.MdocOptions)) md { return md{issue: f} }
func response(f func(obj)) md {
	return md{present: func(p *verifytest.MdocPresentation) { p.MutateResponse = f }}
}
func items(f func([]verifytest.Item) []verifytest.Item) md {
	return md{present: func(p *verifytest.MdocPresentation) { p.Items = f }}
}
func licence(element string, value any) md {
	return md{by: "ut", typ: verifytest.TypeMDL, issue: func(o *verifytest.MdocOptions) {
		o.NameSpaces[verifytest.NamespaceMDL][element] = value
	}}
}

func badMdocs() []provocation {
	return []provocation{
		{code: reason.MdocMalformed, run: presented(raw("AAAA"))},
		{code: reason.MdocMalformed, run: presented(raw("not base64url"))},
		{code: reason.MdocVersionUnsupported, run: presented(response(func(r obj) { r["version"] = "2.0" }))},
		{code: reason.MdocStatusError, run: presented(response(func(r obj) { r["status"] = 10 }))},
		{code: reason.MdocNoDocument, run: presented(response(func(r obj) { delete(r, "documents") }))},
		{code: reason.MdocX5ChainMissing, run: presented(issuedMdoc(func(o *verifytest.MdocOptions) { o.NoX5Chain = true }))},
		{code: reason.MdocX5tMismatch, run: presented(issuerHeaders(func(p, _ map[any]any) { p[34] = []any{-16, make([]byte, 32)} }))},
		{code: reason.AlgUnsupported, run: presented(issuerHeaders(func(p, _ map[any]any) { p[1] = -47 }))},
		{code: reason.IssuerSignatureInvalid, run: inWorld(func(w *world) builder {
			return issuedMdoc(func(o *verifytest.MdocOptions) {
				own := w.PID("DE").Signer
				o.Signer = &verifytest.Key{Cert: own.Cert, Private: w.Stranger().Signer.Private, Issuer: own.Issuer}
			})
		})},
		{code: reason.MSOMalformed, run: presented(mso(func(m obj) { delete(m, "validityInfo") }))},
		{code: reason.MSODigestAlgUnsupported, run: presented(mso(func(m obj) { m["digestAlgorithm"] = "SHA-1" }))},
		{code: reason.MdocDocTypeMismatch, run: presented(mso(func(m obj) { m["docType"] = verifytest.TypeMDL }))},
		{code: reason.MdocDocTypeMismatch, run: presented(md{request: func(r *verify.Request) {
			r.Expect[queryID] = verify.Expect{Kind: "pid", Types: []string{"eu.europa.ec.eudi.pid.2"}}
		}})},
		{code: reason.MdocDigestMissing, run: presented(items(func(list []verifytest.Item) []verifytest.Item {
			extra, _ := verifytest.Encode24(obj{"digestID": 4711, "random": make([]byte, 24), "elementIdentifier": "extra", "elementValue": true})
			return append(list, verifytest.Item{NameSpace: verifytest.TypePIDMdoc, Element: "extra", Raw: extra})
		}))},
		{code: reason.MdocElementDuplicate, run: presented(items(func(list []verifytest.Item) []verifytest.Item { return append(list, list[0]) }))},
		{code: reason.MSOSignedOutsideCert, run: presented(issuedMdoc(func(o *verifytest.MdocOptions) { o.Signed = o.Signed.AddDate(0, 0, -91) }))},
		{code: reason.MdocValidUntilAfterCert, run: presented(issuedMdoc(func(o *verifytest.MdocOptions) { o.ValidUntil = o.ValidUntil.AddDate(1, 0, 0) }))},
		{code: reason.CredentialNotYetValid, run: presented(issuedMdoc(func(o *verifytest.MdocOptions) { o.ValidFrom = o.ValidFrom.Add(2 * time.Hour) }))},
		{code: reason.DeviceAuthMissing, run: presented(md{present: func(p *verifytest.MdocPresentation) { p.NoDeviceSigned = true }})},
		{code: reason.DeviceAuthAmbiguous, run: presented(md{present: func(p *verifytest.MdocPresentation) {
			p.MutateDeviceSigned = func(d obj) {
				auth := d["deviceAuth"].(obj)
				auth["deviceMac"] = auth["deviceSignature"]
			}
		}})},
		{code: reason.DeviceKeyNotAuthorized, run: presented(md{by: "ut", typ: verifytest.TypeMDL, present: func(p *verifytest.MdocPresentation) {
			p.DeviceElements = map[string]map[string]any{verifytest.NamespaceMDL: {"self_declared": true}}
		}})},
		{code: reason.DeviceMacInvalid, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			_, req := w.make(t, "mdoc-pid-mac", verifytest.Context{})
			req.EMacKey[0] ^= 1
			return codes(w.verify(req))
		}},
		{code: reason.SessionTranscriptMissing, run: presented(md{request: func(r *verify.Request) { r.Flow = verify.FlowProximity }})},
		{code: reason.IssuingCountryMismatch, run: presented(licence("issuing_country", "DE"))},
		{code: reason.IssuingJurisdictionMismatch, run: presented(licence("issuing_jurisdiction", "UT-XX"))},
	}
}
