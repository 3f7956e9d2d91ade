package mdoc

import (
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// CheckCountry compares issuing_country and issuing_jurisdiction, where they were
// presented, with the document signer's certificate (7.4, B.1.4): the country
// always, Greece's two codes being one, the state only when the certificate has
// one. Codes: issuing_country_mismatch, issuing_jurisdiction_mismatch.
func (i *Issued) CheckCountry(leaf *x509.Certificate) error {
	for s := range i.doc.spaces {
		items := i.doc.spaces[s].items
		for n := range items {
			switch string(items[n].identifier) {
			case "issuing_country":
				if !items[n].isText(func(v string) bool { return hasCountry(leaf, v) }) {
					return reason.Refuse(reason.IssuingCountryMismatch, "issuing_country is not the country of the document signer's certificate")
				}
			case "issuing_jurisdiction":
				states := leaf.Subject.Province
				if len(states) > 0 && !items[n].isText(func(v string) bool { return v == states[0] }) {
					return reason.Refuse(reason.IssuingJurisdictionMismatch, "issuing_jurisdiction is not the state of the document signer's certificate")
				}
			}
		}
	}
	return nil
}

func hasCountry(leaf *x509.Certificate, v string) bool {
	c := leaf.Subject.Country
	return len(c) > 0 && trustlist.Territory(c[0]) == trustlist.Territory(v)
}

// isText says whether the value is text of which ok holds.
func (it *item) isText(ok func(string) bool) bool {
	c := open(it.value)
	v := c.text("a value")
	return c.end("a value") == nil && ok(string(v))
}
