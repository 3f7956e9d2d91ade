package lote

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// TestSchema: what Annex A's schema refuses.
func TestSchema(t *testing.T) {
	const pid, pubeaa = "pid", "pubeaa"
	for _, c := range []struct {
		name    string
		profile string
		edit    func(*world)
		code    reason.Code
	}{
		{"no ListAndSchemeInformation", pid, func(w *world) { delete(w.doc["LoTE"].(obj), "ListAndSchemeInformation") }, reason.TrustListMalformed},
		{"no entities at all", pid, func(w *world) { delete(w.doc["LoTE"].(obj), "TrustedEntitiesList") }, ""},
		{"empty TrustedEntitiesList", pid, func(w *world) { w.doc["LoTE"].(obj)["TrustedEntitiesList"] = arr{} }, reason.TrustListMalformed},
		{"TrustedEntitiesList null", pid, func(w *world) { w.doc["LoTE"].(obj)["TrustedEntitiesList"] = nil }, reason.TrustListMalformed},
		{"entity null", pid, func(w *world) { w.doc["LoTE"].(obj)["TrustedEntitiesList"] = arr{nil} }, reason.TrustListMalformed},
		{"no sequence number", pid, func(w *world) { delete(w.scheme(), "LoTESequenceNumber") }, reason.TrustListMalformed},
		{"sequence number 1", pid, func(w *world) { w.scheme()["LoTESequenceNumber"] = 1 }, ""},
		{"sequence number 0", pid, func(w *world) { w.scheme()["LoTESequenceNumber"] = 0 }, reason.TrustListMalformed},
		{"sequence number -1", pid, func(w *world) { w.scheme()["LoTESequenceNumber"] = -1 }, reason.TrustListMalformed},
		{"sequence number is text", pid, func(w *world) { w.scheme()["LoTESequenceNumber"] = "12" }, reason.TrustListMalformed},
		{"sequence number has a fraction", pid, func(w *world) { w.scheme()["LoTESequenceNumber"] = 1.5 }, reason.TrustListMalformed},
		{"no version", pid, func(w *world) { delete(w.scheme(), "LoTEVersionIdentifier") }, reason.TrustListMalformed},
		{"version is text", pid, func(w *world) { w.scheme()["LoTEVersionIdentifier"] = "1.1.1" }, reason.TrustListMalformed},
		{"no operator", pid, func(w *world) { delete(w.scheme(), "SchemeOperatorName") }, reason.TrustListMalformed},
		{"empty operator", pid, func(w *world) { w.scheme()["SchemeOperatorName"] = arr{} }, reason.TrustListMalformed},
		{"text without lang", pid, func(w *world) { w.scheme()["SchemeOperatorName"] = arr{obj{"value": "Operator"}} }, reason.TrustListMalformed},
		{"NextUpdate as object", pid, func(w *world) { w.scheme()["NextUpdate"] = obj{"dateTime": nextText} }, reason.TrustListMalformed},
		{"no NextUpdate", pid, func(w *world) { delete(w.scheme(), "NextUpdate") }, reason.TrustListMalformed},
		{"NextUpdate null", pid, func(w *world) { w.scheme()["NextUpdate"] = nil }, reason.TrustListMalformed},
		{"unknown scheme member", pid, func(w *world) { w.scheme()["PointerToOtherLoTE"] = arr{} }, reason.TrustListMalformed},
		{"member in another case", pid, func(w *world) {
			w.scheme()["schemeTerritory"] = w.scheme()["SchemeTerritory"]
			delete(w.scheme(), "SchemeTerritory")
		}, reason.TrustListMalformed},
		{"territory of three characters", pid, func(w *world) { w.scheme()["SchemeTerritory"] = "EUR" }, reason.TrustListMalformed},
		{"unknown entity member", pid, func(w *world) { w.entityAt(0)["x"] = 1 }, reason.TrustListMalformed},
		{"unknown service member", pid, func(w *world) { w.svcInfo(0)["x"] = 1 }, reason.TrustListMalformed},
		{"unknown identity member", pid, func(w *world) { w.identity(0)["x"] = 1 }, ""},
		{"unknown certificate member", pid, func(w *world) {
			w.identity(0)["X509Certificates"] = arr{obj{"val": w.provider.b64(), "x": 1}}
		}, reason.TrustListMalformed},
		{"empty X509Certificates", pid, func(w *world) { w.identity(0)["X509Certificates"] = arr{} }, reason.TrustListMalformed},
		{"identity null", pid, func(w *world) { w.svcInfo(0)["ServiceDigitalIdentity"] = nil }, reason.TrustListMalformed},
		{"no services", pid, func(w *world) { delete(w.entityAt(0), "TrustedEntityServices") }, reason.TrustListMalformed},
		{"no entity name", pid, func(w *world) { delete(w.info(), "TEName") }, reason.TrustListMalformed},
		{"no entity address", pid, func(w *world) { delete(w.info(), "TEAddress") }, reason.TrustListMalformed},
		{"policies and notices mixed", pid, func(w *world) {
			w.scheme()["PolicyOrLegalNotice"] = arr{obj{"LoTELegalNotice": "n"}, obj{"LoTEPolicy": obj{"lang": "en", "uriValue": "https://p.example"}}}
		}, reason.TrustListMalformed},
		{"policies alone", pid, func(w *world) {
			w.scheme()["PolicyOrLegalNotice"] = arr{obj{"LoTEPolicy": obj{"lang": "en", "uriValue": "https://p.example"}}}
		}, ""},
		{"policy that is none", pid, func(w *world) { w.scheme()["PolicyOrLegalNotice"] = arr{obj{}} }, reason.TrustListMalformed},
		{"status time is no time", pubeaa, func(w *world) { w.svcInfo(0)["StatusStartingTime"] = "soon" }, reason.TrustListMalformed},
		{"history time is no time", pubeaa, func(w *world) {
			h := history()
			h["StatusStartingTime"] = "once"
			w.svc(0)["ServiceHistory"] = arr{h}
		}, reason.TrustListMalformed},
		{"history without status", pubeaa, func(w *world) {
			h := history()
			delete(h, "ServiceStatus")
			w.svc(0)["ServiceHistory"] = arr{h}
		}, reason.TrustListMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			c.edit(w)
			_, err := w.verify(t, Options{})
			want(t, err, c.code)
			if err != nil && strings.Contains(err.Error(), "VATDE-123") {
				t.Errorf("the error quotes the list: %v", err)
			}
		})
	}
}

