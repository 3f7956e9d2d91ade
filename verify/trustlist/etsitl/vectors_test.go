package etsitl

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// reading says as what a file of the corpus is read, and who may have signed it.
type reading string

const (
	asLOTL2019 reading = "the LOTL, by the notice of 2019"
	asLOTL2026 reading = "the LOTL, by the notice of 2026"
	asTL2019   reading = "a national list, by LOTL 248"
	asTL2026   reading = "a national list, by LOTL 390"
	asPivot    reading = "a pivot; its chain is below"
	noList     reading = "no list: used by other rows, or to be refused by Parse"
)

// corpus has a row for each file of the folder.
var corpus = []struct {
	file string
	as   reading
	code reason.Code
}{
	{"2026-08/eu-lotl-390.xml.gz", asLOTL2026, ""},
	{"2026-08/TL-AT.xml.gz", asTL2026, ""},
	{"2026-08/TL-BE.xml.gz", asTL2026, ""},
	{"2026-08/TL-BG.xml.gz", asTL2026, ""},
	{"2026-08/TL-CY.xml.gz", asTL2026, ""},
	{"2026-08/TL-CZ.xml.gz", asTL2026, ""},
	{"2026-08/TL-DK.xml.gz", asTL2026, ""},
	{"2026-08/TL-EE.xml.gz", asTL2026, ""},
	{"2026-08/TL-EL.xml.gz", asTL2026, ""},
	{"2026-08/TL-ES.xml.gz", asTL2026, ""},
	{"2026-08/TL-FI.xml.gz", asTL2026, ""},
	{"2026-08/TL-FR.xml.gz", asTL2026, ""},
	{"2026-08/TL-HR.xml.gz", asTL2026, reason.TrustListSignerUnknown}, // a copy of 2024
	{"2026-08/TL-IE.xml.gz", asTL2026, ""},
	{"2026-08/TL-IS.xml.gz", asTL2026, ""},
	{"2026-08/TL-LT.xml.gz", asTL2026, ""},
	{"2026-08/TL-LU.xml.gz", asTL2026, ""},
	{"2026-08/TL-MT.xml.gz", asTL2026, ""},
	{"2026-08/TL-NL.xml.gz", asTL2026, ""}, // past its NextUpdate in August 2026: the cache will say so
	{"2026-08/TL-PT.xml.gz", asTL2026, ""},
	{"2026-08/TL-RO.xml.gz", asTL2026, ""},
	{"2026-08/TL-SE.xml.gz", asTL2026, ""},
	{"2026-08/TL-UK.xml.gz", asTL2026, ""}, // closed
	{"2026-08/oj-C-2026-1944-signers.pem", noList, reason.TrustListMalformed},
	{"2026-08/lotl-pivot-urls.txt", noList, reason.TrustListMalformed},

	{"2019-09/oj-C-2019-276-signers.pem", noList, reason.TrustListMalformed},
	{"2019-09/eu-lotl-248.xml.gz", asLOTL2019, ""},
	{"2019-09/TL-BE.xml.gz", asTL2019, ""},
	{"2019-09/TL-AT.xml.gz", asTL2019, ""},
	{"2019-09/TL-DK.xml.gz", asTL2019, ""},
	{"2019-09/TL-EL.xml.gz", asTL2019, ""},
	{"2019-09/TL-FI.xml.gz", asTL2019, ""},
	{"2019-09/TL-LU.xml.gz", asTL2019, ""},
	{"2019-09/TL-LI.xml.gz", asTL2019, ""},
	{"2019-09/TL-CZ.xml.gz", asTL2019, ""},
	{"2019-09/TL-UK.xml.gz", asTL2019, ""},

	{"pivots-real/eu-lotl-pivot-172.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-191.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-226.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-247.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-282.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-300.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-335.xml.gz", asPivot, ""},
	{"pivots-real/eu-lotl-pivot-341.xml.gz", asPivot, ""},

	{"broken/eu-lotl_broken-sig.xml.gz", asLOTL2019, reason.TrustListSignatureInvalid},
	{"broken/eu-lotl_non-compliant.xml.gz", asLOTL2019, reason.TrustListSignatureInvalid},
	{"broken/eu-lotl_not-parsable.xml.gz", asLOTL2019, reason.TrustListMalformed},
	{"broken/eu-lotl_xml-directive-removed.xml.gz", asLOTL2019, ""},
	{"broken/tl_pivot_247_mp_broken-sig.xml.gz", asPivot, reason.TrustListSignatureInvalid},
	{"broken/tl_pivot_247_mp_missing-pivot.xml.gz", asPivot, reason.TrustListSignatureInvalid},
	{"broken/tl_pivot_247_mp_no-sig.xml.gz", asPivot, reason.TrustListSignatureMissing},
	{"broken/tl_pivot_247_mp_with-bom.xml.gz", asPivot, ""},
	{"broken/CZ_broken-sig.xml.gz", asTL2019, reason.TrustListSignatureInvalid},
	{"broken/CZ_not-compliant.xml.gz", asTL2019, reason.TrustListSignatureInvalid},
	{"broken/CZ_two-sigs.xml.gz", asTL2019, reason.TrustListXMLWrapping},
	{"broken/CZ_empty.xml.gz", asTL2019, reason.TrustListMalformed},
	{"broken/tsl-sk-minimal-dss-1911.xml.gz", asTL2019, reason.TrustListSignatureInvalid},
	{"broken/fi-v5.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/fi-v5-invalid.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/fi-v6.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/fi-v6-sig-cert.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/fi-v6-no-service-information.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/tl-ecdsa-brainpool.xml.gz", asTL2026, reason.TrustListSignerUnknown},
	{"broken/xsw-TSL-CY-sign.xml", asTL2019, ""},
	{"broken/xsw-original.xml.gz", asTL2019, reason.TrustListSignerUnknown}, // the original of the next two
	{"broken/xsw-enveloped-fake-content.xml.gz", asTL2019, reason.TrustListXMLWrapping},
	{"broken/xsw-enveloped-fake-content-two-same-id.xml.gz", asTL2019, reason.TrustListXMLWrapping},
	{"broken/xmldsig-invalid-signature-changed-content.xml", noList, reason.TrustListMalformed},
	{"broken/xmldsig-invalid-signature-non-existing-reference.xml", noList, reason.TrustListMalformed},

	{"g119612/SE-TL.xml", asTL2026, ""},
	{"g119612/SE-TL-bad-sig.xml", asTL2026, reason.TrustListSignatureInvalid},
	{"g119612/EWC-TL.xml", noList, reason.TrustListSignatureMissing},
	{"g119612/EWC-TL-bad-base64.xml", noList, reason.TrustListSignatureMissing},
	{"g119612/test-trust-list-no-sig.xml", noList, reason.TrustListMalformed},   // no SchemeInformation
	{"g119612/test-trust-list-with-sig.xml", noList, reason.TrustListMalformed}, // the same
	{"g119612/TSL-with-invalid-pointer.xml", noList, reason.TrustListSignatureMissing},
	{"g119612/TSL-with-pdf-pointer.xml", noList, reason.TrustListMalformed},
	{"g119612/x5c-test.json", noList, reason.TrustListMalformed},
	{"g119612/x5c-test-root-leaf.json", noList, reason.TrustListMalformed},

	// Its SignedInfo is in inclusive form, which the profile of EU lists excludes.
	{"other/ee-test-lotl-TSL.xml", asLOTL2026, reason.TrustListAlgForbidden},
	{"other/ee-test-lotl-signer.crt", noList, reason.TrustListMalformed},
}

