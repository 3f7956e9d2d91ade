package vical

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
)

// checkSigner is steps 3 and 4: a path from x5chain to a pinned certificate at
// now, a signer that may sign VICALs, and its signature, over empty external data.
// It returns the certificates of the path, the signer's first.
func (u *Unverified) checkSigner(pinned []*x509.Certificate, now time.Time) ([]*x509.Certificate, error) {
	path, err := u.path(pinned, now)
	if err != nil {
		return nil, err
	}
	if _, err := pki.CheckLeaf(u.chain[0], pki.VICALSigner); err != nil {
		return nil, untrusted("%v", err)
	}
	switch err := u.sign1.Verify(u.chain[0].PublicKey, algorithms, nil, nil); {
	case errors.Is(err, cose.ErrAlg):
		return nil, invalid("the algorithm does not fit the signer's key")
	case err != nil:
		return nil, invalid("the VICAL's signature does not verify with its signer's key")
	}
	return path, nil
}

// path tries every pinned certificate that the chain can lead to: the provider's
// root, or an intermediate of it. Chains are sent with the root in the field; what
// is pinned is cut off, and what stands above it does not matter.
func (u *Unverified) path(pinned []*x509.Certificate, now time.Time) ([]*x509.Certificate, error) {
	refusal := untrusted("x5chain leads to none of the %d pinned certificates", len(pinned))
	for _, anchor := range pinned {
		if anchor == nil {
			continue
		}
		chain, _ := pki.CutAnchor(u.chain, anchor)
		if !pki.AgreesWithAnchor(chain[len(chain)-1], anchor) {
			continue
		}
		err := pki.BuildPath(chain, anchor, now)
		if err == nil {
			return append(slices.Clone(chain), anchor), nil
		}
		refusal = untrusted("the path to the pinned certificate: %v", err)
	}
	return nil, refusal
}
