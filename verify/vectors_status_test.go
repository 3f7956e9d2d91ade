package verify_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// token offers a status list token at the store's door, under the URI it is for.
func token(uri string, read func(t *testing.T, v *vectors) []byte) func(t *testing.T, v *vectors) error {
	return func(t *testing.T, v *vectors) error {
		v.open(t, nil, uri)
		_, err := v.store.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.Status, Name: uri}, Door: artefact.Origin, Bytes: read(t, v), At: v.now})
		return err
	}
}

func hexToken(t *testing.T, v *vectors) []byte  { return v.hex(t, v.file) }
func textToken(t *testing.T, v *vectors) []byte { return v.read(t, v.file) }
func waltToken(t *testing.T, v *vectors) []byte {
	var in struct {
		Token string `json:"status-credential"`
	}
	v.json(t, v.file, &in)
	return []byte(in.Token)
}

const (
	draftURI = "https://example.com/statuslists/1"
	devURI   = "https://dev.issuer.eudiw.dev/token_status_list/FC/eu.europa.ec.eudi.pid.1/527dd87d-aceb-4459-a8b3-de77c58f7a1f"
	bare     = "a bare token without a certificate, which no store admits; package statuslist reads it"
)

var statusVectors = []vector{
	{file: "draft20-status-list-token.cwt.hex", at: "2026-11-23T00:00:00Z", kind: "pid", admit: token(draftURI, hexToken), readme: "valid", want: "status_signer_untrusted", why: bare},
	{file: "draft20-status-list-token.jwt", at: "2026-11-23T00:00:00Z", kind: "pid", admit: token(draftURI, textToken), readme: "valid", want: "status_signer_untrusted", why: bare},
	{file: "eudi-dev-issuer-2025-09.cwt.hex", at: "2025-09-07T00:00:00Z", anchors: []string{ut02}, kind: "pid", admit: token(devURI, hexToken), readme: "reject", want: "status_token_signature_invalid"},
	{file: "eudi-dev-issuer-2025-09.cwt.hex", at: "2025-09-07T00:00:00Z", anchors: []string{ut01}, kind: "pid", admit: token(devURI, hexToken), readme: "reject", want: "status_signer_untrusted"},
	{file: "waltid-revoked.json", at: "2026-11-23T00:00:00Z", kind: "pid", admit: token("https://x.example", waltToken), readme: "valid", want: "status_signer_untrusted", why: bare},
	{file: "waltid-unrevoked.json", at: "2026-11-23T00:00:00Z", kind: "pid", admit: token("https://x.example", waltToken), readme: "valid", want: "status_signer_untrusted", why: bare},
	{file: "waltid-wrong-list-encoding.json", at: "2026-11-23T00:00:00Z", kind: "pid", admit: token("https://x.example", waltToken), readme: "reject", want: "status_signer_untrusted"},
	{file: "draft20-referenced-token.cwt.hex", at: "2026-11-23T00:00:00Z", kind: "pid", types: pid, request: mdocFile, readme: "valid", want: "mdoc_malformed", why: "a CWT that is no mdoc and no SD-JWT VC; package statuslist reads its reference"},
}

var statusInputs = map[string]string{
	"keys.json":                     "the key of the draft's examples",
	"draft20-appendix-vectors.json": "lists without a token: package statuslist inflates them",
	"draft20-section4-small.json":   "lists without a token: package statuslist inflates them",
	"vck-identifier-list.hex":       "an identifier list without a token: package statuslist signs it",
	"vck-identifier-list-info.txt":  "notation of vck-identifier-list.hex",
}
