package trustlist

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"
)

// Kind is the kind of attestation an anchor answers for. Anchors of different
// kinds never mix (ARF 3.0 note to OIA_15).
type Kind string

// The kinds.
const (
	KindPID      Kind = "pid"
	KindQEAA     Kind = "qeaa"
	KindPubEAA   Kind = "pubeaa"
	KindEAA      Kind = "eaa"
	KindMDL      Kind = "mdl"
	KindWallet   Kind = "wallet"
	KindWRPAC    Kind = "wrpac"
	KindWRPRC    Kind = "wrprc"
	KindRegister Kind = "register"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindPID, KindQEAA, KindPubEAA, KindEAA, KindMDL, KindWallet, KindWRPAC, KindWRPRC, KindRegister}
}

// Purpose is what an anchor's service does: sign attestations, or sign what says
// whether they are revoked.
type Purpose string

// The purposes.
const (
	Issuance   Purpose = "issuance"
	Revocation Purpose = "revocation"
)

// Mode says how an anchor is used (trust lists 5.2). Modes are never guessed: a
// certificate that may certify others is PKIX, any other is Direct.
type Mode string

// The modes.
const (
	Direct Mode = "direct" // the signer itself, compared to the octet
	PKIX   Mode = "pkix"   // a CA, the end of an RFC 5280 path
)

// Anchor is one certificate taken out of a verified list, with the scope it
// answers for. The same certificate in two services makes two anchors.
type Anchor struct {
	ID   [sha256.Size]byte // SHA-256 of the DER
	Cert *x509.Certificate
	Mode Mode

	Kind      Kind
	Purpose   Purpose
	Territory string   // ISO 3166 alpha-2 (GR, not EL); "" when the list says none
	Types     []string // vct or docType it is limited to; empty: any of the kind

	// Entity keys the trusted entity or trust service provider: its trade-name
	// id, else the hex SHA-256 of its name. With the list's name it is unique.
	Entity     string
	EntityName string

	// Usable is false when the list itself says that the service is not in good
	// standing (a status other than granted, notified and the like).
	Usable      bool
	Status      string    // the list's status URI; "" when its profile has none
	StatusSince time.Time // zero when the list says none
	Service     string    // the list's service type URI; "" for VICALs and bundles

	// Aggregations are where a revocation service supplies the list of its status
	// lists (Token Status List section 9.3). That a trust list says so in
	// ServiceSupplyPoints is this product's reading; no profile says how.
	Aggregations []string
}

// NewAnchor fills ID and Mode from the certificate.
func NewAnchor(cert *x509.Certificate) *Anchor {
	mode := Direct
	if cert.BasicConstraintsValid && cert.IsCA {
		mode = PKIX
	}
	return &Anchor{ID: sha256.Sum256(cert.Raw), Cert: cert, Mode: mode, Usable: true}
}

// ServesType says whether the anchor may issue the type. An EAA anchor that names
// no type serves none (trust lists 5.3).
func (a *Anchor) ServesType(typ string) bool {
	if len(a.Types) == 0 {
		return a.Kind != KindEAA
	}
	return slices.Contains(a.Types, typ)
}

// GoodAt says whether the list says that the service is in good standing at now. A
// status may be announced before it starts.
func (a *Anchor) GoodAt(now time.Time) bool { return a.Usable && !now.Before(a.StatusSince) }

// ValidAt says whether now is inside the certificate's validity.
func (a *Anchor) ValidAt(now time.Time) bool {
	return !now.Before(a.Cert.NotBefore) && !now.After(a.Cert.NotAfter)
}

// Territory normalises a country code: upper case, Greece as GR, which lists
// write EL (trust lists 1.3).
func Territory(cc string) string {
	b := []byte(cc)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	if string(b) == "EL" {
		return "GR"
	}
	return string(b)
}