// TestCorpusTable: every file of the folder's index has a row, and the other way
// round.
func TestCorpusTable(t *testing.T) {
	var files []string
	for _, v := range corpus {
		files = append(files, v.file)
	}
	vectortest.WantRows(t, topic, files)
}

// TestCorpus reads every file, and logs what those that pass hold.
func TestCorpus(t *testing.T) {
	lotls := map[reading]*trustlist.List{asTL2019: lotl(t, lotl2019), asTL2026: lotl(t, lotl2026)}
	pivotSigners := walkPivots(t)
	var table strings.Builder
	for _, v := range corpus {
		t.Run(v.file, func(t *testing.T) {
			b := vector(t, v.file)
			u, err := Parse(b)
			var got trustlist.Verified
			if err == nil {
				got, err = readAs(t, u, v.as, lotls, pivotSigners[v.file])
			}
			want(t, err, v.code)
			if err == nil {
				fmt.Fprintln(&table, describe(v.file, got.List()))
				onlyAs(t, u, v.as, own(t, b))
			}
		})
	}
	t.Logf("\nterritory version sequence issued next update services anchors by kind skipped certificates\n%s", table.String())
}

func readAs(t *testing.T, u *Unverified, as reading, lotls map[reading]*trustlist.List, signers []*x509.Certificate) (trustlist.Verified, error) {
	switch as {
	case asLOTL2019:
		return u.VerifyLOTL(certificates(t, oj2019PEM), LOTLOptions{Location: lotlLocation, OJ: oj2019})
	case asLOTL2026:
		return u.VerifyLOTL(certificates(t, oj2026PEM), LOTLOptions{Location: lotlLocation, OJ: oj2026})
	case asPivot:
		oj := oj2016
		if u.Claims().Sequence > 247 {
			oj = oj2019
		}
		return u.VerifyPivot(signers, oj)
	case asTL2019, asTL2026:
		for _, p := range lotls[as].Pointers {
			if p.Territory == u.Claims().Territory {
				return u.VerifyNational(NationalOptions{Pointer: p})
			}
		}
		return u.VerifyNational(NationalOptions{}) // of a territory that has no list
	}
	t.Error("what is no list passes Parse")
	return trustlist.Verified{}, nil
}

