package etsitl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// providers changes the part of a list that holds the providers.
func providers(mutate func(string) string) func(string) string {
	return func(xml string) string {
		at := strings.Index(xml, "<TrustServiceProviderList>")
		return xml[:at] + mutate(xml[at:])
	}
}

// dutch reads the list of NL, which holds one service for attestations, and one
// beside it, its providers changed before it is signed.
func (w world) dutch(t testing.TB, mutate func(string) string) (*trustlist.List, error) {
	t.Helper()
	return w.readTL(t, "NL", verifytest.TLOptions{Mutate: providers(mutate)})
}

// TestStatus: which services are in good standing.
func TestStatus(t *testing.T) {
	const prefix = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	w := newWorld(t)
	for status, usable := range map[string]struct{ qualified, other bool }{
		prefix + "granted":                   {true, true},
		"https" + prefix[4:] + "Granted/":    {true, true},
		prefix + "recognisedatnationallevel": {false, true},
		prefix + "withdrawn":                 {},
		prefix + "deprecatedatnationallevel": {},
		prefix + "setbynationallaw":          {},
		prefix + "undersupervision":          {}, // usable until July 2016
		prefix + "accredited":                {}, // the same
		prefix + "supervisionrevoked":        {},
		prefix + "grantedtosomebodyelse":     {},
		"granted":                            {},
		"":                                   {},
	} {
		for service, want := range map[string]bool{"EAA/Q": usable.qualified, "EAA": usable.other} {
			l, err := w.dutch(t, func(xml string) string {
				xml = strings.Replace(xml, ">"+statusGranted+"<", ">"+status+"<", 1)
				return strings.Replace(xml, "Svctype/EAA/Q<", "Svctype/"+service+"<", 1)
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(l.Anchors) != 1 || l.Anchors[0].Usable != want || l.Anchors[0].Status != status {
				t.Errorf("%s, %q: %+v", service, status, l.Anchors)
			}
		}
	}
}

// TestServices: what a service, or its provider, may look like.
func TestServices(t *testing.T) {
	w := newWorld(t)
	const serviceEnd, identityEnd = "</ServiceInformation>", "</ServiceDigitalIdentity>"
	extension := func(content string) func(string) string {
		return exchange(serviceEnd, `<ServiceInformationExtensions><Extension Critical="true">`+content+`</Extension></ServiceInformationExtensions>`+serviceEnd)
	}
	const qualifications = `<q:Qualifications xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"></q:Qualifications>`
	critical := func(mark string) string {
		return `<TSPInformationExtensions><Extension Critical="` + mark + `"><x></x></Extension></TSPInformationExtensions>`
	}
	tsl := func(xml string) string { return xml }
	for name, c := range map[string]struct {
		mutate            func(string) string
		anchors, services int
		skipped           []string
		warnings          int
		code              reason.Code
	}{
		"as it is":                   {tsl, 1, 2, nil, 0, ""},
		"of no wanted type":          {exchange("Svctype/EAA/Q<", "Svctype/TSA/QTST<"), 0, 2, nil, 0, ""},
		"of a longer type":           {exchange("Svctype/EAA/Q<", "Svctype/EAA/Q/more<"), 0, 2, nil, 0, ""},
		"without a type":             {drop("ServiceTypeIdentifier"), 0, 2, nil, 0, ""},
		"in another spelling":        {exchange(">http://uri.etsi.org/TrstSvc/Svctype/EAA/Q<", ">HTTPS://uri.etsi.org/TrstSvc/svctype/eaa/q/<"), 1, 2, nil, 0, ""},
		"without a status":           {drop("ServiceStatus"), 1, 2, nil, 0, ""}, // not usable
		"without its time":           {drop("StatusStartingTime"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with a time that is none":   {exchange("<StatusStartingTime>", "<StatusStartingTime>on "), 0, 0, nil, 0, reason.TrustListMalformed},
		"the other without its time": {func(xml string) string { return drop("StatusStartingTime")(drop("TSPService")(xml)) }, 0, 1, nil, 0, ""},
		"without certificates":       {drop("DigitalId"), 0, 2, nil, 1, ""},
		"by key identifier":          {exchange("<X509Certificate>", "<X509SKI>AAAA</X509SKI><X509Certificate>"), 1, 2, nil, 0, ""},
		"by value and unparsable":    {exchange("<DigitalId>", "<DigitalId><X509Certificate>AAAA</X509Certificate></DigitalId><DigitalId>"), 1, 2, []string{unparsable}, 0, ""},
		"with an unsupported key":    {exchange("<DigitalId>", "<DigitalId><X509Certificate>"+unsupportedKey(t)+"</X509Certificate></DigitalId><DigitalId>"), 1, 2, []string{unsupported}, 0, ""},
		"mostly unparsable":          {exchange("<DigitalId>", strings.Repeat("<DigitalId><X509Certificate>AAAA</X509Certificate></DigitalId>", 3)+"<DigitalId>"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with the same twice":        {double("DigitalId"), 1, 2, nil, 0, ""},
		"twice":                      {double("TSPService"), 1, 3, nil, 0, ""},
		"with a critical extension":  {extension("<x></x>"), 0, 2, []string{"a critical extension that is not understood"}, 0, ""},
		"with a foreign one of a known name": {extension(`<Qualifications></Qualifications>`), 0, 2,
			[]string{"a critical extension that is not understood"}, 0, ""},
		"with one known and one not":     {extension(qualifications + "<x></x>"), 0, 2, []string{"a critical extension that is not understood"}, 0, ""},
		"with qualifications":            {extension(qualifications), 1, 2, nil, 0, ""},
		"taken over":                     {extension(`<a:TakenOverBy xmlns:a="http://uri.etsi.org/02231/v2/additionaltypes#"></a:TakenOverBy>`), 1, 2, nil, 0, ""},
		"with expired certificates":      {extension(`<ExpiredCertsRevocationInfo>2016-01-01T00:00:00Z</ExpiredCertsRevocationInfo>`), 1, 2, nil, 0, ""},
		"its provider critical":          {exchange("</TSPInformation>", critical("true")+"</TSPInformation>"), 0, 2, slices.Repeat([]string{"a critical extension that is not understood"}, 2), 0, ""},
		"without information":            {exchange("<TSPService><ServiceInformation>", "<TSPService></TSPService><TSPService><ServiceInformation>"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with information twice":         {double("ServiceInformation"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with two types":                 {double("ServiceTypeIdentifier"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with two identities":            {double("ServiceDigitalIdentity"), 0, 0, nil, 0, reason.TrustListMalformed},
		"with two states":                {double("ServiceStatus"), 0, 0, nil, 0, reason.TrustListMalformed},
		"in two groups":                  {double("TSPServices"), 0, 0, nil, 0, reason.TrustListMalformed},
		"under another name":             {rename("TSPService", "Service"), 0, 1, nil, 0, ""},
		"introduced by another element":  {exchange("<TSPServices>", "<TSPServices><TSPService><Information></Information></TSPService>"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of a provider with two names":   {double("TSPName"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of one with two trade names":    {double("TSPTradeName"), 0, 0, nil, 0, reason.TrustListMalformed},
		"its provider critical, and not": {exchange("</TSPInformation>", critical("true")+critical("false")+"</TSPInformation>"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of a provider without a name":   {drop("TSPName"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of a provider introduced twice": {double("TSPInformation"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of a provider never introduced": {drop("TSPInformation"), 0, 0, nil, 0, reason.TrustListMalformed},
		"of two lists of providers":      {double("TrustServiceProviderList"), 0, 0, nil, 0, reason.TrustListMalformed},
		"in another namespace":           {exchange("<TSPServices>", `<TSPServices><x:TSPService xmlns:x="urn:x"></x:TSPService>`), 1, 2, nil, 0, ""},
		"with a history that is broken":  {exchange("<X509SKI>", "<X509Certificate>****</X509Certificate><X509SKI>"), 1, 2, nil, 0, ""},
		"with an identity of two":        {exchange(identityEnd, "<DigitalId><X509SubjectName>CN=x</X509SubjectName></DigitalId>"+identityEnd), 1, 2, nil, 0, ""},
		"with a certificate too long":    {exchange("<X509Certificate>", "<X509Certificate>"+strings.Repeat("A", MaxText)), 0, 0, nil, 0, reason.TrustListTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := w.dutch(t, c.mutate)
			if want(t, err, c.code); err != nil {
				return
			}
			var skipped []string
			for _, s := range l.Skipped {
				if skipped = append(skipped, s.Why); s.Entity != w.QEAA("NL").TradeID {
					t.Errorf("skipped %+v", s)
				}
			}
			if len(l.Anchors) != c.anchors || l.Services != c.services || !slices.Equal(skipped, c.skipped) || len(l.Warnings) != c.warnings {
				t.Errorf("%d anchors, %d services, skipped %q, warnings %q", len(l.Anchors), l.Services, skipped, l.Warnings)
			}
		})
	}
}

// TestNoSignerIsAnAnchor: whoever may sign the list is no anchor of it.
func TestNoSignerIsAnAnchor(t *testing.T) {
	w := newWorld(t)
	signer, err := w.TLSigner("NL")
	want(t, err, "")
	second := w.key(t, nil)
	o := w.national(t, "NL")
	o.Pointer.Signers = append(o.Pointer.Signers, second.Cert)
	identity := "<DigitalId><X509Certificate>" + encoded(signer) + "</X509Certificate></DigitalId><DigitalId><X509Certificate>" + encoded(second) + "</X509Certificate></DigitalId>"
	mutate := providers(exchange("<DigitalId>", identity+"<DigitalId>"))
	v, err := mustParse(t, w.tl(t, "NL", verifytest.TLOptions{Mutate: mutate})).VerifyNational(o)
	want(t, err, "")
	if l := v.List(); len(l.Anchors) != 1 || len(l.Skipped) != 2 || l.Skipped[0].Why != "the list's signer" || l.Skipped[1].Why != "the list's signer" {
		t.Errorf("%d anchors, skipped %+v", len(l.Anchors), l.Skipped)
	}
}

// TestEntity: a provider is known by the registered form of its trade name, else by
// its name.
func TestEntity(t *testing.T) {
	w := newWorld(t)
	nl := w.QEAA("NL")
	sum := sha256.Sum256([]byte(nl.Name))
	for name, c := range map[string]struct {
		trade, want string
	}{
		"as it is":              {nl.TradeID, nl.TradeID},
		"of Greece":             {"VATEL-123", "VATEL-123"},
		"of no register":        {"KVKNL-1", hex.EncodeToString(sum[:])},
		"of no country":         {"VAT1-1", hex.EncodeToString(sum[:])},
		"without a number":      {"VATNL-", hex.EncodeToString(sum[:])},
		"in the middle of text": {"see VATNL-1", hex.EncodeToString(sum[:])},
	} {
		l, err := w.dutch(t, func(xml string) string { return strings.Replace(xml, ">"+nl.TradeID+"<", ">"+c.trade+"<", 1) })
		if err != nil {
			t.Fatal(err)
		}
		if l.Anchors[0].Entity != c.want || l.Anchors[0].EntityName != nl.Name {
			t.Errorf("%s: entity %q", name, l.Anchors[0].Entity)
		}
	}
	l, err := w.dutch(t, drop("TSPTradeName"))
	if want(t, err, ""); l.Anchors[0].Entity != hex.EncodeToString(sum[:]) {
		t.Errorf("without a trade name: %q", l.Anchors[0].Entity)
	}
	l, err = w.dutch(t, exchange(`<TSPName>`, `<TSPName><Name xml:lang="nl">Eerste</Name>`))
	if want(t, err, ""); l.Anchors[0].EntityName != nl.Name {
		t.Errorf("the English name is not taken: %q", l.Anchors[0].EntityName)
	}
	l, err = w.dutch(t, exchange(`<TSPName><Name xml:lang="en">`, `<TSPName><Name xml:lang="nl">De `))
	if want(t, err, ""); l.Anchors[0].EntityName != "De "+nl.Name {
		t.Errorf("without an English name: %q", l.Anchors[0].EntityName)
	}
}

// TestWantedServices: an operator says which services count, and as what.
func TestWantedServices(t *testing.T) {
	w := newWorld(t)
	o := w.national(t, "DE")
	u := mustParse(t, w.tl(t, "DE", verifytest.TLOptions{}))
	kinds := func(services map[string]trustlist.Kind) string {
		o.Services = services
		v, err := u.VerifyNational(o)
		want(t, err, "")
		var got []string
		for _, a := range v.List().Anchors {
			got = append(got, fmt.Sprintf("%s %s %d", a.Kind, a.Service[strings.LastIndex(a.Service, "Svctype/")+8:], len(a.Types)))
		}
		return strings.Join(got, ", ")
	}
	for want, services := range map[string]map[string]trustlist.Kind{
		"qeaa EAA/Q 0, eaa EAA 1":        nil,
		"":                               {},
		"eaa EAA 1":                      {serviceEAA: trustlist.KindEAA},
		"pubeaa CA/QC 0, pubeaa CA/QC 0": {"http://uri.etsi.org/TrstSvc/Svctype/CA/QC": trustlist.KindPubEAA},
		"eaa EAA/Q 1":                    {"https://uri.etsi.org/trstsvc/svctype/eaa/q/": trustlist.KindEAA},
		"qeaa EAA/Q 0, qeaa EAA 0":       {serviceQEAA: trustlist.KindQEAA, serviceEAA: trustlist.KindQEAA},
		"pid EAA/Q 0, pubeaa CA/QC 0, pubeaa CA/QC 0": {serviceQEAA: trustlist.KindPID, "http://uri.etsi.org/TrstSvc/Svctype/CA/QC": trustlist.KindPubEAA},
	} {
		if got := kinds(services); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := DefaultServices(); len(got) != 2 || got[serviceQEAA] != trustlist.KindQEAA || got[serviceEAA] != trustlist.KindEAA {
		t.Errorf("defaults %v", got)
	}
}

// TestLimits: as many services and certificates as are read, and one more.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	const service = "<TSPService><ServiceInformation></ServiceInformation></TSPService>"
	const certificate = "<DigitalId><X509Certificate></X509Certificate></DigitalId>"
	for name, c := range map[string]struct {
		mutate func(string) string
		code   reason.Code
	}{
		"services":            {exchange("<TSPServices>", "<TSPServices>"+strings.Repeat(service, MaxServices-2)), ""},
		"services beyond":     {exchange("<TSPServices>", "<TSPServices>"+strings.Repeat(service, MaxServices-1)), reason.TrustListTooLarge},
		"certificates":        {exchange("</ServiceDigitalIdentity><ServiceStatus>", strings.Repeat(certificate, MaxCertificates-2)+"</ServiceDigitalIdentity><ServiceStatus>"), reason.TrustListMalformed}, // most do not parse
		"certificates beyond": {exchange("</ServiceDigitalIdentity><ServiceStatus>", strings.Repeat(certificate, MaxCertificates-1)+"</ServiceDigitalIdentity><ServiceStatus>"), reason.TrustListTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.dutch(t, c.mutate)
			want(t, err, c.code)
		})
	}
}
