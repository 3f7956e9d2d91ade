package verifytest

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Lifetimes of certificates, before and after the World's time. A document signer
// lives for 455 days: ISO/IEC 18013-5 Annex B allows 457.
const (
	day         = 24 * time.Hour
	caBefore    = 365 * day
	caAfter     = 5 * 365 * day
	leafBefore  = 90 * day
	leafAfter   = 365 * day
	operatorEnd = 2 * 365 * day
)

// Authority is an issuer with its keys, and what its list says of it. It is not
// changed after New.
type Authority struct {
	ID        string // short name, in URIs
	Name      string
	Territory string // ISO 3166 alpha-2, as in certificates
	State     string // stateOrProvinceName, for driving licences
	TradeID   string // TETradeName and organizationIdentifier
	URL       string // iss, and subjectAltName of the signer
	Kind      trustlist.Kind
	Types     []string // what it issues

	CA           *Key
	RevocationCA *Key // the CA again, unless it has one of its own
	Signer       *Key
	Revocation   *Key // signs status lists and identifier lists
	// RevokedSigner stands in the CA's revocation list from the start; nil where
	// nothing is issued.
	RevokedSigner *Key

	// Services is what the list of its kind says; nil: it stands in no list.
	Services []Service
	// Withdrawn: the list says that it is no longer in good standing. Only lists
	// of PuB-EAA providers can say so.
	Withdrawn bool

	person person

	crlBase       string
	crl           *CRL
	revocationCRL *CRL // crl again, unless RevocationCA is one of its own
}

// Service is one service of a trusted entity.
type Service struct {
	Purpose trustlist.Purpose
	Certs   []*Key
}

// charter says how an authority is set up.
type charter struct {
	id, name, territory, state, tradeID string
	kind                                trustlist.Kind
	types                               []string
	person                              person

	ownRevocationCA bool
	// direct lists the signing certificate itself, not the CA (trust lists 5.2).
	direct bool
	// revocationDirect likewise for the revocation service.
	revocationDirect bool
	// sharedRevocation: no revocation service is listed, so status lists are
	// signed under the issuing CA.
	sharedRevocation bool
	unlisted         bool
	withdrawn        bool
}

// establish makes the keys and certificates of an authority.
func (c charter) establish(now time.Time, crlBase string) (*Authority, error) {
	a := &Authority{
		ID: c.id, Name: c.name, Territory: c.territory, State: c.state, TradeID: c.tradeID,
		URL: "https://" + c.id + ".issuer.example", Kind: c.kind, Types: c.types, Withdrawn: c.withdrawn, person: c.person,
		crlBase: crlBase,
	}
	var err error
	certify := func(to **Key, o CertOptions) {
		if err == nil {
			*to, err = Certify(o)
		}
	}
	certify(&a.CA, a.CertOptions(now, "CA", nil))
	a.RevocationCA = a.CA
	if c.ownRevocationCA {
		certify(&a.RevocationCA, a.CertOptions(now, roleRevocationCA, nil))
	}
	if err == nil {
		certify(&a.Signer, a.CertOptions(now, "Signer", a.CA))
		certify(&a.Revocation, a.CertOptions(now, "Status List Signer", a.RevocationCA))
	}
	if err == nil && len(c.types) > 0 {
		certify(&a.RevokedSigner, a.CertOptions(now, "Signer", a.CA))
	}
	if err != nil {
		return nil, err
	}
	a.foundCRLs()
	a.list(c)
	return a, nil
}

// list says what the trust list will hold of the authority.
func (a *Authority) list(c charter) {
	if c.unlisted {
		return
	}
	issuance := a.CA
	if c.direct {
		issuance = a.Signer
	}
	a.Services = []Service{{trustlist.Issuance, []*Key{issuance}}}
	if c.sharedRevocation {
		return
	}
	revocation := a.RevocationCA
	if c.revocationDirect {
		revocation = a.Revocation
	}
	a.Services = append(a.Services, Service{trustlist.Revocation, []*Key{revocation}})
}

// roleRevocationCA is that of a CA which certifies status list signers only.
const roleRevocationCA = "Revocation CA"

// CertOptions are those of another certificate of the authority's: a self-signed
// CA if issuer is nil, else a signer. Tests change what they want damaged and call
// Certify.
func (a *Authority) CertOptions(now time.Time, role string, issuer *Key) CertOptions {
	o := CertOptions{Subject: a.subject(role), Issuer: issuer, URI: a.URL}
	if issuer == nil {
		o.CA = true
		o.NotBefore, o.NotAfter = span(now, caBefore, caAfter)
		o.CRL = a.crlURL(role == roleRevocationCA) // as IACAs bear it (ISO/IEC 18013-5 Annex B)
		if a.Kind == trustlist.KindMDL {
			o.URI, o.IssuerAltName = "", a.URL
		}
		return o
	}
	o.NotBefore, o.NotAfter = span(now, leafBefore, leafAfter)
	if o.CRL = a.crlURL(issuer == a.RevocationCA && issuer != a.CA); o.CRL == "" {
		o.CRL = a.URL + "/ca.crl"
	}
	if a.signsDocuments() && role == "Signer" {
		// The PID profile of ETSI TS 119 412-6 makes no extended key usage
		// critical; the mDL profile does.
		o.EKU = []asn1.ObjectIdentifier{OIDmdlDS, OIDmdocDS}
		o.CriticalEKU = a.Kind == trustlist.KindMDL
	}
	if a.Kind == trustlist.KindMDL {
		o.IssuerAltName = a.URL
	}
	return o
}

func (a *Authority) signsDocuments() bool {
	return a.Kind == trustlist.KindPID || a.Kind == trustlist.KindMDL || a.Kind == trustlist.KindEAA || a.Kind == trustlist.KindPubEAA
}

func (a *Authority) subject(role string) pkix.Name {
	n := pkix.Name{Country: []string{a.Territory}, Organization: []string{a.Name}, CommonName: a.Name + " " + role}
	if a.State != "" {
		n.Province = []string{a.State}
	}
	if a.TradeID != "" {
		n.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidOrgIdentifier, Value: a.TradeID}}
	}
	return n
}

// Bundle is a local PEM file with the authority's CA, for authorities that stand
// in no list.
func (a *Authority) Bundle() []byte { return a.CA.PEM() }

func span(now time.Time, before, after time.Duration) (from, to time.Time) {
	now = now.UTC().Truncate(time.Second)
	return now.Add(-before), now.Add(after)
}