// onlyAs: a good list is none of the other kind, and none by other signers.
func onlyAs(t *testing.T, u *Unverified, as reading, pins []*x509.Certificate) {
	t.Helper()
	_, err := u.VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Signers: certificates(t, "other/ee-test-lotl-signer.crt"), Territory: u.Claims().Territory}})
	want(t, err, reason.TrustListSignerUnknown)
	if as == asTL2019 || as == asTL2026 {
		_, err = u.VerifyLOTL(pins, LOTLOptions{OJ: oj2026})
		want(t, err, reason.TrustListWrongType)
		_, err = u.VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Signers: pins, Territory: "DE"}})
		want(t, err, reason.TrustListWrongTerritory)
		return
	}
	if _, err := u.VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Signers: pins, Territory: "EU"}}); reason.CodeOf(err) != reason.TrustListAlgForbidden {
		want(t, err, reason.TrustListWrongType) // but for pivot 172, whose key is of 1024 bits
	}
}

var keyInfo = regexp.MustCompile(`(?s)X509Data>.*?X509Certificate>([^<]*)<`)

// own returns the certificate that a list carries in its signature, which only a
// test may ask for.
func own(t *testing.T, list []byte) (certs []*x509.Certificate) {
	t.Helper()
	for _, m := range keyInfo.FindAllStringSubmatch(string(list), -1) {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(m[1]), ""))
		if err != nil {
			t.Fatal(err)
		}
		if cert, err := x509.ParseCertificate(der); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}

func describe(file string, l *trustlist.List) string {
	kinds := make(map[trustlist.Kind]int)
	for _, a := range l.Anchors {
		kinds[a.Kind]++
	}
	why := make(map[string]int)
	for _, s := range l.Skipped {
		why[s.Why]++
	}
	next := "closed              "
	if !l.Closed {
		next = l.NextUpdate.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s v%d %4d %s %s %3d %v %v %s", l.Territory, l.Version, l.Sequence, l.Issued.Format(time.RFC3339), next, l.Services, kinds, why, file)
}

// TestCorpusByOwnSigner: with the certificate that it carries pinned, nothing but
// its own fault can refuse a list.
func TestCorpusByOwnSigner(t *testing.T) {
	for file, code := range map[string]reason.Code{
		"2026-08/TL-HR.xml.gz":                       "",
		"broken/fi-v5.xml.gz":                        "",
		"broken/fi-v5-invalid.xml.gz":                "", // its supply points have a type, as in version 6; they are not read
		"broken/fi-v6.xml.gz":                        "",
		"broken/fi-v6-sig-cert.xml.gz":               reason.TrustListProfileViolation,
		"broken/fi-v6-no-service-information.xml.gz": reason.TrustListSignatureInvalid,
		"broken/xsw-original.xml.gz":                 "",
		"broken/xsw-TSL-CY-sign.xml":                 "",
	} {
		t.Run(file, func(t *testing.T) {
			b := vector(t, file)
			u := mustParse(t, b)
			_, err := u.VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Signers: own(t, b), Territory: u.Claims().Territory}})
			want(t, err, code)
		})
	}
}

// TestQEAAOfSweden: the one provider of qualified attestations in the corpus. Its
// status began a day after the list was issued.
func TestQEAAOfSweden(t *testing.T) {
	v, err := mustParse(t, vector(t, "2026-08/TL-SE.xml.gz")).VerifyNational(NationalOptions{Pointer: pointerTo(t, lotl(t, lotl2026), "SE")})
	want(t, err, "")
	if n := len(v.List().Anchors); n != 1 {
		t.Fatalf("%d anchors", n)
	}
	a := v.List().Anchors[0]
	if a.Kind != trustlist.KindQEAA || a.Purpose != trustlist.Issuance || a.Mode != trustlist.Direct || a.Territory != "SE" || !a.Usable ||
		a.Entity != "VATSE-5594699489" || a.EntityName != "IDnow Trust Services AB" || a.Types != nil ||
		a.Service != serviceQEAA || a.Status != statusGranted || a.StatusSince.Format(time.RFC3339) != "2026-08-20T22:00:00Z" {
		t.Errorf("anchor %+v", a)
	}
}

// TestGreece: lists write EL, anchors and pointers GR.
func TestGreece(t *testing.T) {
	u := mustParse(t, vector(t, "2026-08/TL-EL.xml.gz"))
	if c := u.Claims(); c != (Claims{Territory: "GR", Sequence: 85, Type: typeNational}) {
		t.Errorf("claims %+v", c)
	}
	v, err := u.VerifyNational(NationalOptions{
		Pointer:  pointerTo(t, lotl(t, lotl2026), "GR"),
		Services: map[string]trustlist.Kind{"HTTPS://uri.etsi.org/TrstSvc/Svctype/ca/qc/": trustlist.KindPubEAA},
	})
	want(t, err, "")
	if l := v.List(); l.Territory != "EL" || len(l.Anchors) == 0 || l.Anchors[0].Territory != "GR" || l.Anchors[0].Kind != trustlist.KindPubEAA {
		t.Errorf("territory %s, %d anchors", l.Territory, len(l.Anchors))
	}
}
