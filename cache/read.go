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

// reading is what a list's bytes were found to be.
type reading struct {
	list   *trustlist.List
	pivots []string // that it names, newest first
}

// read parses bytes and checks their signature as the source demands. It needs no
// lock: src is a copy, and so is chain.
func (src *Source) read(b []byte, door artefact.Door, chain chain, now time.Time) (reading, error) {
	verified, pivots, err := src.verify(b, door, chain, now)
	if err != nil {
		return reading{}, err
	}
	return reading{verified.List(), pivots}, nil
}

func (src *Source) verify(b []byte, door artefact.Door, chain chain, now time.Time) (list trustlist.Verified, pivots []string, err error) {
	switch src.Type {
	case artefact.Anchors:
		if door != artefact.File {
			return list, nil, reason.Refuse(reason.ListUnsigned, "an unsigned bundle is only read from a local file")
		}
		list, err = bundle.Read(b, bundle.Scope{
			Kind: src.Kind, Purposes: src.Purposes, Territory: src.Territory, Types: src.Types, Entity: src.Name,
		})
		return list, nil, err
	case artefact.LOTL:
		u, err := etsitl.Parse(b)
		if err != nil {
			return list, nil, err
		}
		signers, pivots, err := src.signersOf(u, b, chain)
		if err != nil {
			return list, nil, err
		}
		list, err = u.VerifyLOTL(signers, etsitl.LOTLOptions{Location: src.URL, OJ: src.OJ, AllowVersion5: src.AllowVersion5})
		return list, pivots, err
	case artefact.TL:
		u, err := etsitl.Parse(b)
		if err != nil {
			return list, nil, err
		}
		list, err = u.VerifyNational(etsitl.NationalOptions{
			Pointer: src.Pointer, Services: src.Services, Types: src.Types, AllowVersion5: src.AllowVersion5,
		})
		return list, nil, err
	case artefact.VICAL:
		u, err := vical.Parse(b)
		if err != nil {
			return list, nil, err
		}
		list, err = u.Verify(src.Signers, vical.Options{Provider: src.Provider}, now)
		return list, nil, err
	}
	u, err := lote.Parse(b)
	if err != nil {
		return list, nil, err
	}
	signers := src.Signers
	if src.OJ != "" {
		if signers, pivots, err = src.signersOf(u, b, chain); err != nil {
			return list, nil, err
		}
	}
	list, err = u.Verify(signers, src.LoTE)
	return list, pivots, err
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
func (src *Source) signersOf(u pivoted, b []byte, chain chain) (signers []*x509.Certificate, pivots []string, err error) {
	if pivots, err = u.Pivots(src.OJ); err != nil {
		return nil, nil, err
	}
	if fewer := len(pivots) - len(chain.named); fewer < 0 || !slices.Equal(pivots[fewer:], chain.named) {
		return nil, nil, reason.Refuse(reason.TrustListPivotBroken, "the list leaves out a pivot that one before it named")
	}
	signers, err = chain.held.signers(src.Signers, pivots, artefact.Sum(b))
	return signers, pivots, err
}
