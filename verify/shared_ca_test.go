package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestSharedCA: another entity of the list names the issuer's CA as its own, by the
// same certificate or by another over the same key, and has a revocation service.
// Whichever the list names first, that service does not bring back what the issuer's
// own has revoked, and the issuer's own is heard.
func TestSharedCA(t *testing.T) {
	base := commonWorld(t)
	de := base.PID("DE")
	root := must(verifytest.Certify(base.Stranger().CertOptions(base.now, "Root", nil)))(t)
	root.Cert.MaxPathLen, root.Cert.MaxPathLenZero = 1, false
	o := de.CertOptions(base.now, "CA", nil)
	o.Issuer, o.Private = root, de.CA.Private
	cross := must(verifytest.Certify(o))(t)
	for name, ca := range map[string]*verifytest.Key{"the same certificate": de.CA, "another certificate": cross} {
		for _, first := range []bool{true, false} {
			guest := *base.Stranger()
			guest.ID, guest.TradeID, guest.Name = "guest", "NTRDE-HRB900666", "Guest"
			guest.Services = []verifytest.Service{
				{Purpose: trustlist.Issuance, Certs: []*verifytest.Key{ca}},
				{Purpose: trustlist.Revocation, Certs: []*verifytest.Key{guest.Revocation}},
			}
			others := base.Authorities()
			list := append(others, &guest)
			if first {
				list = append([]*verifytest.Authority{&guest}, others...)
			}
			for _, form := range []string{onJWT, onCWT, onIDs} {
				w := base.emptied(t)
				w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 2, Authorities: list}))
				w.loadCRLs(t)
				ref := must(w.Status(de, form, verifytest.StatusGood))(t)
				req := w.named(t, "de", form, ref)
				uri := statusURI(w, "de", form)
				offer := func(a *verifytest.Authority, after time.Duration, revoked ...verifytest.Ref) {
					t.Helper()
					if err := w.offerTokenOf(t, a, uri, form, w.now.Add(after), verifytest.IdentifierOptions{}, revoked...); err != nil {
						t.Fatal(err)
					}
				}
				expect := func(when string, want ...reason.Code) {
					t.Helper()
					if got := codes(w.verify(req)); !equal(got, want) {
						t.Errorf("%s, guest first %v, %s, %s: %q, want %q", name, first, form, when, got, want)
					}
				}
				offer(de, 0)
				expect("good")
				offer(&guest, 10*time.Second)
				expect("good, the guest says so, too")
				offer(de, 5*time.Second, ref)
				expect("revoked", reason.StatusRevoked)
				offer(&guest, 20*time.Second)
				expect("revoked, the guest says otherwise", reason.StatusRevoked)
			}
		}
	}
}
