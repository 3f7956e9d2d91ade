package pki

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// vector is one file of the x509 folder: what is in it and what the checks say.
type vector struct {
	file string
	// certificates in the file; each parses and, where self is set, is a
	// self-signed CA that is a good anchor at the given time.
	count int
	self  bool
	at    string
	// pathTo is the anchor the first certificate is checked under, over via.
	pathTo string
	via    string
	path   reason.Code // outcome of BuildPath at at
	leaf   reason.Code // outcome of MDLDocumentSigner.Check
	other  string      // why no such check applies
	parse  reason.Code // the file does not get past Parse
}

const leftToCRL = "package crl"

var vectorTable = []vector{
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-ut-01.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-cz-01.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-cz.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-ut.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-eu-01.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-lu.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-ee.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-ee-01.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-eu.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-pt.pem", count: 1, self: true, at: "2026-11-23"},
	{file: "eudi-pid-issuer-ca/pid-issuer-ca-02-nl.pem", count: 1, self: true, at: "2026-11-23"},

	// A citizen's signing certificate of the Spanish identity card, its CA and root: the
	// file is a chain, and the leaf is no document signer.
	{file: "eudi-pid-issuer-ut-bundle.pem", count: 3, at: "2024-01-01", path: "", leaf: reason.ChainProfileViolation, other: "chain"},

	{file: "isomdl/isomdl_iaca_root_cert.pem", count: 1, self: true, at: "2024-01-01"},
	{file: "isomdl/isomdl_iaca_signer.pem", count: 1, at: "2024-01-01", pathTo: "isomdl/isomdl_iaca_root_cert.pem"},
	{file: "isomdl/isomdl_incorrect_iaca_signer.pem", count: 1, at: "2024-01-01", pathTo: "isomdl/isomdl_iaca_root_cert.pem", leaf: reason.ChainProfileViolation},
	{file: "isomdl/isomdl_iaca_intermediate.pem", count: 1, at: "2024-01-01", pathTo: "isomdl/isomdl_iaca_root_cert.pem", leaf: reason.ChainProfileViolation},
	// Three certificates: the root's path length of 0 refuses them before the profile does.
	{file: "isomdl/isomdl_iaca_leaf_signer.pem", count: 1, at: "2024-01-01", pathTo: "isomdl/isomdl_iaca_root_cert.pem", via: "isomdl/isomdl_iaca_intermediate.pem",
		path: reason.ChainInvalid, leaf: reason.ChainProfileViolation},

	{file: "iaca-aamva-2025-11.pem", count: 14, self: true, at: "2025-11-18"},
	{file: "eudi-wallet-anchors/dc4eu.pem", count: 1, self: true, at: "2026-01-01"},
	// A negative serial number, which RFC 5280 section 4.1.2.2 forbids.
	{file: "eudi-wallet-anchors/multipaz.pem", parse: reason.ChainInvalid},
	// CRLDistributionPoints wrapped in an OCTET STRING once too often.
	{file: "multipaz-ds_certificate.pem", parse: reason.ChainInvalid},

	// Named a reader CA and issued by one: an end entity for readers, not an anchor in PKIX mode.
	{file: "reader-ca/Bundesdruckerei-Reader-CA.cer", count: 1, at: "2025-03-01", other: "reader certificate", leaf: reason.ChainProfileViolation},
	// A compressed EC point.
	{file: "reader-ca/Animo-Reader-CA.cer", parse: reason.AlgUnsupported},
	{file: "reader-ca/Google-Reader-CA.cer", count: 1, self: true, at: "2025-03-01"},

	{file: "crl/belgium2.crl", other: leftToCRL},
	{file: "crl/belgiumrs2.crt", other: leftToCRL},
	{file: "crl/d-trust_root_ca_1_2017.crl", other: leftToCRL},
	{file: "crl/D-TRUST_Root_CA_1_2017.crt", other: leftToCRL},
	{file: "crl/EE-GovCA2018.crl", other: leftToCRL},
	{file: "crl/EE-GovCA2018.pem.crt", other: leftToCRL},
	{file: "crl/DSS-2039-crl.der", other: leftToCRL},
	{file: "crl/DSS-2039-ca.pem", other: leftToCRL},
	{file: "crl/LTRCA.crl", other: leftToCRL},
	{file: "crl/pt_crl_with_critical_extension.crl", other: leftToCRL},
	{file: "crl/DSS-2039-cert.pem", other: leftToCRL},

	{file: "x509-limbo-2023-12.json.gz", other: "TestLimbo"},
}

