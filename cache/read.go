package cache

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/bundle"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
	"github.com/edgetrust/edgetrust/verify/trustlist/vical"
)

// pivoted is a list whose signer may have been introduced by earlier releases.
type pivoted interface {
	Pivots(oj string) ([]string, error)
}

// read parses bytes and checks their signature as the source demands. It needs no
// lock: src is a copy, and so is chain.
func (src *Source) read(b []byte, door artefact.Door, chain chain, now time.Time) (trustlist.Verified, error) {
	switch src.Type {
	case artefact.Anchors:
		if door != artefact.File {
			return trustlist.Verified{}, reason.Refuse(reason.ListUnsigned, "an unsigned bundle is only read from a local file")
		}
		return bundle.Read(b, bundle.Scope{
			Kind: src.Kind, Purposes: src.Purposes, Territory: src.Territory, Types: src.Types, Entity: src.Name,
		})
	case artefact.LOTL:
		u, err := etsitl.Parse(b)
		if err != nil {
			return trustlist.Verified{}, err
		}
		signers, err := src.signersOf(u, b, chain)
		if err != nil {
			return trustlist.Verified{}, err
		}
		return u.VerifyLOTL(signers, etsitl.LOTLOptions{Location: src.URL, OJ: src.OJ, AllowVersion5: src.AllowVersion5})
	case artefact.TL:
		u, err := etsitl.Parse(b)
		if err != nil {
			return trustlist.Verified{}, err
		}
		return u.VerifyNational(etsitl.NationalOptions{
			Pointer: src.Pointer, Services: src.Services, Types: src.Types, AllowVersion5: src.AllowVersion5,
		})
	case artefact.VICAL:
		u, err := vical.Parse(b)
		if err != nil {
			return trustlist.Verified{}, err
		}
		return u.Verify(src.Signers, vical.Options{Provider: src.Provider}, now)
	}
	u, err := lote.Parse(b)
	if err != nil {
		return trustlist.Verified{}, err
	}
	signers := src.Signers
	if src.OJ != "" {
		if signers, err = src.signersOf(u, b, chain); err != nil {
			return trustlist.Verified{}, err
		}
	}
	return u.Verify(signers, src.LoTE)
}

// readPivot is read for an earlier release of the list.
func (src *Source) readPivot(b []byte, url string, held pivots) (trustlist.Verified, error) {
	verify := func(u pivoted, check func(signers []*x509.Certificate) (trustlist.Verified, error)) (trustlist.Verified, error) {
		uris, err := u.Pivots(src.OJ)
		if err != nil {
			return trustlist.Verified{}, err
		}
		if len(uris) == 0 || uris[0] != url {
			return trustlist.Verified{}, reason.Refuse(reason.TrustListPivotBroken, "the pivot does not name itself by the URL it was fetched from")
		}
		signers, err := held.signers(src.Signers, uris[1:], artefact.Digest{})
		if err != nil {
			return trustlist.Verified{}, err
		}
		return check(signers)
	}
	if src.Type == artefact.LOTL {
		u, err := etsitl.Parse(b)
		if err != nil {
			return trustlist.Verified{}, err
		}
		return verify(u, func(signers []*x509.Certificate) (trustlist.Verified, error) { return u.VerifyPivot(signers, src.OJ) })
	}
	u, err := lote.Parse(b)
	if err != nil {
		return trustlist.Verified{}, err
	}
	return verify(u, func(signers []*x509.Certificate) (trustlist.Verified, error) { return u.VerifyPivot(signers, src.LoTE) })
}

// signersOf follows the pivots that the list names to whoever may sign it. They may
// only grow: a key that was replaced by a pivot must not come back by a list that
// leaves the pivot out.
func (src *Source) signersOf(u pivoted, b []byte, chain chain) ([]*x509.Certificate, error) {
	uris, err := u.Pivots(src.OJ)
	if err != nil {
		return nil, err
	}
	if fewer := len(uris) - len(chain.named); fewer < 0 || !slices.Equal(uris[fewer:], chain.named) {
		return nil, reason.Refuse(reason.TrustListPivotBroken, "the list leaves out a pivot that the version in force names")
	}
	return chain.held.signers(src.Signers, uris, artefact.Sum(b))
}
