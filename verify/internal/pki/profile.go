package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Profile is what the certificate that signs an attestation, a status list or an
// MSO must keep to. The zero Profile asks for an end entity that may sign.
type Profile struct {
	Name string

	// RequireEKU: the extended key usage must name one of these; empty: none
	// demanded. anyExtendedKeyUsage does not stand for them.
	RequireEKU []asn1.ObjectIdentifier

	// ForbidIntermediates: the anchor signs the leaf itself, as an IACA signs
	// its document signers (ISO/IEC 18013-5 Annex B).
	ForbidIntermediates bool

	// MaxValidity: a leaf valid for longer gets a warning; 0: no maximum.
	MaxValidity time.Duration

	// RequireKeyUsage: the key usage extension must be there. Where it is there
	// it must assert digitalSignature in every profile.
	RequireKeyUsage bool

	// OnlyDigitalSignature: key usage may assert nothing else.
	OnlyDigitalSignature bool

	// AcceptContentCommitment: contentCommitment will do in place of
	// digitalSignature, as in certificates for qualified seals.
	AcceptContentCommitment bool
}

// Extended key usages (credentials 2.4).
var (
	OIDmdlDS  = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2} // mDL document signer
	OIDmdocDS = asn1.ObjectIdentifier{1, 0, 23220, 4, 1, 2} // document signer of any mdoc
	OIDTSL    = asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0}  // id-tsl-kp-tslSigning: signer of trust lists
	oidVICAL  = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 8} // id-mdl-kp-mdlVICAL: signer of VICALs
	oidAnyEKU = asn1.ObjectIdentifier{2, 5, 29, 37, 0}      // anyExtendedKeyUsage
	stdEKU    = map[x509.ExtKeyUsage]asn1.ObjectIdentifier{ // those that crypto/x509 takes out of the list it hands on
		x509.ExtKeyUsageAny:             oidAnyEKU,
		x509.ExtKeyUsageServerAuth:      {1, 3, 6, 1, 5, 5, 7, 3, 1},
		x509.ExtKeyUsageClientAuth:      {1, 3, 6, 1, 5, 5, 7, 3, 2},
		x509.ExtKeyUsageCodeSigning:     {1, 3, 6, 1, 5, 5, 7, 3, 3},
		x509.ExtKeyUsageEmailProtection: {1, 3, 6, 1, 5, 5, 7, 3, 4},
		x509.ExtKeyUsageTimeStamping:    {1, 3, 6, 1, 5, 5, 7, 3, 8},
		x509.ExtKeyUsageOCSPSigning:     {1, 3, 6, 1, 5, 5, 7, 3, 9},
	}
)

const day = 24 * time.Hour

// The profiles of the specification (credentials 2.4, trust lists 5.2).
var (
	// MDLDocumentSigner is the signer of an mDL's MSO.
	MDLDocumentSigner = Profile{
		Name:                 "mDL document signer",
		RequireEKU:           []asn1.ObjectIdentifier{OIDmdlDS},
		ForbidIntermediates:  true,
		MaxValidity:          457 * day,
		RequireKeyUsage:      true,
		OnlyDigitalSignature: true,
	}
	// Attestation is the signer of any other attestation. Its extended key usage
	// is the Rulebook's to say, and none is known for a PID.
	Attestation = Profile{Name: "attestation signer", AcceptContentCommitment: true}
	// StatusSigner is the signer of a status list or MSO revocation list.
	StatusSigner = Profile{Name: "status list signer", MaxValidity: 1187 * day}
	// VICALSigner is the signer of a VICAL (trust lists section 3). AAMVA's has
	// contentCommitment alone.
	VICALSigner = Profile{
		Name:                    "VICAL signer",
		RequireEKU:              []asn1.ObjectIdentifier{oidVICAL},
		RequireKeyUsage:         true,
		AcceptContentCommitment: true,
	}
)

// Check is CheckLeaf, plus what the profile says of the chain as a whole. The
// chain is without its anchor.
func (p Profile) Check(chain []*x509.Certificate) (warnings []string, err error) {
	if len(chain) == 0 {
		return nil, reason.Refuse(reason.ChainInvalid, "there is no certificate")
	}
	if p.ForbidIntermediates && len(chain) > 1 {
		return nil, reason.Refuse(reason.ChainProfileViolation, "%s: its CA must sign it directly, and there are intermediates", p.Name)
	}
	return CheckLeaf(chain[0], p)
}

// CheckLeaf checks the certificate that signed against its profile. The refusal
// is chain_profile_violation; warnings are departures that do no harm.
func CheckLeaf(leaf *x509.Certificate, p Profile) (warnings []string, err error) {
	if err := checkForbidden(leaf, 0); err != nil {
		return nil, err
	}
	for _, rule := range leafRules {
		if rule.broken(leaf, p) {
			return nil, reason.Refuse(reason.ChainProfileViolation, "%s: %s", p.Name, rule.what)
		}
	}
	if p.MaxValidity > 0 && leaf.NotAfter.Sub(leaf.NotBefore) > p.MaxValidity {
		warnings = append(warnings, p.Name+": the certificate is valid for longer than its profile allows")
	}
	return warnings, nil
}

// leafRules are the rules every leaf keeps to, in the order they are tried.
var leafRules = []struct {
	what   string
	broken func(*x509.Certificate, Profile) bool
}{
	{"the certificate is a CA's", func(c *x509.Certificate, _ Profile) bool {
		return c.BasicConstraintsValid && c.IsCA
	}},
	{"the certificate has no key usage", func(c *x509.Certificate, p Profile) bool {
		return p.RequireKeyUsage && !hasExtension(c, oidKeyUsage)
	}},
	{"the key usage does not allow signatures", func(c *x509.Certificate, p Profile) bool {
		return hasExtension(c, oidKeyUsage) && c.KeyUsage&p.signing() == 0
	}},
	// RFC 5280 section 4.2.1.9: no CA, no keyCertSign.
	{"the key usage allows to sign certificates", func(c *x509.Certificate, _ Profile) bool {
		return c.KeyUsage&x509.KeyUsageCertSign != 0
	}},
	{"the key usage allows more than signatures", func(c *x509.Certificate, p Profile) bool {
		return p.OnlyDigitalSignature && c.KeyUsage&^x509.KeyUsageDigitalSignature != 0
	}},
	{"the extended key usage is not the one required", func(c *x509.Certificate, p Profile) bool {
		return len(p.RequireEKU) > 0 && !hasEKU(c, p.RequireEKU)
	}},
}

func (p Profile) signing() x509.KeyUsage {
	if p.AcceptContentCommitment {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	}
	return x509.KeyUsageDigitalSignature
}

// hasEKU says whether the certificate's extended key usage names one of want.
// crypto/x509 splits the list in two: those it knows, and the others as OIDs.
func hasEKU(c *x509.Certificate, want []asn1.ObjectIdentifier) bool {
	has := func(oid asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(want, oid.Equal)
	}
	return slices.ContainsFunc(c.UnknownExtKeyUsage, has) ||
		slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool { return has(stdEKU[u]) })
}

// HasEKU says whether the certificate's extended key usage names oid.
func HasEKU(c *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	return hasEKU(c, []asn1.ObjectIdentifier{oid})
}
