package verify_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// identifierToken offers an identifier list token of the German PID provider's.
func identifierToken(change func(o *verifytest.IdentifierOptions)) func(t *testing.T) []reason.Code {
	return offering(true, func(t *testing.T, w *world) error {
		list := w.PID("DE").IdentifierList(statusURI(w, "de", verifytest.FormIdentifiers))
		var o verifytest.IdentifierOptions
		change(&o)
		// Followed as what it is: a reference said so.
		w.store.Discover([]verify.Lacking{{Mechanism: "identifier_list", URI: list.URI}})
		w.store.FollowFound(w.now)
		return w.offer(artefact.IdentifierList, list.URI, artefact.Peer, must(list.Token(w.now, o))(t))
	})
}

func badIdentifierLists() []provocation {
	type options = verifytest.IdentifierOptions
	reference := func(v any) md {
		return issuedMdoc(func(o *verifytest.MdocOptions) {
			o.MutateMSO = func(mso map[string]any) { mso["status"] = map[string]any{"identifier_list": v} }
		})
	}
	return []provocation{
		{code: reason.IDListReferenceMalformed, run: presented(reference("x"))},
		{code: reason.IDListReferenceMalformed, run: presented(reference(obj{"id": "text", "uri": "https://x.example"}))},
		{code: reason.IDListReferenceMalformed, run: presented(reference(obj{"id": []byte{1}}))},
		{code: reason.IDListTokenMalformed, run: identifierToken(func(o *options) { o.NoIdentifiers = true })},
		{code: reason.IDListTokenMalformed, run: identifierToken(func(o *options) { o.DuplicateID = true })},
		{code: reason.IDListTokenMalformed, run: identifierToken(func(o *options) { o.Damage = func(b []byte) []byte { return b[:len(b)-1] } })},
		{code: reason.IDListTypeInvalid, run: identifierToken(func(o *options) { o.TypeInClaims = true })},
		{code: reason.IDListTypeInvalid, run: identifierToken(func(o *options) { o.CWTTag = true })},
		{code: reason.IDListTypeInvalid, run: identifierToken(func(o *options) { o.Type = "application/statuslist+cwt" })},
		{code: reason.IDListHasStatusList, run: identifierToken(func(o *options) { o.StatusList = true })},
		{code: reason.IDListX5ChainMissing, run: identifierToken(func(o *options) { o.NoChain = true })},
		{code: reason.IDListX5ChainMissing, run: identifierToken(func(o *options) { o.UnprotectedX5 = true })},
		{code: reason.IDListExpMissing, run: identifierToken(func(o *options) { o.NoExpiry = true })},
		{code: reason.StatusAggregationMalformed, run: aggregation(`[]`)},
		{code: reason.StatusAggregationMalformed, run: aggregation(`{"status_lists": "https://status.example/1"}`)},
		{code: reason.StatusMemoryFull, run: func(t *testing.T) []reason.Code {
			w := bareWorld(t, verify.Options{})
			o := w.storeOptions()
			o.MaxMemory = verifytest.DefaultEntries / 8
			w.store = cache.New(o, w.now)
			w.loadLists(t)
			list := w.PID("DE").StatusList(statusURI(w, "de", verifytest.FormJWT))
			b := must(list.Token(verifytest.FormJWT, w.now, verifytest.TokenOptions{}))(t)
			return []reason.Code{reason.CodeOf(w.offer(artefact.Status, list.URI, artefact.Origin, b))}
		}},
	}
}

// aggregation offers a list of status lists.
func aggregation(body string) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := bareWorld(t, verify.Options{})
		o := w.storeOptions()
		o.Aggregations = []string{w.StatusBase + "/all"}
		w.store = cache.New(o, w.now)
		return []reason.Code{reason.CodeOf(w.offer(artefact.Aggregation, o.Aggregations[0], artefact.Origin, []byte(body)))}
	}
}
