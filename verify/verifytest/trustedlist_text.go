package verifytest

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The text of a trusted list is written in exclusive canonical form from the start:
// a namespace is declared at each element that first uses it, attributes stand in
// order, nothing is abbreviated. So the maker needs no canonicalisation, and cannot
// share a fault with the verifier's.

// Namespaces and prefixes of URIs (trust lists 2.2).
const (
	nsTL         = "http://uri.etsi.org/02231/v2#"
	nsAdditional = "http://uri.etsi.org/02231/v2/additionaltypes#"
	uriTrusted   = "http://uri.etsi.org/TrstSvc/TrustedList/"
	uriServices  = "http://uri.etsi.org/TrstSvc/Svctype/"
	mediaTL      = "application/vnd.etsi.tsl+xml"
)

const (
	rootTag = `TrustServiceStatusList xmlns="` + nsTL + `" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag"`
	rootEnd = "</TrustServiceStatusList>"
)

// trustedList is a list to be made, of either kind.
type trustedList struct {
	sequence           uint64
	issued, nextUpdate time.Time
	closed             bool
	version            int
	signer             *Key
	signed             time.Time
	oldCertificate     bool
	mutate             func(string) string
	damage             func([]byte) []byte

	kind, approach      string   // last parts of TSLType and StatusDeterminationApproach
	rules               []string // last parts of SchemeTypeCommunityRules
	territory, operator string
	informationURIs     []string
	pointers, providers string // markup
}

// make fills in what was left out, writes the list and signs it.
func (l trustedList) make(now time.Time) ([]byte, error) {
	if l.sequence == 0 {
		l.sequence = 1
	}
	if l.version == 0 {
		l.version = 6
	}
	if l.issued.IsZero() {
		l.issued = now
	}
	if l.nextUpdate.IsZero() {
		l.nextUpdate = l.issued.Add(listLife)
	}
	if l.signed.IsZero() {
		l.signed = l.issued
	}
	xml := l.text()
	if l.mutate != nil {
		xml = l.mutate(xml)
	}
	list, err := l.sign(xml)
	if err == nil && l.damage != nil {
		list = l.damage(list)
	}
	return list, err
}

func (l trustedList) text() string {
	next := el("dateTime", dateTime(l.nextUpdate))
	if l.closed {
		next = ""
	}
	var rules []string
	for _, r := range l.rules {
		rules = append(rules, uriTrusted+"schemerules/"+r)
	}
	scheme := el("SchemeInformation",
		el("TSLVersionIdentifier", strconv.Itoa(l.version)),
		el("TSLSequenceNumber", strconv.FormatUint(l.sequence, 10)),
		el("TSLType", uriTrusted+"TSLType/"+l.kind),
		el("SchemeOperatorName", tlNames(l.operator)),
		el("SchemeOperatorAddress", tlAddress("BE", "https://operator.example")),
		el("SchemeName", tlNames(l.territory+": demonstration of a trusted list")),
		el("SchemeInformationURI", tlURIs(l.informationURIs...)),
		el("StatusDeterminationApproach", uriTrusted+"StatusDetn/"+l.approach),
		el("SchemeTypeCommunityRules", tlURIs(rules...)),
		el("SchemeTerritory", l.territory),
		el("PolicyOrLegalNotice", el(`TSLLegalNotice xml:lang="en"`, "This list is a demonstration & trusts nobody.")),
		el("HistoricalInformationPeriod", "65535"),
		el("PointersToOtherTSL", l.pointers),
		el("ListIssueDateTime", dateTime(l.issued)),
		el("NextUpdate", next),
	)
	if l.providers != "" {
		l.providers = el("TrustServiceProviderList", l.providers)
	}
	return el(rootTag, scheme, l.providers)
}

// el writes an element. Content that begins like markup is markup, other content is
// text.
func el(tag string, content ...string) string {
	name, _, _ := strings.Cut(tag, " ")
	var b strings.Builder
	b.WriteString("<" + tag + ">")
	for _, c := range content {
		if !strings.HasPrefix(c, "<") {
			c = escapeText.Replace(c)
		}
		b.WriteString(c)
	}
	b.WriteString("</" + name + ">")
	return b.String()
}

// escapeText is Canonical XML 1.0 section 2.3.
var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")

func tlNames(text string) string { return el(`Name xml:lang="en"`, text) }

func tlURIs(uris ...string) (xml string) {
	for _, uri := range uris {
		xml += el(`URI xml:lang="en"`, uri)
	}
	return xml
}

func tlAddress(country, uri string) string {
	return el("PostalAddresses", el(`PostalAddress xml:lang="en"`,
		el("StreetAddress", "Rue de la Demonstration 1"), el("Locality", "Sampleton"), el("PostalCode", "1000"), el("CountryName", country))) +
		el("ElectronicAddress", tlURIs("mailto:lists@operator.example", uri))
}

func tlPointer(kind, territory, operator, location, media string, signers []*Key) string {
	var identities string
	for _, k := range signers {
		identities += el("ServiceDigitalIdentity", tlCertificate(k))
	}
	other := func(xml string) string { return el("OtherInformation", xml) }
	return el("OtherTSLPointer",
		el("ServiceDigitalIdentities", identities),
		el("TSLLocation", location),
		el("AdditionalInformation",
			other(el("TSLType", uriTrusted+"TSLType/"+kind)),
			other(el("SchemeOperatorName", tlNames(operator))),
			other(el("SchemeTerritory", territory)),
			other(el(`add:MimeType xmlns:add="`+nsAdditional+`"`, media)),
		))
}

func tlCertificate(k *Key) string {
	return el("DigitalId", el("X509Certificate", base64.StdEncoding.EncodeToString(k.Cert.Raw)))
}
