package cache_test

import (
	"fmt"
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// FuzzStatusKinds offers bytes as every kind that is no trust list, under its name and
// without one. Nothing panics, and a refusal changes nothing that is held.
func FuzzStatusKinds(f *testing.F) {
	w := loaded(f, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Aggregations = uris("prefetched", 2), []string{aggregation}
	})
	de, mdl := w.PID("DE"), w.MDL()
	list := uris("prefetched", 2)
	status := de.NewStatusList(list[0], 1, 64)
	ids := mdl.IdentifierList(list[1])
	ids.Revoke([]byte("one"))
	w.mustEntries(de, list[0], 64, w.Now)
	w.must(w.admit(artefact.Status, list[1], artefact.Origin, w.identifiers(ids, w.Now, verifytest.IdentifierOptions{}), w.Now))
	ids.Revoke([]byte("two"))
	for i, b := range [][]byte{
		w.token(status, verifytest.FormJWT, w.Now, verifytest.TokenOptions{}), w.token(status, verifytest.FormCWT, w.Now, verifytest.TokenOptions{}),
		w.token(status, verifytest.FormCWT, w.Now, verifytest.TokenOptions{Untagged: true}), w.token(status, verifytest.FormJWT, w.Now, verifytest.TokenOptions{Bits: 3}),
		w.identifiers(ids, w.Now, verifytest.IdentifierOptions{}), w.identifiers(ids, w.Now, verifytest.IdentifierOptions{CWTTag: true}),
		w.identifiers(ids, w.Now, verifytest.IdentifierOptions{StatusList: true}), w.identifiers(ids, w.Now, verifytest.IdentifierOptions{DuplicateID: true}),
		w.crl(de.CRL(), verifytest.CRLOptions{}), w.crl(de.CRL(), verifytest.CRLOptions{NoNumber: true}),
		w.crl(de.CRL(), verifytest.CRLOptions{Scope: &verifytest.CRLScope{OnlyUser: true}}),
		aggregationOf(f, "https://a.example/1", 7), []byte(`{"status_lists":[`),
	} {
		f.Add(b, byte(i))
	}
	f.Fuzz(func(t *testing.T, b []byte, as byte) {
		said := func() string {
			v := w.store.View()
			text := fmt.Sprint(len(w.store.Targets()))
			for _, uri := range list {
				for _, m := range []statuslist.Mechanism{statuslist.StatusList, statuslist.IdentifierList} {
					for _, tok := range v.Status(m, uri).Tokens {
						text += fmt.Sprintf(" %x", tok.SHA256)
					}
				}
			}
			for _, l := range v.CRLs(crl.IssuerOf(de.CA.Cert)).Lists {
				text += fmt.Sprintf(" %x", l.Payload)
			}
			return text
		}
		before := said()
		ids := []artefact.ID{statusID(list[0]), idlistID(list[1]), crlID(de.CRL().URL), {Kind: artefact.Aggregation, Name: aggregation}}
		var err error
		switch n := int(as) % (len(ids) + 2); n {
		case len(ids):
			_, err = w.store.Offer(b, artefact.Publish, w.Now)
		case len(ids) + 1:
			_, err = w.store.AdmitFound(artefact.Raw{Bytes: b, At: w.Now})
		default:
			_, err = w.store.Admit(artefact.Raw{ID: ids[n], Door: artefact.Peer, Bytes: b, At: w.Now})
		}
		if after := said(); err != nil && after != before {
			t.Errorf("the refusal %v changed what is held from %s to %s", err, before, after)
		}
	})
}
