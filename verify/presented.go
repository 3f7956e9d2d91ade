package verify

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/mdoc"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/sdjwt"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// presented is one credential on its way through the steps. The calls come in
// the order they stand here; each relies on those before.
type presented interface {
	format() string
	unverifiedType() string
	chainText() []string // what chain decodes, as received: one chain has one text
	chain() ([][]byte, error)
	verifyIssuer(leaf *x509.Certificate, p Policy) error
	disclose() error
	validity() *Validity
	lifetime() time.Duration // from its signed start to its end; 0 when one is not stated
	checkValid(c *check, leaf *x509.Certificate) error
	bound() bool // holder binding is there, good or not
	bind(c *check) (method string, err error)
	types() []string
	claims() dcql.Claims
	publicClaims() map[string]any
	transactionData(data []string) error
	checkCountry(leaf *x509.Certificate, kind trustlist.Kind, territory string) error
	legalCategory() string
	statusReferences() ([]statuslist.Reference, statuslist.Mechanisms, error)
	shortLivedClaim() bool
}

// parse is step 1: caps, structure, strict decoding. The format follows from the
// query, else from the form; a DeviceResponse yields one credential per document.
func (c *check) parse(w wanted, raw string) ([]presented, error) {
	if raw == "" {
		return nil, reason.Refuse(reason.VPTokenMalformed, "an empty presentation")
	}
	if len(raw) > c.limits.Presentation {
		return nil, reason.Refuse(reason.InputTooLarge, "a presentation of more than %d bytes", c.limits.Presentation)
	}
	format := formOf(raw)
	if w.query != nil && w.query.Format != format {
		return nil, reason.Refuse(reason.VPFormatMismatch, "the presentation is not in the format the query names")
	}
	if format == dcql.FormatSDJWT {
		if c.req.Flow != FlowRedirect && c.req.Flow != FlowDCAPI {
			return nil, reason.Refuse(reason.VPFormatMismatch, "this flow carries mdoc only")
		}
		p, err := sdjwt.Parse(raw, sdjwt.Limits{Bytes: c.limits.Presentation, Disclosures: c.limits.Disclosures})
		if err != nil {
			return nil, err
		}
		return []presented{&presentedSDJWT{p: p}}, nil
	}
	b, err := b64.URL(raw)
	if err != nil {
		return nil, reason.Refuse(reason.MdocMalformed, "not base64url of a DeviceResponse")
	}
	r, err := mdoc.Parse(b, mdoc.Limits{Bytes: c.limits.Presentation, Documents: c.limits.Documents, Elements: c.limits.Disclosures})
	if err != nil {
		return nil, err
	}
	var list []presented
	for _, d := range r.Documents {
		list = append(list, &presentedMdoc{d: d})
	}
	return list, nil
}

// formOf tells the two formats apart: only an SD-JWT has a dot or a tilde, which
// are no base64url.
func formOf(raw string) string {
	if strings.IndexByte(raw, '~') >= 0 || strings.IndexByte(raw, '.') >= 0 {
		return dcql.FormatSDJWT
	}
	return dcql.FormatMdoc
}
