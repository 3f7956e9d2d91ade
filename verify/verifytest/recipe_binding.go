package verifytest

import (
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func badBindings() []recipe {
	return []recipe{
		{
			Sample: bad("missing-key-binding", FormatSDJWT, reason.KBMissing, "a credential without proof that its holder presents it"),
			by:     "de", typ: pidDE, expect: TypePID,
			present: func(_ *maker, p *Presentation) { p.NoKeyBinding = true },
		},
		{
			Sample: bad("wrong-nonce", FormatSDJWT, reason.KBNonceMismatch, "made for another request"),
			by:     "de", typ: pidDE, expect: TypePID,
			present: func(_ *maker, p *Presentation) { p.Nonce = URL64(randomBytes(16)) },
		},
		{
			Sample: bad("wrong-audience", FormatSDJWT, reason.KBAudMismatch, "made for another relying party"),
			by:     "de", typ: pidDE, expect: TypePID,
			present: func(k *maker, p *Presentation) {
				p.Audience = "x509_san_dns:another.example"
				if k.c.Flow == FlowDCAPI {
					p.Audience = "origin:https://another.example"
				}
			},
		},
		{
			Sample: bad("old-key-binding", FormatSDJWT, reason.KBIATOutOfWindow, "signed by the holder an hour ago"),
			by:     "fr", typ: pidFR, expect: TypePID,
			present: func(k *maker, p *Presentation) { p.IssuedAt = k.now.Add(-time.Hour) },
		},
		{
			Sample: bad("another-holder", FormatSDJWT, reason.KBSignatureInvalid, "presented with another key than the credential was issued to"),
			by:     "de", typ: pidDE, expect: TypePID,
			present: func(k *maker, p *Presentation) { p.HolderKey = k.w.Stranger().Signer.Private },
		},
		{
			Sample: bad("dropped-disclosure", FormatSDJWT, reason.SDHashMismatch, "a disclosure was dropped after the holder had signed"),
			by:     "fr", typ: pidFR, expect: TypePID,
			present: func(_ *maker, p *Presentation) {
				p.Damage = func(parts []string) []string {
					last := len(parts) - 2 // before the KB-JWT
					return append(append([]string(nil), parts[:last]...), parts[last+1])
				}
			},
		},
		{
			Sample: bad("transaction-data-missing", FormatSDJWT, reason.TransactionDataMissing, "a payment card that binds no payment though one was asked for"),
			by:     "eaa", typ: TypePayment, transaction: true,
			present: func(_ *maker, p *Presentation) { p.TransactionData = nil },
		},
		{
			Sample: bad("transaction-data-other", FormatSDJWT, reason.TransactionDataHashMismatch, "a payment card that binds another payment than the one asked for"),
			by:     "eaa", typ: TypePayment, transaction: true,
			present: func(_ *maker, p *Presentation) { p.TransactionData = []string{p.TransactionData[0] + "AA"} },
		},
		{
			Sample: bad("transaction-data-pid", FormatSDJWT, reason.TransactionDataNotAllowed, "a PID that binds a payment, which PIDs must not"),
			by:     "de", typ: pidDE, expect: TypePID, transaction: true,
		},
		{
			Sample: bad("mdoc-missing-device-auth", FormatMdoc, reason.DeviceAuthMissing, "an mdoc without proof that its holder presents it"),
			by:     "de", typ: TypePIDMdoc,
			presentMdoc: func(_ *maker, p *MdocPresentation) { p.NoDeviceAuth = true },
		},
		{
			Sample: bad("device-signature-other-flow", FormatMdoc, reason.DeviceSignatureInvalid, "the holder signed for another flow than the one named"),
			by:     "de", typ: TypePIDMdoc,
			presentMdoc: func(k *maker, p *MdocPresentation) {
				other := k.c
				other.Flow = FlowDCAPI
				if k.c.Flow == FlowDCAPI {
					other.Flow = FlowRedirect
				}
				if t, err := other.Transcript(); err == nil {
					p.Transcript = t
				}
			},
		},
		{
			Sample: bad("mdoc-device-element-in-pid", FormatMdoc, reason.DeviceKeyNotAuthorized, "a PID with an element that the device signed, which PIDs must not have"),
			by:     "fr", typ: TypePIDMdoc,
			presentMdoc: func(_ *maker, p *MdocPresentation) {
				p.DeviceElements = map[string]map[string]any{TypePIDMdoc: {"self_declared": true}}
			},
		},
		{
			Sample: unsure("mdoc-mac-key-missing", FormatMdoc, reason.DeviceMacKeyUnavailable, "bound by a MAC, and the verifier is not told its key"),
			by:     "fr", typ: TypePIDMdoc, mac: true, withholdMAC: true,
		},
	}
}
