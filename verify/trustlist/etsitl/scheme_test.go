package etsitl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// drop leaves out the first element of a name.
func drop(name string) func(string) string {
	element := regexp.MustCompile(`(?s)<` + name + `[ >].*?</` + name + `>`)
	return func(xml string) string { return exchange(element.FindString(xml), "")(xml) }
}

// double writes the first element of a name twice.
func double(name string) func(string) string {
	element := regexp.MustCompile(`(?s)<` + name + `>.*?</` + name + `>`)
	return func(xml string) string {
		found := element.FindString(xml)
		return exchange(found, found+found)(xml)
	}
}

// rename gives the first element of a name another.
func rename(name, other string) func(string) string {
	return func(xml string) string {
		return exchange("</"+name+">", "</"+other+">")(exchange("<"+name+">", "<"+other+">")(xml))
	}
}

// TestScheme: what SchemeInformation may say, of either kind of list.
func TestScheme(t *testing.T) {
	w := newWorld(t)
	extension := func(attributes, content string) func(string) string {
		return exchange("</SchemeInformation>", "<SchemeExtensions><Extension"+attributes+">"+content+"</Extension></SchemeExtensions></SchemeInformation>")
	}
	const known = `<AdditionalServiceInformation></AdditionalServiceInformation>`
	type change struct {
		mutate func(string) string
		code   reason.Code
	}
	cases := map[string]change{
		"version 6.0":             {exchange("<TSLVersionIdentifier>6<", "<TSLVersionIdentifier>6.0<"), reason.TrustListMalformed},
		"version 7":               {exchange("<TSLVersionIdentifier>6<", "<TSLVersionIdentifier>7<"), reason.TrustListVersionUnsupported},
		"version with blanks":     {exchange("<TSLVersionIdentifier>6<", "<TSLVersionIdentifier>\n 6\t<"), ""},
		"an element in a value":   {exchange("<TSLVersionIdentifier>6<", "<TSLVersionIdentifier>6<x></x><"), reason.TrustListMalformed},
		"sequence 0":              {exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber>0<"), reason.TrustListMalformed},
		"sequence below":          {exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber>-1<"), reason.TrustListMalformed},
		"sequence empty":          {exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber><"), reason.TrustListMalformed},
		"largest sequence":        {exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber>9223372036854775807<"), ""},
		"sequence beyond":         {exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber>9223372036854775808<"), reason.TrustListMalformed},
		"another type":            {exchange("TSLType/EU", "TSLType/NonEU"), reason.TrustListWrongType},
		"type with other scheme":  {exchange("<TSLType>http://", "<TSLType>https://"), ""},
		"no territory":            {drop("SchemeTerritory"), reason.TrustListWrongTerritory},
		"territory of nowhere":    {exchange("<SchemeTerritory>", "<SchemeTerritory>X"), reason.TrustListWrongTerritory},
		"operator without a name": {drop("Name"), reason.TrustListMalformed},
		"two schemes":             {double("SchemeInformation"), reason.TrustListMalformed},
		"no scheme":               {drop("SchemeInformation"), reason.TrustListMalformed},
		"issued without a zone":   {exchange("<ListIssueDateTime>2026-08-21T12:00:00Z<", "<ListIssueDateTime>2026-08-21T12:00:00<"), reason.TrustListMalformed},
		"issued elsewhere":        {exchange("<ListIssueDateTime>2026-08-21T12:00:00Z<", "<ListIssueDateTime>2026-08-21T12:00:00+02:00<"), reason.TrustListMalformed},
		"issued on no day":        {exchange("<ListIssueDateTime>2026-08-21T12:00:00Z<", "<ListIssueDateTime>2026-02-30T12:00:00Z<"), reason.TrustListMalformed},
		"a fraction of a second":  {exchange("<ListIssueDateTime>2026-08-21T12:00:00Z<", "<ListIssueDateTime>2026-08-21T12:00:00.5Z<"), ""},
		"next update is a word":   {exchange("<NextUpdate><dateTime>", "<NextUpdate><dateTime>soon"), reason.TrustListMalformed},
		"two next updates":        {double("dateTime"), reason.TrustListMalformed},
		"next update as text":     {func(xml string) string { return nextUpdate.ReplaceAllString(xml, "<NextUpdate>$1</NextUpdate>") }, reason.TrustListMalformed},
		"next update elsewhere":   {exchange("<NextUpdate><dateTime>", `<NextUpdate><dateTime xmlns="urn:x">`), reason.TrustListMalformed},
		"next update unnamed":     {rename("dateTime", "date"), reason.TrustListMalformed},
		"no time in next update": {func(xml string) string {
			return nextUpdate.ReplaceAllString(xml, "<NextUpdate><dateTime></dateTime></NextUpdate>")
		}, reason.TrustListMalformed},
		"most members":           {exchange("</SchemeInformation>", unknown(MaxMembers-15)+"</SchemeInformation>"), ""},
		"members beyond":         {exchange("</SchemeInformation>", unknown(MaxMembers-14)+"</SchemeInformation>"), reason.TrustListMalformed},
		"critical extension":     {extension(` Critical="true"`, `<x></x>`), reason.TrustListCriticalExtensionUnknown},
		"the same by number":     {extension(` Critical="1"`, `<x></x>`), reason.TrustListCriticalExtensionUnknown},
		"neither true nor false": {extension(` Critical="maybe"`, `<x></x>`), reason.TrustListCriticalExtensionUnknown},
		"one known of services":  {extension(` Critical="true"`, known), reason.TrustListCriticalExtensionUnknown},
		"critical and empty":     {extension(` Critical="true"`, ``), reason.TrustListCriticalExtensionUnknown},
		"uncritical extension":   {extension(` Critical="false"`, `<x></x>`), ""},
		"uncritical by number":   {extension(` Critical="0"`, `<x></x>`), ""},
		"extension of no weight": {extension(``, `<x></x>`), ""},
		"foreign elements":       {exchange("<SchemeInformation>", `<SchemeInformation><TSLType xmlns="urn:x">a</TSLType>`), ""},
		"longest value":          {exchange("<SchemeTerritory>", "<SchemeTerritory>"+strings.Repeat(" ", MaxText-2)), ""},
		"value beyond":           {exchange("<SchemeTerritory>", "<SchemeTerritory>"+strings.Repeat(" ", MaxText-1)), reason.TrustListTooLarge},
		"most names":             {exchange(`<SchemeOperatorName>`, `<SchemeOperatorName>`+strings.Repeat(`<Name xml:lang="de">x</Name>`, MaxValues-1)), ""},
		"names beyond":           {exchange(`<SchemeOperatorName>`, `<SchemeOperatorName>`+strings.Repeat(`<Name xml:lang="de">x</Name>`, MaxValues)), reason.TrustListMalformed},
	}
	for _, member := range required {
		cases["without "+member] = change{drop(member), reason.TrustListMalformed}
		cases["twice "+member] = change{double(member), reason.TrustListMalformed}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := w.readLOTL(t, verifytest.LOTLOptions{Mutate: c.mutate})
			want(t, err, c.code)
			_, err = w.readTL(t, "DE", verifytest.TLOptions{Mutate: c.mutate})
			want(t, err, c.code)
		})
	}
}

var nextUpdate = regexp.MustCompile(`<NextUpdate><dateTime>(.*?)</dateTime></NextUpdate>`)

// unknown are n elements of different names.
func unknown(n int) string {
	var xml strings.Builder
	for i := range n {
		fmt.Fprintf(&xml, "<U%d></U%d>", i, i)
	}
	return xml.String()
}

// TestUnknownElements: what the schema does not know says nothing, wherever it
// stands.
func TestUnknownElements(t *testing.T) {
	w := newWorld(t)
	l, err := w.readLOTL(t, verifytest.LOTLOptions{})
	want(t, err, "")
	tl, err := w.readTL(t, "DE", verifytest.TLOptions{})
	want(t, err, "")
	everywhere := func(xml string) string {
		for _, at := range []string{
			"SchemeInformation", "SchemeOperatorName", "SchemeInformationURI", "PointersToOtherTSL", "OtherTSLPointer",
			"ServiceDigitalIdentity", "DigitalId", "NextUpdate", "TrustServiceProviderList", "TrustServiceProvider", "TSPInformation",
			"TSPName", "TSPService", "ServiceInformation", "ServiceInformationExtensions", "OtherInformation",
		} {
			xml = strings.ReplaceAll(xml, "<"+at+">", "<"+at+"><Unknown>x</Unknown>")
		}
		return xml
	}
	l2, err := w.readLOTL(t, verifytest.LOTLOptions{Mutate: everywhere})
	if want(t, err, ""); len(l2.Pointers) != len(l.Pointers) || len(l2.SelfSigners) != len(l.SelfSigners) || l2.Operator != l.Operator || l2.Payload == l.Payload {
		t.Errorf("LOTL %+v", l2)
	}
	tl2, err := w.readTL(t, "DE", verifytest.TLOptions{Mutate: everywhere})
	if want(t, err, ""); len(tl2.Anchors) != len(tl.Anchors) || tl2.Services != tl.Services || tl2.Closed || tl2.Payload == tl.Payload {
		t.Errorf("national list %+v", tl2)
	}
}

// TestWindow: NextUpdate, a second before and after its limits.
func TestWindow(t *testing.T) {
	w := newWorld(t)
	last := issued.AddDate(0, MaxMonths, 1) // six months, and a day for the change of clocks
	for next, code := range map[time.Time]reason.Code{
		issued.Add(-time.Second): reason.TrustListExpired,
		issued:                   reason.TrustListExpired,
		issued.Add(time.Second):  "",
		last:                     "",
		last.Add(time.Second):    reason.TrustListValidityTooLong,
	} {
		l, err := w.readLOTL(t, verifytest.LOTLOptions{NextUpdate: next})
		want(t, err, code)
		tl, err := w.readTL(t, "DE", verifytest.TLOptions{NextUpdate: next})
		want(t, err, code)
		if code == "" && (!l.NextUpdate.Equal(next) || !tl.NextUpdate.Equal(next) || l.Closed || tl.Closed) {
			t.Errorf("next update %v, %v, want %v", l.NextUpdate, tl.NextUpdate, next)
		}
	}
	tl, err := w.readTL(t, "DE", verifytest.TLOptions{NoNextUpdate: true})
	if want(t, err, ""); !tl.Closed || !tl.NextUpdate.IsZero() {
		t.Errorf("a closed list: %v, %v", tl.Closed, tl.NextUpdate)
	}
	tl, err = w.readTL(t, "DE", verifytest.TLOptions{NoNextUpdate: true, Mutate: exchange("<NextUpdate>", "<NextUpdate>\n ")})
	if want(t, err, ""); !tl.Closed {
		t.Error("white space makes a time")
	}
}

// TestVersion: version 5 until it ended, version 6 with the signature it asks for.
func TestVersion(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		version int
		old     bool // names its signer as version 5 does
		at      time.Time
		allow   bool
		code    reason.Code
	}{
		"5, a second before":          {5, true, version5End.Add(-time.Second), false, ""},
		"5, with the newer property":  {5, false, version5End.Add(-time.Second), false, ""},
		"5, when it ended":            {5, true, version5End, false, reason.TrustListVersionUnsupported},
		"5, allowed":                  {5, true, version5End, true, ""},
		"4, allowed or not":           {4, true, version5End.Add(-time.Second), true, reason.TrustListVersionUnsupported},
		"6, before it had to be":      {6, false, version5End.Add(-time.Second), false, ""},
		"6, by the older property":    {6, true, version5End, false, reason.TrustListProfileViolation},
		"6, the same, with 5 allowed": {6, true, version5End, true, reason.TrustListProfileViolation},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.tl(t, "DE", verifytest.TLOptions{Version: c.version, OldSigningCertificate: c.old, Issued: c.at})
			o := w.national(t, "DE")
			o.AllowVersion5 = c.allow
			v, err := mustParse(t, b).VerifyNational(o)
			if want(t, err, c.code); err == nil && v.List().Version != c.version {
				t.Errorf("version %d", v.List().Version)
			}
			b = w.lotl(t, verifytest.LOTLOptions{Version: c.version, OldSigningCertificate: c.old, Issued: c.at})
			_, err = mustParse(t, b).VerifyLOTL(w.signers(), LOTLOptions{OJ: verifytest.OfficialJournal, AllowVersion5: c.allow})
			want(t, err, c.code)
		})
	}
}

