package verify

import (
	"crypto/x509"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/mdoc"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// etsiNamespace is where ETSI TS 119 472-1 puts its elements in an mdoc
// (unconfirmed).
const etsiNamespace = "org.etsi.01947201.010101"

// presentedMdoc takes one document of a DeviceResponse through the steps
// (credentials 2.5).
type presentedMdoc struct {
	d      *mdoc.Document
	i      *mdoc.Issued
	public map[string]any
}

func (m *presentedMdoc) format() string         { return dcql.FormatMdoc }
func (m *presentedMdoc) unverifiedType() string { return m.d.DocType() }

func (m *presentedMdoc) chainText() (text []string) {
	ders, err := m.d.Chain()
	if err != nil {
		return nil
	}
	for _, der := range ders {
		text = append(text, string(der))
	}
	return text
}

func (m *presentedMdoc) chain() ([][]byte, error) { return m.d.Chain() }

func (m *presentedMdoc) verifyIssuer(leaf *x509.Certificate, p Policy) error {
	return p.underAgreed(func(allowed sigalg.Set) (err error) {
		m.i, err = m.d.VerifyIssuer(leaf, allowed)
		return err
	})
}

func (m *presentedMdoc) disclose() error { return m.i.CheckDigests() }

func (m *presentedMdoc) validity() *Validity {
	return &Validity{NotBefore: m.i.NotBefore(), NotAfter: m.i.NotAfter()}
}

func (m *presentedMdoc) lifetime() time.Duration { return m.i.NotAfter().Sub(m.i.NotBefore()) }

func (m *presentedMdoc) checkValid(c *check, leaf *x509.Certificate) error {
	return m.i.CheckTime(c.now, c.req.Policy.ClockSkew, leaf, c.req.Policy.AllowValidUntilAfterCert)
}

func (m *presentedMdoc) bound() bool { return m.d.HasDeviceAuth() }

func (m *presentedMdoc) bind(c *check) (string, error) {
	transcript, err := c.transcript()
	if err != nil {
		return "device_signature", err
	}
	method := mdoc.MethodSignature
	err = c.req.Policy.underAgreed(func(allowed sigalg.Set) (err error) {
		method, err = m.i.CheckDevice(transcript, c.req.EMacKey, allowed)
		return err
	})
	return method, err
}

func (m *presentedMdoc) types() []string { return []string{m.d.DocType()} }

func (m *presentedMdoc) claims() dcql.Claims { return m.publicClaims() }

func (m *presentedMdoc) publicClaims() map[string]any {
	if m.public == nil {
		m.public = mdoc.Claims(m.i.Elements())
	}
	return m.public
}

// transactionData: no profile says yet how an mdoc binds it.
func (m *presentedMdoc) transactionData([]string) error {
	return reason.Refuse(reason.TransactionDataNotAllowed, "transaction data is not supported with mdoc")
}

func (m *presentedMdoc) checkCountry(leaf *x509.Certificate, kind trustlist.Kind, _ string) error {
	if err := m.i.CheckDeviceElements(kind == trustlist.KindPID); err != nil {
		return err
	}
	return m.i.CheckCountry(leaf)
}

func (m *presentedMdoc) legalCategory() string {
	for _, at := range [][2]string{{etsiNamespace, "category"}, {TypePIDMdoc, "attestation_legal_category"}} {
		if v, ok := m.i.Text(at[0], at[1]); ok {
			return v
		}
	}
	return ""
}

func (m *presentedMdoc) statusReferences() ([]statuslist.Reference, statuslist.Mechanisms, error) {
	if m.i.Status() == nil {
		return nil, statuslist.Mechanisms{}, nil
	}
	return statuslist.ReferencesCBOR(m.i.Status())
}

func (m *presentedMdoc) shortLivedClaim() bool {
	return m.i.True(etsiNamespace, "shortLived")
}
