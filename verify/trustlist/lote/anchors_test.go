package lote

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func role(w *world, ccs ...string) {
	uris := []string{"https://provider.example"}
	for _, cc := range ccs {
		uris = append(uris, w.p.role+cc)
	}
	w.info()["TEInformationURI"] = mlu(uris...)
}

// TestTerritory: role URI, then trade name, then the certificate's country.
func TestTerritory(t *testing.T) {
	for _, c := range []struct {
		name  string
		role  []string
		trade string
		cert  string
		want  string
		code  reason.Code
	}{
		{"role URI first", []string{"FR"}, "VATDE-1", "IT", "FR", ""},
		{"role URI of Greece", []string{"EL"}, "VATDE-1", "IT", "GR", ""},
		{"trade name next", nil, "NTRDE-HRB 1", "IT", "DE", ""},
		{"trade name of Greece", nil, "VATEL-1", "IT", "GR", ""},
		{"certificate last", nil, "Some Name", "IT", "IT", ""},
		{"certificate of Greece", nil, "Some Name", "EL", "GR", ""},
		{"none at all", nil, "Some Name", "", "", ""},
		{"the same country twice", []string{"EL", "GR"}, "VATDE-1", "IT", "GR", ""},
		{"two countries", []string{"DE", "FR"}, "VATDE-1", "IT", "", reason.TrustListProfileViolation},
		{"no country", []string{"Germany"}, "VATDE-1", "IT", "", reason.TrustListProfileViolation},
		{"lower case", []string{"de"}, "VATDE-1", "IT", "", reason.TrustListProfileViolation},
		{"trade name without id", nil, "VATDE-", "IT", "IT", ""},
		{"trade name of an unknown register", nil, "XYZDE-1", "IT", "IT", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pid")
			role(w, c.role...)
			w.info()["TETradeName"] = ml(c.trade)
			w.svcInfo(0)["ServiceDigitalIdentity"] = identityOf(provider(t, c.cert, true))
			l, err := w.verify(t, Options{})
			want(t, err, c.code)
			if err == nil && l.Anchors[0].Territory != c.want {
				t.Errorf("territory %q, want %q", l.Anchors[0].Territory, c.want)
			}
		})
	}
}

