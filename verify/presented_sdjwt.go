package verify

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/sdjwt"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// presentedSDJWT takes an SD-JWT VC through the steps (credentials 1.4).
type presentedSDJWT struct {
	p *sdjwt.Presentation
	i *sdjwt.Issued
	c *sdjwt.Credential
}

func (s *presentedSDJWT) format() string         { return dcql.FormatSDJWT }
func (s *presentedSDJWT) unverifiedType() string { return s.p.UnverifiedType() }

func (s *presentedSDJWT) chainText() []string { return s.p.ChainText() }

func (s *presentedSDJWT) chain() ([][]byte, error) { return s.p.Chain() }

func (s *presentedSDJWT) verifyIssuer(leaf *x509.Certificate, p Policy) error {
	return p.underAgreed(func(allowed sigalg.Set) (err error) {
		s.i, err = s.p.VerifyIssuer(sdjwt.IssuerCheck{Key: leaf.PublicKey, Allowed: allowed, AllowLegacyTyp: p.AllowLegacyTyp})
		return err
	})
}

func (s *presentedSDJWT) disclose() (err error) {
	s.c, err = s.i.Disclose()
	return err
}

func (s *presentedSDJWT) validity() *Validity {
	return &Validity{NotBefore: s.c.NotBefore(), NotAfter: s.c.NotAfter()}
}

// lifetime counts from nbf, else from iat (credentials 7.5).
func (s *presentedSDJWT) lifetime() time.Duration {
	from := s.c.NotBefore()
	if from.IsZero() {
		from = s.c.IssuedAt()
	}
	if from.IsZero() || s.c.NotAfter().IsZero() {
		return 0
	}
	return s.c.NotAfter().Sub(from)
}

// checkValid checks the times, and the audience where the issuer named one.
func (s *presentedSDJWT) checkValid(c *check, _ *x509.Certificate) error {
	if err := s.c.CheckTime(c.now, c.req.Policy.ClockSkew); err != nil {
		return err
	}
	if _, named := s.c.Claims()["aud"]; !named {
		return nil
	}
	if err := c.need(needAudience); err != nil {
		return err
	}
	return s.c.CheckAudience(audience(c.req))
}

func (s *presentedSDJWT) bound() bool { return s.p.HasKeyBinding() }

func (s *presentedSDJWT) bind(c *check) (string, error) {
	const method = "kb-jwt"
	if err := c.need(needNonce, needAudience); err != nil {
		return method, err
	}
	p := c.req.Policy
	return method, p.underAgreed(func(allowed sigalg.Set) error {
		return s.c.CheckBinding(sdjwt.Binding{
			Nonce: c.req.Nonce, Audience: audience(c.req), AllowAudienceSlash: p.AllowAudienceSlash && c.req.Flow == FlowDCAPI,
			Now: c.now, Skew: p.ClockSkew, MaxAge: p.KBMaxAge, Allowed: allowed,
		})
	})
}

func (s *presentedSDJWT) types() []string              { return s.c.Types() }
func (s *presentedSDJWT) claims() dcql.Claims          { return s.c.Claims() }
func (s *presentedSDJWT) publicClaims() map[string]any { return s.c.PublicClaims() }

func (s *presentedSDJWT) transactionData(data []string) error {
	return s.c.CheckTransactionData(data)
}

// checkCountry is the territory rule of trust lists 5.3, and the issuer rule of
// 5.3 step 6: an iss that is a URL must be one of the certificate's names, where
// the certificate has any.
func (s *presentedSDJWT) checkCountry(leaf *x509.Certificate, _ trustlist.Kind, territory string) error {
	if cc, ok := s.c.Claims()["issuing_country"].(string); ok && territory != "" && trustlist.Territory(cc) != territory {
		return reason.Refuse(reason.AnchorTerritoryMismatch, "issuing_country is not the country the issuer is trusted for")
	}
	iss, _ := s.c.Claims()["iss"].(string)
	if !namesIssuer(leaf, iss) {
		return reason.Refuse(reason.IssuerMismatch, "iss is none of the names in the issuer's certificate")
	}
	return nil
}

func namesIssuer(leaf *x509.Certificate, iss string) bool {
	if !strings.HasPrefix(iss, "https://") || len(leaf.URIs)+len(leaf.DNSNames) == 0 {
		return true
	}
	for _, u := range leaf.URIs {
		if u.String() == iss {
			return true
		}
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(iss, "https://"), "/")
	host, _, _ = strings.Cut(host, ":")
	return leaf.VerifyHostname(host) == nil
}

// legalCategory is what the credential calls itself: the ETSI category, or the
// PID Rulebook's attestation_legal_category.
func (s *presentedSDJWT) legalCategory() string {
	for _, name := range []string{"category", "attestation_legal_category"} {
		if v, ok := s.c.Claims()[name].(string); ok {
			return v
		}
	}
	return ""
}

func (s *presentedSDJWT) statusReferences() ([]statuslist.Reference, statuslist.Mechanisms, error) {
	status, ok := s.c.Claims()["status"]
	if !ok {
		return nil, statuslist.Mechanisms{}, nil
	}
	return statuslist.ReferencesJSON(status)
}

func (s *presentedSDJWT) shortLivedClaim() bool {
	_, ok := s.c.Claims()["shortLived"]
	return ok
}