// TestClaims of documents that nobody verified.
func TestClaims(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		b    []byte
		want Claims
	}{
		"LOTL":        {w.lotl(t, verifytest.LOTLOptions{Sequence: 4}), Claims{LOTL: true, Territory: "EU", Sequence: 4, Type: typeLOTL}},
		"Greece":      {w.tl(t, "GR", verifytest.TLOptions{Sequence: 5}), Claims{Territory: "GR", Sequence: 5, Type: typeNational}},
		"no sequence": {w.tl(t, "DE", verifytest.TLOptions{Mutate: exchange("<TSLSequenceNumber>1<", "<TSLSequenceNumber>one<")}), Claims{Territory: "DE", Type: typeNational}},
		"nothing": {w.tl(t, "DE", verifytest.TLOptions{Mutate: func(xml string) string {
			return drop("TSLType")(drop("SchemeTerritory")(drop("TSLSequenceNumber")(xml)))
		}}), Claims{}},
	} {
		if got := mustParse(t, c.b).Claims(); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestWarnings: what does no harm is said.
func TestWarnings(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		mutate  func(string) string
		warning string
	}{
		"approach":               {exchange("StatusDetn/EU", "StatusDetn/NonEU"), "StatusDeterminationApproach is not that of EU lists"},
		"operator":               {exchange(`<SchemeOperatorName><Name xml:lang="en">`, `<SchemeOperatorName><Name xml:lang="en">The `), "no name of the scheme operator is one that the list of lists gives"},
		"operator in upper case": {exchange("Demonstration Supervisory Body", "DEMONSTRATION\n\tSUPERVISORY Body"), ""},
	} {
		l, err := w.readTL(t, "DE", verifytest.TLOptions{Mutate: c.mutate})
		if want(t, err, ""); c.warning == "" && len(l.Warnings) > 0 || c.warning != "" && !slices.Equal(l.Warnings, []string{c.warning}) {
			t.Errorf("%s: %q", name, l.Warnings)
		}
	}
}
