// Package bundle makes trust anchors out of a local PEM file, for laboratories and
// for issuers that stand in no list. Nobody signed the file, so the operator's
// configuration is the only reason to believe it: such a list is read from a file
// and never announced, served or taken from a peer (design 3.1).
//
// Callers use Read. The scope of the anchors is what the operator says; nothing
// is taken from the certificates but their country, where the operator names
// none.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/sealed"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Limits.
const (
	MaxBundle       = 4 << 20 // bytes of the file
	MaxCertificates = 4096    // CERTIFICATE blocks
)

// Scope is what the anchors of a bundle answer for.
type Scope struct {
	Kind      trustlist.Kind      // required
	Purposes  []trustlist.Purpose // empty: issuance and revocation
	Territory string              // "": each certificate's own country
	Types     []string            // empty: any of the kind; an EAA without types serves none
	Entity    string              // "": "bundle"; a bundle is one entity
}

// Read makes one anchor for each certificate and purpose. Certificates that cannot
// be used are skipped and counted, a truncated block among them. The refusals are
// trustlist_too_large and trustlist_malformed; their details say what to do.
func Read(file []byte, s Scope) (trustlist.Verified, error) {
	if len(file) > MaxBundle {
		return trustlist.Verified{}, reason.Refuse(reason.TrustListTooLarge, "the bundle is larger than %d bytes; split it into several", MaxBundle)
	}
	s, err := s.complete()
	if err != nil {
		return trustlist.Verified{}, err
	}
	list := &trustlist.List{
		Format:    "anchors",
		Territory: s.Territory,
		Payload:   sha256.Sum256(file),
	}
	blocks, err := readBlocks(list, file, s.Entity)
	if err != nil {
		return trustlist.Verified{}, err
	}
	seen := make(map[[sha256.Size]byte]bool)
	for _, der := range blocks {
		cert, err := pki.Parse(der)
		if err != nil {
			skip(list, s.Entity, der, why(err))
			continue
		}
		if a := trustlist.NewAnchor(cert); !seen[a.ID] {
			seen[a.ID] = true
			list.Anchors = append(list.Anchors, s.anchors(a)...)
		}
	}
	if len(list.Anchors) == 0 {
		return trustlist.Verified{}, reason.Refuse(reason.TrustListMalformed,
			"none of the %d certificates in the bundle can be used (%d unsupported or unparsable); keys must be EC P-256, P-384, P-521, Ed25519 or RSA of at least 2048 bits", len(blocks), len(list.Skipped))
	}
	if s.Kind == trustlist.KindEAA && len(s.Types) == 0 {
		list.Warnings = append(list.Warnings, "anchors of kind eaa serve no credential until types names the types they may issue")
	}
	return trustlist.Seal(sealed.Key{}, list), nil
}

// complete fills in the defaults and checks what the operator wrote.
func (s Scope) complete() (Scope, error) {
	if !slices.Contains(trustlist.Kinds(), s.Kind) {
		return s, reason.Refuse(reason.TrustListMalformed, "the bundle's kind is not one of %s", join(trustlist.Kinds()))
	}
	purposes := []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}
	for _, p := range s.Purposes {
		if !slices.Contains(purposes, p) {
			return s, reason.Refuse(reason.TrustListMalformed, "the bundle's purposes are not among %s", join(purposes))
		}
	}
	if len(s.Purposes) == 0 {
		s.Purposes = purposes
	}
	if s.Entity == "" {
		s.Entity = "bundle"
	}
	s.Territory = trustlist.Territory(s.Territory)
	return s, nil
}

func (s Scope) anchors(a *trustlist.Anchor) []*trustlist.Anchor {
	out := make([]*trustlist.Anchor, 0, len(s.Purposes))
	for _, p := range slices.Compact(slices.Sorted(slices.Values(s.Purposes))) {
		scoped := *a
		scoped.Kind, scoped.Purpose, scoped.Types = s.Kind, p, s.Types
		scoped.Entity, scoped.EntityName = s.Entity, s.Entity
		if scoped.Territory = s.Territory; scoped.Territory == "" {
			scoped.Territory = pki.Country(a.Cert)
		}
		out = append(out, &scoped)
	}
	return out
}

var beginCertificate = []byte("-----BEGIN CERTIFICATE-----")

// readBlocks returns the DER of the CERTIFICATE blocks. encoding/pem passes over a
// block that is cut off or damaged without a word, so the beginnings are counted.
func readBlocks(list *trustlist.List, file []byte, entity string) ([][]byte, error) {
	begun := bytes.Count(file, beginCertificate)
	switch {
	case begun == 0:
		return nil, reason.Refuse(reason.TrustListMalformed, "the bundle holds no PEM certificate; a DER file is converted by: openssl x509 -inform DER -in FILE -out FILE.pem")
	case begun > MaxCertificates:
		return nil, reason.Refuse(reason.TrustListTooLarge, "the bundle holds more than %d certificates; split it into several", MaxCertificates)
	}
	var ders [][]byte
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE":
			ders = append(ders, block.Bytes)
		case strings.Contains(block.Type, "PRIVATE KEY"):
			return nil, reason.Refuse(reason.TrustListMalformed, "the bundle holds a private key; remove it, and take the key for disclosed")
		default:
			list.Warnings = []string{"the bundle holds blocks other than certificates, which are ignored"}
		}
	}
	for range begun - len(ders) {
		skip(list, entity, nil, "damaged PEM block")
	}
	return ders, nil
}

func skip(list *trustlist.List, entity string, der []byte, why string) {
	list.Skipped = append(list.Skipped, trustlist.Skipped{Entity: entity, SHA256: sha256.Sum256(der), Why: why})
}

func why(err error) string {
	if reason.CodeOf(err) == reason.AlgUnsupported {
		return "unsupported key"
	}
	return "unparsable"
}

func join[T ~string](names []T) string {
	s := make([]string, len(names))
	for i, n := range names {
		s[i] = string(n)
	}
	return strings.Join(s, ", ")
}
