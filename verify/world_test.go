package verify_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// world is an ecosystem with a store that follows its lists and a verifier.
type world struct {
	*verifytest.World
	store    *cache.Store
	verifier *verify.Verifier
	now      time.Time
}

// newWorld makes a world, all of whose lists are loaded.
func newWorld(t testing.TB, o verify.Options) *world {
	t.Helper()
	w := bareWorld(t, o)
	w.loadLists(t)
	w.loadStatus(t)
	return w
}

// bareWorld makes a world whose store holds nothing yet.
func bareWorld(t testing.TB, o verify.Options) *world {
	t.Helper()
	now := time.Now()
	vw, err := verifytest.NewAt(now, verifytest.Options{CRLBase: "https://crl.example"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: vw, now: now}
	if o.Kinds == nil {
		o.Kinds = map[string]trustlist.Kind{
			verifytest.TypeMembership: trustlist.KindEAA, verifytest.TypePayment: trustlist.KindEAA, verifytest.TypeResidence: trustlist.KindPubEAA,
		}
	}
	w.verifier, err = verify.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.store = cache.New(w.storeOptions(), now)
	return w
}

// storeOptions are those of a store that follows all that the world publishes.
func (w *world) storeOptions() cache.Options {
	opts := cache.Options{
		UnsafeTestAnchors: true, Status: append(w.StatusURIs(w.StatusBase), w.IdentifierURIs(w.StatusBase)...),
		Permit: func(artefact.ID) bool { return true },
	}
	for _, p := range verifytest.Profiles() {
		opts.Sources = append(opts.Sources, cache.Source{Name: p, Type: artefact.LoTE, Profile: p, URL: "https://lists.example/" + p, Signers: []*x509.Certificate{w.Operator.Cert}})
	}
	opts.Sources = append(opts.Sources, cache.Source{
		Name: "eaa", Type: artefact.Anchors, URL: "file:eaa.pem", Kind: trustlist.KindEAA, Territory: "DE",
		Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}, Types: w.EAA().Types,
	})
	return opts
}

// emptied is the world beside another store, which holds its trust lists alone.
func (w *world) emptied(t testing.TB) *world {
	t.Helper()
	other := *w
	other.store = cache.New(w.storeOptions(), w.now)
	other.loadLists(t)
	return &other
}

// follow has the store follow what verification found lacking.
func (w *world) follow(res *verify.Result) {
	w.store.Discover(res.Lacking)
	w.store.FollowFound(w.now)
}

func (w *world) loadLists(t testing.TB) {
	t.Helper()
	for _, p := range verifytest.Profiles() {
		b, err := w.LoTE(p, verifytest.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.admit(t, artefact.LoTE, p, artefact.Origin, b)
	}
	w.admit(t, artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle())
}

func (w *world) loadStatus(t testing.TB) {
	t.Helper()
	tokens, err := w.StatusTokens(w.now)
	if err != nil {
		t.Fatal(err)
	}
	for uri, token := range tokens {
		if strings.Contains(uri, w.Withdrawn().ID) {
			continue // signed under an anchor that does not count
		}
		w.admit(t, artefact.Status, uri, artefact.Origin, token.Token)
	}
	w.loadCRLs(t)
}

// loadCRLs loads the revocation lists that the store follows.
func (w *world) loadCRLs(t testing.TB) {
	t.Helper()
	for _, target := range w.store.Targets() {
		if target.ID.Kind != artefact.CRL {
			continue
		}
		b, ok, err := w.CRLOf(target.ID.Name, w.now)
		if err != nil || !ok {
			t.Fatal(target.ID.Name, err)
		}
		w.admit(t, artefact.CRL, target.ID.Name, artefact.Origin, b)
	}
}

func (w *world) admit(t testing.TB, kind artefact.Kind, name string, door artefact.Door, b []byte) {
	t.Helper()
	if _, err := w.store.Admit(artefact.Raw{ID: artefact.ID{Kind: kind, Name: name}, Door: door, Bytes: b, At: w.now}); err != nil {
		t.Fatalf("%s %s: %v", kind, name, err)
	}
}

// make makes a sample and the request that goes with it.
func (w *world) make(t testing.TB, sample string, c verifytest.Context) (*verifytest.Made, *verify.Request) {
	t.Helper()
	made, err := w.Make(sample, c, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return made, requestOf(t, made)
}

// requestOf turns what was made into a request under the default policy.
func requestOf(t testing.TB, made *verifytest.Made) *verify.Request {
	t.Helper()
	c := made.Context
	req := &verify.Request{
		VPToken: made.VPToken, Flow: verify.Flow(c.Flow), Nonce: c.Nonce, ClientID: c.ClientID, ResponseURI: c.ResponseURI, Origin: c.Origin,
		JWKThumbprint: c.JWKThumbprint, MdocGeneratedNonce: c.MdocGeneratedNonce, EncryptionInfo: c.EncryptionInfo,
		SessionTranscript: made.SessionTranscript, EMacKey: made.EMacKey, TransactionData: c.TransactionData,
		Policy: verify.DefaultPolicy(), Expect: make(map[string]verify.Expect),
	}
	b, err := json.Marshal(made.Expect)
	if err != nil {
		t.Fatal(err)
	}
	var expect map[string]struct {
		Kind  trustlist.Kind
		Types []string
	}
	if err := json.Unmarshal(b, &expect); err != nil {
		t.Fatal(err)
	}
	for id, e := range expect {
		req.Expect[id] = verify.Expect{Kind: e.Kind, Types: e.Types}
	}
	return req
}

func (w *world) verify(req *verify.Request) *verify.Result {
	return w.verifier.Verify(w.store.View(), req, w.now)
}

// codes returns all reason codes of a result, those of the whole answer first.
func codes(r *verify.Result) (list []reason.Code) {
	for _, x := range r.Reasons {
		list = append(list, x.Code)
	}
	for _, c := range r.Credentials {
		for _, x := range c.Reasons {
			list = append(list, x.Code)
		}
	}
	return list
}

func equal(a, b []reason.Code) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// soleID is the one id of a request's vp_token.
func soleID(req *verify.Request) string {
	for id := range req.VPToken {
		return id
	}
	return ""
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
