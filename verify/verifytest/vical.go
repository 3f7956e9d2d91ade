package verifytest

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// VICALProvider is the name of whoever publishes the World's VICAL.
const VICALProvider = "Demonstration VICAL Provider"

// OIDVICAL is the extended key usage of VICAL signers (ISO/IEC 18013-5 Annex C).
var OIDVICAL = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 8}

// vicalPublisher is whoever publishes a World's VICAL, and the authority that
// stands in no other list.
type vicalPublisher struct {
	root, signer *Key
	state        *Authority
}

func newVICALPublisher(now time.Time, crlBase string) (*vicalPublisher, error) {
	name := func(role string) pkix.Name {
		return pkix.Name{Country: []string{"US"}, Organization: []string{VICALProvider}, CommonName: VICALProvider + " " + role}
	}
	from, to := span(now, caBefore, operatorEnd)
	p := &vicalPublisher{}
	var err error
	p.root, err = Certify(CertOptions{Subject: name("Root CA"), CA: true, NotBefore: from, NotAfter: to})
	if err != nil {
		return nil, err
	}
	p.signer, err = Certify(CertOptions{
		Subject: name("Signer"), Issuer: p.root, NotBefore: from, NotAfter: to,
		EKU: []asn1.ObjectIdentifier{OIDVICAL}, CriticalEKU: true,
	})
	if err != nil {
		return nil, err
	}
	p.state, err = charter{
		id: "us-jf", name: "Jefferson Department of Motor Vehicles", territory: "US", state: "US-JF",
		kind: trustlist.KindMDL, types: []string{TypeMDL}, person: jane, sharedRevocation: true,
	}.establish(now, crlBase)
	return p, err
}

// VICALRoot is the root that verifiers pin for the World's VICAL.
func (w *World) VICALRoot() *Key { return w.vical.root }

// VICALSigner signs the World's VICAL. Its certificate is issued by VICALRoot.
func (w *World) VICALSigner() *Key { return w.vical.signer }

// State issues driving licences of a federal state whose CA stands in the VICAL
// and in no other list. It is none of Authorities.
func (w *World) State() *Authority { return w.vical.state }

// VICALOptions change a VICAL. The zero value makes a good one.
type VICALOptions struct {
	IssueID    uint64    // 0: 1
	Date       time.Time // zero: the World's time
	NextUpdate time.Time // zero: 30 days after Date
	NotAfter   time.Time // zero: the member is left out

	Authorities []*Authority // nil: the State, and all that issue driving licences
	Without     []string     // territories, or ids of authorities, to leave out
	DocTypes    []string     // of every certificate; nil: the authority's Types

	Signer *Key     // nil: VICALSigner
	Chain  [][]byte // x5chain; nil: the signer's

	// MutateHeaders and Mutate change the headers and the payload before they are
	// signed; Raw replaces the encoded payload.
	MutateHeaders func(protected, unprotected map[any]any)
	Mutate        func(payload map[string]any)
	Raw           func(payload []byte) []byte
	// Damage changes the finished VICAL.
	Damage func([]byte) []byte
}

const vicalLife = 30 * day

func (o VICALOptions) withDefaults(w *World) VICALOptions {
	if o.IssueID == 0 {
		o.IssueID = 1
	}
	if o.Date.IsZero() {
		o.Date = w.Now
	}
	if o.NextUpdate.IsZero() {
		o.NextUpdate = o.Date.Add(vicalLife)
	}
	if o.Authorities == nil {
		o.Authorities = []*Authority{w.vical.state}
		for _, a := range w.authorities {
			if a.Kind == trustlist.KindMDL {
				o.Authorities = append(o.Authorities, a)
			}
		}
	}
	if o.Signer == nil {
		o.Signer = w.vical.signer
	}
	if o.Chain == nil {
		o.Chain = o.Signer.Chain()
	}
	return o
}

// VICAL makes a Verified Issuer Certificate Authority List as an untagged
// COSE_Sign1 with an unprotected x5chain (ISO/IEC 18013-5 Annex C).
func (w *World) VICAL(o VICALOptions) ([]byte, error) {
	o = o.withDefaults(w)
	payload := o.payload()
	if o.Mutate != nil {
		o.Mutate(payload)
	}
	body, err := encode(payload)
	if err != nil {
		return nil, err
	}
	if o.Raw != nil {
		body = o.Raw(body)
	}
	protected := map[any]any{labelAlg: algCOSE(o.Signer.Private)}
	unprotected := map[any]any{labelX5Chain: x5chain(o.Chain)}
	if o.MutateHeaders != nil {
		o.MutateHeaders(protected, unprotected)
	}
	b, err := sign1(protected, unprotected, body, false, o.Signer.Private)
	if err == nil && o.Damage != nil {
		b = o.Damage(b)
	}
	return b, err
}

func (o VICALOptions) payload() map[string]any {
	infos := []any{}
	for _, a := range o.Authorities {
		if !slices.Contains(o.Without, a.Territory) && !slices.Contains(o.Without, a.ID) {
			infos = append(infos, o.certificateInfo(a))
		}
	}
	p := map[string]any{
		"version": "1.0", "vicalProvider": VICALProvider, "date": DateTime(o.Date), "vicalIssueID": o.IssueID,
		"nextUpdate": DateTime(o.NextUpdate), "certificateInfos": infos,
	}
	if !o.NotAfter.IsZero() {
		p["notAfter"] = DateTime(o.NotAfter)
	}
	return p
}

func (o VICALOptions) certificateInfo(a *Authority) map[string]any {
	info := CertificateInfo(a.CA.Cert, a.Types...)
	info["issuingAuthority"], info["issuingCountry"] = a.Name, a.Territory
	if a.State != "" {
		info["stateOrProvinceName"] = a.State
	}
	if o.DocTypes != nil {
		info["docType"] = o.DocTypes
	}
	return info
}

// CertificateInfo is an entry of a VICAL for a certificate and document types, with
// all that a provider copies out of the certificate.
func CertificateInfo(c *x509.Certificate, docTypes ...string) map[string]any {
	return map[string]any{
		"certificate": c.Raw, "serialNumber": c.SerialNumber, "ski": bytes.Clone(c.SubjectKeyId), "docType": docTypes,
		"issuer": c.RawIssuer, "subject": c.RawSubject, "notBefore": DateTime(c.NotBefore), "notAfter": DateTime(c.NotAfter),
	}
}
