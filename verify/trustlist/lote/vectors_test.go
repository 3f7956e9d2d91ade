package lote

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vector is one file of the lote-ts119602 folder.
type vector struct {
	file             string
	parse            reason.Code // outcome of Parse on the file as it is
	signer           string      // pinned; "": the content is signed anew by a signer of ours
	strict           reason.Code // outcome of Verify with the zero Options
	quirks           *Options    // with these the outcome is quirked
	quirky           reason.Code
	profile          string
	anchors, skipped int
	other            string // why the file is no list
}

const (
	notList   = "a certificate: used by the rows above"
	xmlList   = "the XML binding, which only profile H allows and this package does not read; TestXMLBinding has its signature"
	schemaDoc = "the schema that model.go follows"
)

var (
	sprind  = &Options{AllowNoOuterMember: true, AllowPilotIdentifiers: true, AllowMissingMembers: true, UnsafeSignerSchemeMismatch: true}
	wp4     = &Options{AllowPilotIdentifiers: true, AllowMissingMembers: true, AllowNextUpdateAtIssue: true, UnsafeSignerSchemeMismatch: true}
	refimpl = &Options{AllowMissingMembers: true, AllowMissingServiceType: true, UnsafeSignerSchemeMismatch: true}
	webuild = &Options{AllowMissingMembers: true, UnsafeSignerSchemeMismatch: true}
)

var vectorTable = []vector{
	// German sandbox: no outer member, doubled suffix, most scheme members missing.
	{file: "sprind-sandbox-registrars-2026-03-02.jws", signer: "sprind-signer.pem", strict: reason.TrustListMalformed,
		quirks: sprind, profile: "registrar", anchors: 2},
	{file: "sprind-signer.pem", other: notList, parse: reason.TrustListMalformed},
	{file: "sprind-untrusted.pem", other: notList, parse: reason.TrustListMalformed},
	{file: "sprind-trusted-registrar.pem", other: notList, parse: reason.TrustListMalformed},

	// Unsigned copies; their content is signed anew. The reference implementation has no
	// service types and no self pointer, WE BUILD a self pointer to another signer.
	{file: "eudi-refimpl-pid-providers-2026-03-16.json", parse: reason.TrustListSignatureMissing, strict: reason.TrustListSignerSchemeMismatch,
		quirks: refimpl, profile: "pid", anchors: 7},
	{file: "webuild-wrpac-providers-lote.json", parse: reason.TrustListMalformed, strict: reason.TrustListSignerSchemeMismatch,
		quirks: webuild, quirky: reason.TrustListProfileViolation, profile: "wrpac"},
	{file: "eudiplo-pid-tl-config.json", other: "a tool's configuration, no list", parse: reason.TrustListSignatureMissing},

	{file: "schema/1960201_json_schema.json", other: schemaDoc, parse: reason.TrustListSignatureMissing},
	{file: "schema/1960201_json_schema_sie.json", other: schemaDoc, parse: reason.TrustListSignatureMissing},
	{file: "schema/1960201_json_schema_tie.json", other: schemaDoc, parse: reason.TrustListSignatureMissing},
	{file: "schema/rfc7517.json", other: schemaDoc, parse: reason.TrustListSignatureMissing},

	// WP4 Trust: the signature is good, as the refusals show, which come after it. The list of
	// lists has null where the schema has arrays, and is of no profile of ours.
	{file: "wp4trust-eu_lotl.json.jws", signer: "wp4trust-signer.pem", strict: reason.TrustListMalformed, quirks: wp4, quirky: reason.TrustListMalformed},
	{file: "wp4trust-signer.pem", other: notList, parse: reason.TrustListMalformed},
	{file: "wp4trust-pid_providers.json.jws", signer: "wp4trust-signer.pem", strict: reason.TrustListSignerSchemeMismatch, quirks: wp4, profile: "pid", anchors: 2},
	{file: "wp4trust-pid_providers.xml", other: xmlList, parse: reason.TrustListMalformed},
	{file: "wp4trust-wallet_providers.json.jws", signer: "wp4trust-signer.pem", strict: reason.TrustListSignerSchemeMismatch, quirks: wp4, profile: "wallet", anchors: 2},
	{file: "wp4trust-wrpac_providers.json.jws", signer: "wp4trust-signer.pem", strict: reason.TrustListSignerSchemeMismatch, quirks: wp4, profile: "wrpac", anchors: 1},
	{file: "wp4trust-wrpac_providers.xml", other: xmlList, parse: reason.TrustListMalformed},
	{file: "wp4trust-registrars_registers.json.jws", signer: "wp4trust-signer.pem", strict: reason.TrustListSignerSchemeMismatch, quirks: wp4, profile: "registrar", anchors: 2},

	// A JSON container with a detached signature, and XML of a namespace nobody knows.
	{file: "webuild-list_of_trusted_lists.json", other: "no compact JWS", parse: reason.TrustListMalformed},
	{file: "webuild-list_of_trusted_lists.xml", other: xmlList, parse: reason.TrustListMalformed},
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	return vectortest.Read(t, "lote-ts119602", file)
}

