package verifytest

import (
	"crypto/x509"
	"time"
)

// Impostor has the authority's names and key identifiers and its own keys: every
// look-up by name finds the authority's anchor, and no signature verifies with it.
func (a *Authority) Impostor(now time.Time) (*Authority, error) {
	c := charter{
		id: a.ID, name: a.Name, territory: a.Territory, state: a.State, tradeID: a.TradeID,
		kind: a.Kind, types: a.Types, person: a.person, unlisted: true,
	}
	i, err := c.establish(now, a.crlBase)
	if err != nil {
		return nil, err
	}
	o := a.CertOptions(now, "CA", nil)
	o.Edit = func(t *x509.Certificate) { t.SubjectKeyId = a.CA.Cert.SubjectKeyId }
	if i.CA, err = Certify(o); err != nil {
		return nil, err
	}
	i.RevocationCA, i.RevokedSigner = i.CA, nil // which the CA of before had certified
	i.foundCRLs()
	if i.Signer, err = Certify(a.CertOptions(now, "Signer", i.CA)); err != nil {
		return nil, err
	}
	i.Revocation, err = Certify(a.CertOptions(now, "Status List Signer", i.CA))
	return i, err
}
