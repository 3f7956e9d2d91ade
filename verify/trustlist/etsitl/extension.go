package etsitl

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
)

// knownExtensions are those of services whose meaning is clear: none of them bears
// on who signs attestations (trust lists 2.2).
var knownExtensions = []xmldsig.Element{
	{Space: nsList, Local: "AdditionalServiceInformation"},
	{Space: nsList, Local: "ExpiredCertsRevocationInfo"},
	{Space: nsQualifications, Local: "Qualifications"},
	{Space: nsAdditional, Local: "TakenOverBy"},
}

// readExtensions says whether one of the extensions is critical and holds something
// else than what is known.
func readExtensions(r *xmldsig.Reader, known []xmldsig.Element) (critical bool, err error) {
	err = each(r, "Extension", func() error {
		// xs:boolean; what is neither true nor false is taken for the worse.
		mark, there := r.Attr("", "Critical")
		held, understood := 0, true
		err := r.Children(func(e xmldsig.Element) error {
			held++
			understood = understood && slices.Contains(known, e)
			return nil
		})
		if there && mark != "false" && mark != "0" && (held == 0 || !understood) {
			critical = true
		}
		return err
	})
	return critical, err
}