// TestEntityKey: the trade-name id, else the digest of the English name.
func TestEntityKey(t *testing.T) {
	digest := func(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) }
	two := arr{obj{"lang": "de", "value": "Anbieter"}, obj{"lang": "en-GB", "value": "Provider"}}
	for _, c := range []struct {
		name        string
		names       any
		trade       any
		key, called string
		warn        bool
	}{
		{"trade name", two, ml("VATDE-9"), "VATDE-9", "Provider", false},
		{"second trade name", two, arr{obj{"lang": "en", "value": "Trade"}, obj{"lang": "en", "value": "NTRDE-9"}}, "NTRDE-9", "Provider", false},
		{"no registered form", two, ml("Trade"), digest("Provider"), "Provider", true},
		{"no trade name", two, nil, digest("Provider"), "Provider", true},
		{"no English name", arr{obj{"lang": "de", "value": "Anbieter"}}, nil, digest("Anbieter"), "Anbieter", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pid")
			w.info()["TEName"] = c.names
			if w.info()["TETradeName"] = c.trade; c.trade == nil {
				delete(w.info(), "TETradeName")
			}
			l, err := w.verify(t, Options{})
			want(t, err, "")
			if a := l.Anchors[0]; a.Entity != c.key || a.EntityName != c.called {
				t.Errorf("entity %q %q", a.Entity, a.EntityName)
			}
			if (len(l.Warnings) > 0) != c.warn {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
}

// TestRegistered: an identifier in the certificate that is not the trade name is
// worth a warning; none at all is not.
func TestRegistered(t *testing.T) {
	org := func(id string) func(*pkix.Name) {
		return func(n *pkix.Name) {
			n.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidOrganizationIdentifier, Value: id}}
		}
	}
	for _, c := range []struct {
		name, profile string
		edit          func(*pkix.Name)
		warn          bool
	}{
		{"none", "pid", func(*pkix.Name) {}, false},
		{"equal organizationIdentifier", "pid", org("VATDE-123"), false},
		{"equal serialNumber", "pid", func(n *pkix.Name) { n.SerialNumber = "VATDE-123" }, false},
		{"another organizationIdentifier", "pid", org("VATDE-124"), true},
		{"another serialNumber", "wallet", func(n *pkix.Name) { n.SerialNumber = "1" }, true},
		{"another, where it is not checked", "wrpac", org("VATDE-124"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			w.svcInfo(0)["ServiceDigitalIdentity"] = identityOf(issue(t, elliptic.P256(), func(x *x509.Certificate) {
				x.Subject.CommonName, x.BasicConstraintsValid, x.IsCA = "provider", true, true
				c.edit(&x.Subject)
			}))
			l, err := w.verify(t, Options{})
			want(t, err, "")
			if (len(l.Warnings) > 0) != c.warn {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
}

// TestStatus: only an explicitly good status makes an anchor usable, also where
// the profile knows no status.
func TestStatus(t *testing.T) {
	const notified = base + "PubEAAProvidersList/SvcStatus/notified"
	for _, c := range []struct {
		profile, status string
		usable, warn    bool
	}{
		{"pubeaa", notified, true, false},
		{"pubeaa", base + "PubEAAProvidersList/SvcStatus/withdrawn", false, false},
		{"pubeaa", base + "PubEAAProvidersList/SvcStatus/Notified", false, false},
		{"pubeaa", "", false, false},
		{"pid", "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted", true, true},
		{"pid", "https://status.example/Invalid", false, true},
	} {
		t.Run(c.profile+" "+c.status, func(t *testing.T) {
			w := newWorld(t, c.profile)
			w.svcInfo(0)["ServiceStatus"] = c.status
			l, err := w.verify(t, Options{})
			want(t, err, "")
			if a := l.Anchors[0]; a.Usable != c.usable || a.Status != c.status {
				t.Errorf("usable %v, status %q", a.Usable, a.Status)
			}
			if !l.Anchors[1].Usable {
				t.Error("the other service is not usable")
			}
			if (len(l.Warnings) > 0) != c.warn {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
	t.Run("missing and let pass", func(t *testing.T) {
		w := newWorld(t, "pubeaa")
		delete(w.svcInfo(0), "ServiceStatus")
		l, err := w.verify(t, Options{AllowMissingMembers: true})
		want(t, err, "")
		if l.Anchors[0].Usable {
			t.Error("usable without a status")
		}
	})
}

// TestSeveral: one anchor per service type, entity and certificate.
func TestSeveral(t *testing.T) {
	w := newWorld(t, "pid")
	other := provider(t, "DE", false) // the signer itself
	w.svcInfo(0)["ServiceDigitalIdentity"] = identityOf(w.provider, other, w.provider)
	second := w.entity(arr{w.service(base+"SvcType/PID/Issuance", w.provider)})
	second["TrustedEntityInformation"].(obj)["TETradeName"] = ml("VATFR-1")
	w.add(second)
	l, err := w.verify(t, Options{})
	want(t, err, "")
	var got []string
	for _, a := range l.Anchors {
		got = append(got, fmt.Sprint(a.Entity, " ", a.Purpose, " ", a.Mode))
	}
	expect := "VATDE-123 issuance pkix, VATDE-123 issuance direct, VATDE-123 revocation pkix, VATFR-1 issuance pkix"
	if s := strings.Join(got, ", "); s != expect {
		t.Errorf("got %s", s)
	}
}

// brainpoolCert has a key on brainpoolP256r1, which crypto/x509 does not parse. Made
// with OpenSSL; the key is gone.
const brainpoolCert = `
MIIBozCCAUqgAwIBAgIUTBOtYwaM9w147WfdrvTmObzgWyswCgYIKoZIzj0EAwIwJzELMAkGA1UE
BhMCREUxGDAWBgNVBAMMD2JyYWlucG9vbFAyNTZyMTAeFw0yNjExMjUwMzEwMTdaFw0zNjExMjIw
MzEwMTdaMCcxCzAJBgNVBAYTAkRFMRgwFgYDVQQDDA9icmFpbnBvb2xQMjU2cjEwWjAUBgcqhkjO
PQIBBgkrJAMDAggBAQcDQgAELGunSmxRf59tLNiTNvJx1OJR2q+M6Fn9aGgyZLbKz0A13AX+Sk0N
Wa+H8EV/sL4Xt0YUNewSff0KRtjFy5KZiKNTMFEwHQYDVR0OBBYEFOBDTyNL8AHa5HcKcBX9xgql
ossUMB8GA1UdIwQYMBaAFOBDTyNL8AHa5HcKcBX9xgqlossUMA8GA1UdEwEB/wQFMAMBAf8wCgYI
KoZIzj0EAwIDRwAwRAIgRMutg6QsYvAvIbsCVIzXXpp8zKguXyqCH0pEsOwykzQCIFL5ILGvfNNs
1wpxt7a7/SJQUoLzvstrYpHhiqEyBAtR`

// TestSkipped: a certificate that cannot be used costs its own anchor only.
func TestSkipped(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile string
		val     func(w *world) string
		why     string
	}{
		{"unparsable", "pid", func(*world) string { return base64.StdEncoding.EncodeToString([]byte("no certificate")) }, "unparsable"},
		{"not base64", "pid", func(*world) string { return "!" }, "unparsable"},
		{"base64url", "pid", func(*world) string { return "-_8" }, "unparsable"},
		{"too large", "pid", func(*world) string { return base64.StdEncoding.EncodeToString(make([]byte, 16<<10+1)) }, "unparsable"},
		{"unsupported key", "pid", func(*world) string { return strings.Join(strings.Fields(brainpoolCert), "") }, "unsupported key"},
		{"end entity in a list of CAs", "wrpac", func(*world) string { return provider(t, "DE", false).b64() }, "not a CA"},
		{"end entity in a list of CAs", "wrprc", func(*world) string { return provider(t, "DE", false).b64() }, "not a CA"},
		{"the list's signer", "pid", func(w *world) string { return w.signer.b64() }, "the list's signer"},
	} {
		t.Run(c.profile+" "+c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			w.identity(0)["X509Certificates"] = arr{obj{"val": c.val(w)}, obj{"val": w.provider.b64()}}
			l, err := w.verify(t, Options{})
			want(t, err, "")
			if len(l.Skipped) != 1 || l.Skipped[0].Why != c.why || l.Skipped[0].Entity != "VATDE-123" {
				t.Errorf("skipped %+v", l.Skipped)
			}
			if len(l.Anchors) != 2 {
				t.Errorf("%d anchors", len(l.Anchors))
			}
		})
	}
	t.Run("wrapped base64", func(t *testing.T) {
		w := newWorld(t, "pid")
		v := w.provider.b64()
		w.identity(0)["X509Certificates"] = arr{obj{"val": v[:64] + "\r\n " + v[64:] + "\n"}}
		l, err := w.verify(t, Options{})
		want(t, err, "")
		if len(l.Anchors) != 2 {
			t.Errorf("%d anchors, skipped %+v", len(l.Anchors), l.Skipped)
		}
	})
}

// TestNoSignerIsAnAnchor: whoever may sign the list, or its next version, is no
// anchor of it.
func TestNoSignerIsAnAnchor(t *testing.T) {
	w := newWorld(t, "pid")
	next, spare := operator(t, nil), operator(t, nil)
	w.scheme()["PointersToOtherLoTE"].(arr)[0].(obj)["ServiceDigitalIdentities"] = arr{identityOf(w.signer, next)}
	w.svcInfo(0)["ServiceDigitalIdentity"] = identityOf(w.signer, next, spare, w.provider)
	l, err := verify(w.list(t), Options{}, w.signer.cert, nil, spare.cert)
	want(t, err, "")
	for i, s := range l.Skipped {
		if s.Why != "the list's signer" {
			t.Errorf("%d skipped because of %q", i, s.Why)
		}
	}
	if len(l.Skipped) != 3 || len(l.Anchors) != 2 || !l.Anchors[0].Cert.Equal(w.provider.cert) {
		t.Errorf("%d skipped, %d anchors", len(l.Skipped), len(l.Anchors))
	}
}

// TestMostParse: half of the certificates may be damaged, not more. Unsupported
// keys do not count.
func TestMostParse(t *testing.T) {
	bad := obj{"val": "MAA="}
	for _, c := range []struct {
		name string
		bad  int // beside two good ones
		val  obj
		code reason.Code
	}{
		{"half", 2, bad, ""},
		{"more than half", 3, bad, reason.TrustListMalformed},
		{"unsupported keys", 9, obj{"val": strings.Join(strings.Fields(brainpoolCert), "")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pid")
			certs := w.identity(0)["X509Certificates"].(arr)
			for range c.bad {
				certs = append(certs, c.val)
			}
			w.identity(0)["X509Certificates"] = certs
			_, err := w.verify(t, Options{})
			want(t, err, c.code)
		})
	}
}

// TestOneIdentity: in Annex H the certificates of a service share key and subject.
func TestOneIdentity(t *testing.T) {
	renewed := func(of *holder, name string) *holder {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(8), NotBefore: certStart, NotAfter: certEnd.AddDate(1, 0, 0), Subject: of.cert.Subject,
			KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
		if name != "" {
			tmpl.Subject = pkix.Name{CommonName: name}
		}
		raw := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, of.key.Public(), of.key))
		return &holder{must(x509.ParseCertificate(raw)), of.key}
	}
	for _, c := range []struct {
		name    string
		profile string
		second  func(*holder) *holder
		code    reason.Code
	}{
		{"renewed", "pubeaa", func(h *holder) *holder { return renewed(h, "") }, ""},
		{"another subject", "pubeaa", func(h *holder) *holder { return renewed(h, "other") }, reason.TrustListProfileViolation},
		{"another key", "pubeaa", func(*holder) *holder { return provider(t, "DE", true) }, reason.TrustListProfileViolation},
		{"another key in Annex D", "pid", func(*holder) *holder { return provider(t, "DE", true) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			w.svcInfo(0)["ServiceDigitalIdentity"] = identityOf(w.provider, c.second(w.provider))
			_, err := w.verify(t, Options{})
			want(t, err, c.code)
		})
	}
}

// TestNoAnchor: identities without certificates yield none, keys and names do not
// stand in for them.
func TestNoAnchor(t *testing.T) {
	w := newWorld(t, "pubeaa")
	w.svcInfo(0)["ServiceDigitalIdentity"] = obj{}
	w.svcInfo(1)["ServiceDigitalIdentity"] = obj{
		"X509SKIs": arr{"AQID"}, "X509SubjectNames": arr{"CN=x"},
		"PublicKeyValues": arr{obj{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, "OtherIds": arr{"x"},
	}
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if len(l.Anchors) != 0 || len(l.Warnings) == 0 {
		t.Errorf("%d anchors, warnings %q", len(l.Anchors), l.Warnings)
	}
}

// TestPointers: other lists that the list names are handed on.
func TestPointers(t *testing.T) {
	w := newWorld(t, "pid")
	pilot := provider(t, "EL", false)
	w.scheme()["PointersToOtherLoTE"] = append(w.scheme()["PointersToOtherLoTE"].(arr), obj{
		"LoTELocation":             "https://other.example/list",
		"ServiceDigitalIdentities": arr{obj{"X509Certificates": arr{obj{"val": pilot.b64()}, obj{"val": "MAA="}, obj{"val": "no base64"}}}},
		"LoTEQualifiers": arr{obj{
			"LoTEType": base + "LoTEType/EUWalletProvidersList", "SchemeOperatorName": ml("Other"), "SchemeTerritory": "EL", "MimeType": "application/jose",
		}},
	})
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if len(l.Pointers) != 2 || len(l.Warnings) != 1 {
		t.Fatalf("%d pointers, warnings %q", len(l.Pointers), l.Warnings)
	}
	p := l.Pointers[1]
	if p.Location != "https://other.example/list" || p.Territory != "GR" || p.Type != base+"LoTEType/EUWalletProvidersList" ||
		p.MimeType != "application/jose" || !slices.Equal(p.Operators, []string{"Other"}) || len(p.Signers) != 1 || !p.Signers[0].Equal(pilot.cert) {
		t.Errorf("pointer %+v", p)
	}
}

// TestManyPointers: as many qualifiers as are read, and one more. Their pointer's
// certificates are parsed once for all of them.
func TestManyPointers(t *testing.T) {
	w := newWorld(t, "pid")
	pointers := w.scheme()["PointersToOtherLoTE"].(arr)
	self := pointers[0].(obj)["LoTEQualifiers"].(arr)[0].(obj)
	other := obj{"LoTEType": "urn:example:list", "SchemeOperatorName": ml("Other"), "MimeType": "application/jose"}
	qualifiers := func(n int) obj {
		p := selfPointer(w, w.signer, "EU")[0].(obj)
		p["LoTEQualifiers"] = append(arr{self}, slices.Repeat(arr{other}, n-1)...)
		return p
	}
	w.scheme()["PointersToOtherLoTE"] = append(pointers, qualifiers(MaxPointers-1))
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if len(l.Pointers) != MaxPointers || len(l.SelfSigners) != 1 || &l.Pointers[1].Signers[0] != &l.Pointers[MaxPointers-1].Signers[0] {
		t.Errorf("%d pointers, %d may sign the next version", len(l.Pointers), len(l.SelfSigners))
	}
	w.scheme()["PointersToOtherLoTE"] = append(pointers, qualifiers(MaxPointers))
	_, err = w.verify(t, Options{})
	want(t, err, reason.TrustListTooLarge)
}

// TestEmptyList: nobody approved is a good list without anchors.
func TestEmptyList(t *testing.T) {
	w := newWorld(t, "pid")
	delete(w.doc["LoTE"].(obj), "TrustedEntitiesList")
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if len(l.Anchors) != 0 || len(l.Warnings) != 0 {
		t.Errorf("%d anchors, warnings %q", len(l.Anchors), l.Warnings)
	}
}