// TestVectorTable: every file of the folder's index is in the table, and the
// other way round.
func TestVectorTable(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectors(t), "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct {
		File string `json:"file"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]bool)
	for _, v := range vectorTable {
		rows[v.file] = true
	}
	for _, f := range index {
		if !rows[f.File] {
			t.Errorf("%s has no row in the table", f.File)
		}
		delete(rows, f.File)
	}
	for file := range rows {
		t.Errorf("%s is in the table and not in the index", file)
	}
}

func TestVectors(t *testing.T) {
	dir := vectors(t)
	skipped := 0
	for _, v := range vectorTable {
		if v.other == leftToCRL || v.other == "TestLimbo" {
			skipped++
			continue
		}
		t.Run(v.file, func(t *testing.T) { checkVector(t, dir, v) })
	}
	t.Logf("%d files left to other tests", skipped)
}

func checkVector(t *testing.T, dir string, v vector) {
	if v.parse != "" {
		_, err := ParseChain(ders(t, dir, v.file))
		want(t, err, v.parse)
		return
	}
	now, err := time.Parse(time.DateOnly, v.at)
	if err != nil {
		t.Fatal(err)
	}
	certs := load(t, dir, v.file)
	if len(certs) != v.count {
		t.Fatalf("%d certificates, want %d", len(certs), v.count)
	}
	switch {
	case v.self:
		checkAnchors(t, certs, now)
	case v.pathTo != "":
		chain := certs
		if v.via != "" {
			chain = append(chain, load(t, dir, v.via)...)
		}
		want(t, BuildPath(chain, load(t, dir, v.pathTo)[0], now), v.path)
		_, err := MDLDocumentSigner.Check(chain)
		want(t, err, v.leaf)
	case v.other == "chain":
		last := len(certs) - 1
		want(t, BuildPath(certs[:last], certs[last], now), v.path)
		_, err := MDLDocumentSigner.Check(certs[:1])
		want(t, err, v.leaf)
	default:
		want(t, CheckDirect(certs[0], now), "")
		want(t, BuildPath(certs[:1], certs[0], now), reason.ChainInvalid)
		_, err := MDLDocumentSigner.Check(certs)
		want(t, err, v.leaf)
	}
}

// checkAnchors: a self-signed CA is a path to itself, which also verifies its
// signature, and must never pass for a leaf.
func checkAnchors(t *testing.T, certs []*x509.Certificate, now time.Time) {
	for i, c := range certs {
		if !SelfSigned(c) || !c.IsCA {
			t.Errorf("certificate %d is no self-signed CA", i)
		}
		want(t, BuildPath([]*x509.Certificate{c}, c, now), "")
		want(t, BuildPath([]*x509.Certificate{c}, c, c.NotBefore.Add(-time.Second)), reason.ChainExpired)
		want(t, BuildPath([]*x509.Certificate{c}, c, c.NotAfter.Add(time.Second)), reason.ChainExpired)
		_, err := CheckLeaf(c, Profile{})
		want(t, err, reason.ChainProfileViolation)
	}
}

// load reads the certificates of a file.
func load(t *testing.T, dir, file string) (certs []*x509.Certificate) {
	t.Helper()
	for _, d := range ders(t, dir, file) {
		certs = append(certs, parsed(t, d))
	}
	return certs
}

func ders(t *testing.T, dir, file string) (ders [][]byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return ders
		}
		ders = append(ders, block.Bytes)
	}
}

func parsed(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
