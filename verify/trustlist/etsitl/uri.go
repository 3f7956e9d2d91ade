package etsitl

import "strings"

// Namespaces (trust lists 2.2).
const (
	nsList           = "http://uri.etsi.org/02231/v2#"
	nsAdditional     = "http://uri.etsi.org/02231/v2/additionaltypes#"
	nsQualifications = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
	nsXML            = "http://www.w3.org/XML/1998/namespace"
)

// URIs of what a list is, and of what it says about services.
const (
	typeLOTL     = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
	typeNational = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"

	approachLOTL     = "http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUlistofthelists"
	approachNational = "http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUappropriate"

	statusGranted    = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
	statusRecognised = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/recognisedatnationallevel"

	serviceQEAA = "http://uri.etsi.org/TrstSvc/Svctype/EAA/Q"
	serviceEAA  = "http://uri.etsi.org/TrstSvc/Svctype/EAA"
)

// Media types of pointers. Beside the list itself many a country has a PDF for
// people to read.
const (
	mediaXML = "application/vnd.etsi.tsl+xml"
	mediaPDF = "application/pdf"
)

// Same says whether two URIs of lists mean the same: real lists vary in http and
// https, in case, and in a slash at the end (trust lists 2.2).
func Same(a, b string) bool { return normal(a) == normal(b) }

func normal(uri string) string {
	uri = strings.ToLower(strings.TrimSpace(uri))
	if rest, ok := strings.CutPrefix(uri, "https:"); ok {
		uri = "http:" + rest
	}
	return strings.TrimSuffix(uri, "/")
}