func history() obj {
	return obj{
		"ServiceName":            ml("service"),
		"ServiceDigitalIdentity": obj{"X509SKIs": arr{"AQID"}},
		"ServiceStatus":          base + "PubEAAProvidersList/SvcStatus/notified",
		"StatusStartingTime":     issuedText,
	}
}

// TestText: faults that only the bytes show.
func TestText(t *testing.T) {
	w := newWorld(t, "pid")
	good := w.payload(t)
	swap := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	nested := func(n int) []byte {
		// Arrays inside an extension of a service, which is depthThere deep itself.
		return swap(`"Critical":false,`, `"Critical":false,"x":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`,`)
	}
	const depthThere = 8 // document, LoTE, list, entity, services, service, information, extensions
	for _, c := range []struct {
		name    string
		payload []byte
		code    reason.Code
	}{
		{"good", good, ""},
		{"repeated sequence number", swap(`"LoTESequenceNumber":12`, `"LoTESequenceNumber":12,"LoTESequenceNumber":13`), reason.TrustListMalformed},
		{"repeated member in an extension", swap(`"Critical":false`, `"Critical":false,"Critical":true`), reason.TrustListMalformed},
		{"invalid UTF-8", swap("Operator", "Operator\xff"), reason.TrustListMalformed},
		{"something after the document", append(bytes.Clone(good), "{}"...), reason.TrustListMalformed},
		{"empty", nil, reason.TrustListMalformed},
		{"null", []byte("null"), reason.TrustListMalformed},
		{"array", []byte("[]"), reason.TrustListMalformed},
		{"not JSON", []byte("<xml/>"), reason.TrustListMalformed},
		{"unknown member beside LoTE", swap(`{"LoTE"`, `{"signature":1,"LoTE"`), reason.TrustListMalformed},
		{"deep as allowed", nested(MaxDepth - depthThere - 1), ""},
		{"too deep", nested(MaxDepth - depthThere), reason.TrustListMalformed},
		{"far too deep", []byte(strings.Repeat("[", 1<<20)), reason.TrustListMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify(sign(t, w.signer, w.header(), c.payload), Options{}, w.signer.cert)
			want(t, err, c.code)
		})
	}
}

// TestEntityCap: 64 KiB an entity, to the octet.
func TestEntityCap(t *testing.T) {
	w := newWorld(t, "pid")
	size := func() int { return len(must(jsonOf(w.entityAt(0)))) }
	w.info()["TEName"] = ml("")
	fill := MaxEntity - size()
	for extra, code := range map[int]reason.Code{0: "", 1: reason.TrustListTooLarge} {
		w.info()["TEName"] = ml(strings.Repeat("n", fill+extra))
		_, err := w.verify(t, Options{})
		want(t, err, code)
	}
}

// TestPresence: the presence table, each cell.
func TestPresence(t *testing.T) {
	type test struct {
		name     string
		profiles string
		edit     func(*world)
		code     reason.Code
		lenient  reason.Code // with AllowMissingMembers
	}
	const all, viol = "pid wallet wrpac wrprc pubeaa registrar mdl", reason.TrustListProfileViolation
	gone := func(name string) func(*world) { return func(w *world) { delete(w.scheme(), name) } }
	tests := []test{
		{"SchemeOperatorAddress missing", all, gone("SchemeOperatorAddress"), viol, ""},
		{"SchemeName missing", all, gone("SchemeName"), viol, ""},
		{"SchemeInformationURI missing", all, gone("SchemeInformationURI"), viol, ""},
		{"StatusDeterminationApproach missing", all, gone("StatusDeterminationApproach"), viol, ""},
		{"SchemeTypeCommunityRules missing", all, gone("SchemeTypeCommunityRules"), viol, ""},
		{"PolicyOrLegalNotice missing", all, gone("PolicyOrLegalNotice"), viol, ""},
		{"SchemeTerritory missing", all, gone("SchemeTerritory"), reason.TrustListSignerSchemeMismatch, reason.TrustListSignerSchemeMismatch},

		{"one SchemeInformationURI", "pid wallet wrpac wrprc registrar", func(w *world) { w.scheme()["SchemeInformationURI"] = mlu("https://o.example") }, viol, ""},
		{"one SchemeInformationURI", "pubeaa mdl", func(w *world) { w.scheme()["SchemeInformationURI"] = mlu("https://o.example") }, "", ""},

		{"HistoricalInformationPeriod there", "pid wallet wrpac wrprc registrar mdl", func(w *world) { w.scheme()["HistoricalInformationPeriod"] = 65535 }, viol, viol},
		{"HistoricalInformationPeriod missing", "pubeaa", gone("HistoricalInformationPeriod"), viol, ""},
		{"HistoricalInformationPeriod of another value", "pubeaa", func(w *world) { w.scheme()["HistoricalInformationPeriod"] = 65534 }, viol, viol},

		{"PointersToOtherLoTE missing", "pid wallet wrpac wrprc registrar", gone("PointersToOtherLoTE"), viol, ""},
		{"PointersToOtherLoTE missing", "mdl", gone("PointersToOtherLoTE"), "", ""},
		{"PointersToOtherLoTE there", "pubeaa", func(w *world) { w.scheme()["PointersToOtherLoTE"] = selfPointer(w, w.signer, "EU") }, viol, viol},
		{"self pointer without the signer", "pid wallet wrpac wrprc registrar mdl", func(w *world) {
			w.scheme()["PointersToOtherLoTE"] = selfPointer(w, w.provider, "EU")
		}, viol, viol},
		{"self pointer with the signer", "pid wallet wrpac wrprc registrar mdl", func(w *world) {
			w.scheme()["PointersToOtherLoTE"] = selfPointer(w, w.signer, "EU")
		}, "", ""},
		{"pointer to another territory's list only", "pid wallet wrpac wrprc registrar", func(w *world) {
			w.scheme()["PointersToOtherLoTE"] = selfPointer(w, w.signer, "DE")
		}, viol, ""},

		{"ServiceHistory there", "pid wallet wrpac wrprc registrar mdl", func(w *world) { w.svc(0)["ServiceHistory"] = arr{history()} }, viol, viol},
		{"ServiceHistory there", "pubeaa", func(w *world) { w.svc(0)["ServiceHistory"] = arr{history()} }, "", ""},

		{"ServiceStatus missing", "pubeaa", func(w *world) { delete(w.svcInfo(0), "ServiceStatus") }, viol, ""},
		{"StatusStartingTime missing", "pubeaa", func(w *world) { delete(w.svcInfo(0), "StatusStartingTime") }, viol, ""},

		{"X509Certificates missing", "pid wallet wrpac wrprc registrar mdl", func(w *world) { delete(w.identity(0), "X509Certificates") }, viol, ""},
		{"X509Certificates missing", "pubeaa", func(w *world) { delete(w.identity(0), "X509Certificates") }, "", ""},

		{"ServiceUniqueIdentifier missing", "wallet", func(w *world) { delete(w.svcInfo(0), "ServiceInformationExtensions") }, viol, ""},
		{"ServiceUniqueIdentifier missing", "pid wrpac wrprc pubeaa registrar mdl", func(w *world) { delete(w.svcInfo(0), "ServiceInformationExtensions") }, "", ""},

		{"ServiceSupplyPoints missing", "registrar", func(w *world) { delete(w.svcInfo(0), "ServiceSupplyPoints") }, viol, ""},
		{"ServiceSupplyPoints missing", "pid wallet wrpac wrprc pubeaa mdl", func(w *world) { delete(w.svcInfo(0), "ServiceSupplyPoints") }, "", ""},

		{"ServiceTypeIdentifier missing", all, func(w *world) { delete(w.svcInfo(0), "ServiceTypeIdentifier") }, viol, viol},
	}
	for _, c := range tests {
		for _, name := range strings.Fields(c.profiles) {
			t.Run(name+" "+c.name, func(t *testing.T) {
				w := newWorld(t, name)
				c.edit(w)
				_, err := w.verify(t, Options{})
				want(t, err, c.code)
				l, err := w.verify(t, Options{AllowMissingMembers: true})
				want(t, err, c.lenient)
				if c.code != "" && err == nil && len(l.Warnings) == 0 {
					t.Error("let pass without a warning")
				}
			})
		}
	}
}

func selfPointer(w *world, signer *holder, territory string) arr {
	return arr{obj{
		"LoTELocation":             "https://operator.example/list.jws",
		"ServiceDigitalIdentities": arr{identityOf(signer)},
		"LoTEQualifiers": arr{obj{
			"LoTEType": w.p.types.official[0], "SchemeOperatorName": ml("Operator"), "SchemeTerritory": territory, "MimeType": "application/jose",
		}},
	}}
}

// TestExtensions: an unknown extension condemns the list only where it is
// critical, in each place an extension can stand.
func TestExtensions(t *testing.T) {
	places := map[string]func(*world, arr){
		"scheme":  func(w *world, e arr) { w.scheme()["SchemeExtensions"] = e },
		"entity":  func(w *world, e arr) { w.info()["TEInformationExtensions"] = e },
		"service": func(w *world, e arr) { w.svcInfo(0)["ServiceInformationExtensions"] = e },
		"history": func(w *world, e arr) {
			h := history()
			h["ServiceInformationExtensions"] = e
			w.svc(0)["ServiceHistory"] = arr{h}
		},
	}
	for place, put := range places {
		known := place == "service" || place == "history"
		crit := reason.TrustListCriticalExtensionUnknown
		knownCode := crit
		if known {
			knownCode = ""
		}
		for _, c := range []struct {
			name string
			ext  any
			code reason.Code
		}{
			{"unknown, not critical", obj{"Critical": false, "X": 1}, ""},
			{"unknown, criticality not said", obj{"X": 1}, ""},
			{"unknown, critical", obj{"Critical": true, "X": 1}, crit},
			{"critical and nothing else", obj{"Critical": true}, crit},
			{"known, critical", obj{"Critical": true, "ServiceUniqueIdentifier": "https://x.example"}, knownCode},
			{"known and unknown, critical", obj{"Critical": true, "ServiceUniqueIdentifier": "https://x.example", "X": 1}, crit},
			{"Critical is text", obj{"Critical": "true", "X": 1}, reason.TrustListMalformed},
			{"no object", "text", ""},
		} {
			t.Run(place+" "+c.name, func(t *testing.T) {
				w := newWorld(t, "pubeaa")
				put(w, arr{obj{"Critical": false, "Y": 1}, c.ext})
				_, err := w.verify(t, Options{})
				want(t, err, c.code)
			})
		}
	}
}

// TestTimes: form, order and length of the list's validity.
func TestTimes(t *testing.T) {
	const exact = "2006-01-02T15:04:05Z"
	at := func(s string) string { return s }
	plus := func(months int, d time.Duration) string { return issued.AddDate(0, months, 0).Add(d).Format(exact) }
	for _, c := range []struct {
		name         string
		issued, next string
		o            Options
		code         reason.Code
		warn         bool
	}{
		{"six months less a second", issuedText, plus(6, -time.Second), Options{}, "", false},
		{"six months", issuedText, plus(6, 0), Options{}, "", false},
		{"six months and a second", issuedText, plus(6, time.Second), Options{}, reason.TrustListValidityTooLong, false},
		{"seven months", issuedText, plus(7, 0), Options{}, reason.TrustListValidityTooLong, false},
		{"one second", issuedText, plus(0, time.Second), Options{}, "", false},
		{"no time at all", issuedText, issuedText, Options{}, reason.TrustListExpired, false},
		{"no time at all, allowed", issuedText, issuedText, Options{AllowNextUpdateAtIssue: true}, "", false},
		{"backwards", issuedText, plus(0, -time.Second), Options{AllowNextUpdateAtIssue: true}, reason.TrustListExpired, false},
		{"31 August to the end of February", at("2026-08-31T00:00:00Z"), at("2027-02-28T00:00:00Z"), Options{}, "", false},
		{"31 August to 1 March", at("2026-08-31T00:00:00Z"), at("2027-02-28T00:00:01Z"), Options{}, reason.TrustListValidityTooLong, false},
		{"31 August to 29 February", at("2027-08-31T00:00:00Z"), at("2028-02-29T00:00:00Z"), Options{}, "", false},
		{"fraction", "2026-03-16T16:34:24.123Z", nextText, Options{}, "", true},
		{"offset of zero", "2026-03-16T16:34:24+00:00", nextText, Options{}, "", true},
		{"another offset", "2026-03-16T16:34:24+01:00", nextText, Options{}, reason.TrustListMalformed, false},
		{"comma", "2026-03-16T16:34:24,1Z", nextText, Options{}, reason.TrustListMalformed, false},
		{"hour of one digit", "2026-03-16T6:34:24Z", nextText, Options{}, reason.TrustListMalformed, false},
		{"no zone", "2026-03-16T16:34:24", nextText, Options{}, reason.TrustListMalformed, false},
		{"date only", "2026-03-16", nextText, Options{}, reason.TrustListMalformed, false},
		{"no such day", "2026-02-30T00:00:00Z", nextText, Options{}, reason.TrustListMalformed, false},
		{"empty", "", nextText, Options{}, reason.TrustListMalformed, false},
		{"NextUpdate is no time", issuedText, "later", Options{}, reason.TrustListMalformed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pid")
			w.scheme()["ListIssueDateTime"], w.scheme()["NextUpdate"] = c.issued, c.next
			l, err := w.verify(t, c.o)
			want(t, err, c.code)
			if err == nil && (len(l.Warnings) > 0) != c.warn {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
}

// TestOrder: of two faults the one of the earlier step is named.
func TestOrder(t *testing.T) {
	w := newWorld(t, "pid")
	faults := []struct {
		code reason.Code
		make func()
	}{
		{reason.TrustListProfileViolation, func() { delete(w.scheme(), "PointersToOtherLoTE") }},
		{reason.TrustListValidityTooLong, func() { w.scheme()["NextUpdate"] = "2027-09-12T16:34:24Z" }},
		{reason.TrustListSignerSchemeMismatch, func() { w.scheme()["SchemeOperatorName"] = ml("Other") }},
		{reason.TrustListWrongTerritory, func() { w.scheme()["SchemeTerritory"] = "DE" }},
		{reason.TrustListWrongType, func() { w.scheme()["LoTEType"] = "https://type.example" }},
		{reason.TrustListVersionUnsupported, func() { w.scheme()["LoTEVersionIdentifier"] = 2 }},
	}
	for _, f := range faults {
		f.make()
		_, err := w.verify(t, Options{})
		want(t, err, f.code)
	}
	// Signature, then algorithm, then pin.
	other := operator(t, nil)
	_, err := verify(sign(t, other, w.header(), w.payload(t)), Options{}, w.signer.cert)
	want(t, err, reason.TrustListSignatureInvalid)
	h := w.header()
	h["iat"] = certEnd.Unix() + 1
	_, err = verify(sign(t, other, h, w.payload(t)), Options{}, w.signer.cert)
	want(t, err, reason.TrustListSignerExpired)
	h["alg"] = "ES384"
	_, err = verify(sign(t, other, h, w.payload(t)), Options{}, w.signer.cert)
	want(t, err, reason.TrustListAlgForbidden)
	_, err = verify(sign(t, other, h, w.payload(t)), Options{}, other.cert)
	want(t, err, reason.TrustListSignerUnknown)
}