func certificate(t testing.TB, file string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(read(t, file))
	if block == nil {
		t.Fatalf("%s: no PEM", file)
	}
	return must(x509.ParseCertificate(block.Bytes))
}

// TestVectorTable: every file of the folder's index is in the table, and the
// other way round.
func TestVectorTable(t *testing.T) {
	var files []string
	for _, v := range vectorTable {
		files = append(files, v.file)
	}
	vectortest.WantRows(t, "lote-ts119602", files)
}

func TestVectors(t *testing.T) {
	for _, v := range vectorTable {
		t.Run(v.file, func(t *testing.T) {
			b := read(t, v.file)
			_, err := Parse(b)
			want(t, err, v.parse)
			if v.other != "" {
				return
			}
			var pinned *x509.Certificate
			if v.signer == "" {
				b, pinned = resign(t, b)
			} else {
				pinned = certificate(t, v.signer)
			}
			checkVector(t, v, b, pinned)
		})
	}
}

func checkVector(t *testing.T, v vector, b []byte, pinned *x509.Certificate) {
	_, err := verify(b, Options{}, pinned)
	want(t, err, v.strict)
	_, err = verify(b, *v.quirks, operator(t, nil).cert)
	want(t, err, reason.TrustListSignerUnknown)
	_, err = verify(damage(b), *v.quirks, pinned)
	want(t, err, reason.TrustListSignatureInvalid)

	o := *v.quirks
	o.Profile = v.profile
	l, err := verify(b, o, pinned)
	want(t, err, v.quirky)
	if err == nil && (len(l.Anchors) != v.anchors || len(l.Skipped) != v.skipped) {
		t.Errorf("%d anchors, skipped %+v, warnings %q", len(l.Anchors), l.Skipped, l.Warnings)
	}
}

// TestWebuild: the content of the WE BUILD list is good under its quirks once the
// pointer to itself names the signer.
func TestWebuild(t *testing.T) {
	var doc obj
	if err := json.Unmarshal(read(t, "webuild-wrpac-providers-lote.json"), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "signature")
	w := &world{signer: operator(t, nil), p: profileNamed("wrpac"), doc: doc}
	w.scheme()["PointersToOtherLoTE"] = selfPointer(w, w.signer, "EU")
	_, err := w.verify(t, Options{})
	want(t, err, reason.TrustListSignerSchemeMismatch)
	l, err := w.verify(t, *webuild)
	want(t, err, "")
	if len(l.Anchors) != 2 || l.Anchors[0].Territory != "PL" || l.Anchors[0].Entity != "NTRGB-10742851" {
		t.Errorf("anchors %+v", l.Anchors)
	}
}

// resign wraps an unsigned list into a compact JWS of our own signer.
func resign(t *testing.T, b []byte) ([]byte, *x509.Certificate) {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "signature")
	signer := operator(t, func(c *x509.Certificate) { c.NotAfter = certEnd })
	header := obj{"alg": "ES256", "iat": issued.Unix(), "x5c": arr{signer.b64()}}
	return sign(t, signer, header, must(json.Marshal(doc))), signer.cert
}

// damage changes one character of the payload.
func damage(b []byte) []byte {
	i := bytes.IndexByte(b, '.') + 20
	out := bytes.Clone(b)
	if out[i] == 'A' {
		out[i] = 'B'
	} else {
		out[i] = 'A'
	}
	return out
}

// TestSprindLookUp: the registrar of the German sandbox is an anchor of both its
// services, the stranger of none.
func TestSprindLookUp(t *testing.T) {
	l, err := verify(read(t, "sprind-sandbox-registrars-2026-03-02.jws"), *sprind, certificate(t, "sprind-signer.pem"))
	want(t, err, "")
	purposes := ""
	for _, a := range l.Anchors {
		if a.ID == trustlist.NewAnchor(certificate(t, "sprind-untrusted.pem")).ID {
			t.Error("the untrusted certificate is an anchor")
		}
		if a.ID == trustlist.NewAnchor(certificate(t, "sprind-trusted-registrar.pem")).ID {
			purposes += string(a.Purpose) + " "
		}
		if a.Territory != "DE" || a.Kind != trustlist.KindRegister {
			t.Errorf("anchor %+v", a)
		}
	}
	if purposes != "issuance revocation " {
		t.Errorf("purposes %q", purposes)
	}
}

// TestRefimplLookUp: the seven CAs of the reference implementation's list are
// those in the x509 folder, each under its country.
func TestRefimplLookUp(t *testing.T) {
	b, pinned := resign(t, read(t, "eudi-refimpl-pid-providers-2026-03-16.json"))
	l, err := verify(b, *refimpl, pinned)
	want(t, err, "")
	for _, a := range l.Anchors {
		file := filepath.Join("..", "x509", "eudi-pid-issuer-ca", "pid-issuer-ca-02-"+strings.ToLower(a.Territory)+".pem")
		if ca := certificate(t, file); !ca.Equal(a.Cert) || a.Mode != trustlist.PKIX || a.Kind != trustlist.KindPID {
			t.Errorf("territory %q: another certificate, or scope %+v", a.Territory, a)
		}
	}
}
