package verify

import (
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// oidMDLDS is id-mdl-kp-mdlDS (ISO/IEC 18013-5 Annex B).
var oidMDLDS = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2}

// maxDocumentSigner is the longest validity of a document signer (ISO/IEC
// 18013-5 Annex B). Real ones exceed it, so a breach is a warning.
const maxDocumentSigner = 457 * 24 * time.Hour

// profiles maps a docType to the extended key usages a document signer needs one
// of.
type profiles map[string][]asn1.ObjectIdentifier

func newProfiles(eku map[string][]string) (profiles, error) {
	p := profiles{TypeMDL: {oidMDLDS}}
	for docType, list := range eku {
		p[docType] = nil
		for _, s := range list {
			oid, err := parseOID(s)
			if err != nil {
				return nil, fmt.Errorf("document signer usage of %q: %w", docType, err)
			}
			p[docType] = append(p[docType], oid)
		}
	}
	return p, nil
}

// leaf is the certificate profile of whoever signs this kind and type.
func (p profiles) leaf(kind trustlist.Kind, typ, format string) pki.Profile {
	pr := pki.Profile{Name: string(kind)}
	if format == dcql.FormatMdoc {
		pr.Name = "document signer"
		pr.RequireEKU = p[typ]
		pr.MaxValidity = maxDocumentSigner
	}
	if kind == trustlist.KindMDL {
		pr.ForbidIntermediates = true
		pr.RequireKeyUsage = true
	}
	return pr
}

func parseOID(s string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for _, part := range strings.Split(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no dotted object identifier", s)
		}
		oid = append(oid, n)
	}
	if len(oid) < 2 {
		return nil, fmt.Errorf("%q is no dotted object identifier", s)
	}
	return oid, nil
}
