package verifytest

import "time"

// crlURL is where the revocation list of the authority's CA is published, or of
// its own revocation CA; "" where the World publishes none.
func (a *Authority) crlURL(revocation bool) string {
	switch {
	case a.crlBase == "":
		return ""
	case revocation:
		return a.crlBase + "/crl/" + a.ID + "-revocation.crl"
	default:
		return a.crlBase + "/crl/" + a.ID + ".crl"
	}
}

// foundCRLs gives each CA its list, with the signer in it that is revoked from the
// start.
func (a *Authority) foundCRLs() {
	a.crl = &CRL{URL: a.crlURL(false), ca: a.CA}
	a.revocationCRL = a.crl
	if a.RevocationCA != a.CA {
		a.revocationCRL = &CRL{URL: a.crlURL(true), ca: a.RevocationCA}
	}
	if a.RevokedSigner != nil {
		a.crl.Revoke(a.RevokedSigner.Cert)
	}
}

// CRL is the list of the authority's CA. That of a revocation CA of its own is
// World.CRL(a.RevocationCA).
func (a *Authority) CRL() *CRL { return a.crl }

// CRL is the list of an authority's CA; nil for other keys.
func (w *World) CRL(ca *Key) *CRL {
	for _, l := range w.crls() {
		if l.ca == ca {
			return l
		}
	}
	return nil
}

// crls are the lists of every authority, wherever it is listed.
func (w *World) crls() (list []*CRL) {
	for _, a := range w.everyone() {
		list = append(list, a.crl)
		if a.revocationCRL != a.crl {
			list = append(list, a.revocationCRL)
		}
	}
	return list
}

// CRLs returns the current revocation lists by URL; none without a CRLBase.
func (w *World) CRLs(now time.Time) (map[string][]byte, error) {
	lists := make(map[string][]byte)
	for _, l := range w.crls() {
		if l.URL == "" {
			continue
		}
		der, err := l.Publish(now)
		if err != nil {
			return nil, err
		}
		lists[l.URL] = der
	}
	return lists, nil
}

// CRLOf returns the current revocation list under a URL, as an origin serves it; ok
// is false where no list is.
func (w *World) CRLOf(url string, now time.Time) (der []byte, ok bool, err error) {
	for _, l := range w.crls() {
		if l.URL != "" && l.URL == url {
			der, err = l.Publish(now)
			return der, true, err
		}
	}
	return nil, false, nil
}
