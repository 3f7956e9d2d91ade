package vical

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sealed"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Options says which VICAL is expected.
type Options struct {
	// Provider is what vicalProvider must be; "": it is not compared.
	Provider string
}

// Verify checks the VICAL in the order of the specification's validate steps 3 to
// 5, 8 and 9, and returns the anchors it yields. pinned are the provider's roots,
// or intermediates below them; now is for the path alone, since a signer has to be
// valid when its list is used. What the list says of its own times, and steps 5 to
// 7 as far as they need now or a history, are the cache's: List.NotAfter is the end
// of MaxAge, of notAfter and of the certificates on the path, whichever is first.
//
// The refusals are vical_signer_untrusted (path, extended key usage, provider),
// vical_signature_invalid, vical_malformed and vical_too_large (more than
// MaxEntries certificates).
func (u *Unverified) Verify(pinned []*x509.Certificate, o Options, now time.Time) (trustlist.Verified, error) {
	path, err := u.checkSigner(pinned, now)
	if err != nil {
		return trustlist.Verified{}, err
	}
	r := &reader{payload: u.payload, path: path, signers: slices.Concat(path, pinned), anchors: make(map[scope]*trustlist.Anchor), out: &trustlist.List{
		Format:  "vical",
		Payload: sha256.Sum256(u.sign1.Payload),
		Signer:  path[0],
	}}
	for _, step := range []func() error{
		func() error { return r.provider(o) }, // step 5
		r.times,
		r.number,    // step 7, as far as it needs no history
		r.entries,   // steps 8 and 9
		r.mostParse, // step 8
	} {
		if err := step(); err != nil {
			return trustlist.Verified{}, err
		}
	}
	return trustlist.Seal(sealed.Key{}, r.out), nil
}

// reader carries a VICAL through the steps.
type reader struct {
	payload object
	path    []*x509.Certificate // the signer's, up to the pinned certificate
	signers []*x509.Certificate // those of the path, and all that are pinned
	out     *trustlist.List

	anchors    map[scope]*trustlist.Anchor
	unparsable int
}

// warn records a departure once, however often it occurs. The texts are constant,
// so that a list cannot make them many.
func (r *reader) warn(text string) {
	if !slices.Contains(r.out.Warnings, text) {
		r.out.Warnings = append(r.out.Warnings, text)
	}
}

func (r *reader) provider(o Options) error {
	if version, ok := text(r.payload["version"]); !ok || version != "1.0" {
		return malformed("version is not 1.0")
	}
	provider, ok := text(r.payload["vicalProvider"])
	switch {
	case !ok || provider == "":
		return malformed("vicalProvider is not a text of 1 to %d bytes", maxText)
	case o.Provider != "" && provider != o.Provider:
		return untrusted("vicalProvider is not the one configured for this list")
	}
	r.out.Operator = provider
	return nil
}

// times reads the times of the list. The signer has to be valid when the list is
// used, and so has its whole path, which therefore ends the list too.
func (r *reader) times() error {
	var notAfter time.Time
	for _, t := range []struct {
		name     string
		required bool
		out      *time.Time
	}{
		{"date", true, &r.out.Issued},
		{"nextUpdate", false, &r.out.NextUpdate},
		{"notAfter", false, &notAfter}, // second edition
	} {
		item, there := r.payload[t.name]
		if !there && !t.required {
			continue
		}
		at, ok := tdate(item)
		if !ok {
			return malformed("%s is not tag 0 over a date-time", t.name)
		}
		*t.out = at
	}
	r.out.SignedAt = r.out.Issued
	r.out.NotAfter = r.out.Issued.Add(MaxAge)
	for _, c := range r.path {
		r.ends(c.NotAfter)
	}
	if !notAfter.IsZero() {
		r.ends(notAfter)
	}
	return nil
}

func (r *reader) ends(at time.Time) {
	if at.Before(r.out.NotAfter) {
		r.out.NotAfter = at
	}
}

// number: the date stands for a vicalIssueID that is not there (step 7).
func (r *reader) number() error {
	item, there := r.payload["vicalIssueID"]
	if !there {
		if r.out.Issued.Unix() < 0 {
			return malformed("date lies before 1970")
		}
		r.out.Sequence, r.out.Unnumbered = uint64(r.out.Issued.Unix()), true
		return nil
	}
	id, ok := unsigned(item)
	if !ok {
		return malformed("vicalIssueID is not an unsigned integer")
	}
	r.out.Sequence = id
	return nil
}

// mostParse: one bad certificate costs one anchor, but a list of which most
// certificates do not parse is damaged. Keys that are merely unsupported do not
// count.
func (r *reader) mostParse() error {
	if r.unparsable*maxSkippedPart > r.out.Services {
		return malformed("%d of %d certificates do not parse", r.unparsable, r.out.Services)
	}
	return nil
}

func invalid(what string) error { return reason.Refuse(reason.VICALSignatureInvalid, "%s", what) }
