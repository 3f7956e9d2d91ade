package cache_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	t        testing.TB
	store    *cache.Store
	verifier *verify.Verifier
	chains   *cache.Chains

	mu     *sync.Mutex // guards events, which lists admitted side by side add to
	events []cache.Event
}

// eaaSource is the local bundle of a world.
func eaaSource(w *verifytest.World) cache.Source {
	return cache.Source{
		Name: "eaa", Type: artefact.Anchors, URL: "file:eaa.pem", Kind: trustlist.KindEAA, Territory: "DE",
		Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}, Types: w.EAA().Types,
	}
}

// newWorld makes a world whose store holds nothing yet. change may alter the
// store's options.
func newWorld(t testing.TB, change func(*verifytest.World, *cache.Options)) *world {
	t.Helper()
	vw, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: "https://crl.example"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: vw, t: t, mu: new(sync.Mutex)}
	w.chains, err = cache.NewChains(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.chains.Close)
	w.verifier, err = verify.New(verify.Options{Chains: w.chains, Kinds: map[string]trustlist.Kind{
		verifytest.TypeMembership: trustlist.KindEAA, verifytest.TypePayment: trustlist.KindEAA, verifytest.TypeResidence: trustlist.KindPubEAA,
	}})
	if err != nil {
		t.Fatal(err)
	}
	opts := cache.Options{
		UnsafeTestAnchors: true, Status: append(vw.StatusURIs(""), vw.IdentifierURIs("")...),
		Permit: func(artefact.ID) bool { return true },
		Notify: func(e cache.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	for _, p := range verifytest.Profiles() {
		opts.Sources = append(opts.Sources, cache.Source{
			Name: p, Type: artefact.LoTE, Profile: p, URL: "https://lists.example/" + p, Signers: []*x509.Certificate{vw.Operator.Cert},
		})
	}
	opts.Sources = append(opts.Sources, eaaSource(vw))
	if change != nil {
		change(vw, &opts)
	}
	w.store = cache.New(opts, vw.Now)
	return w
}

// loaded makes a world, all of whose trust lists are loaded.
func loaded(t testing.TB, change func(*verifytest.World, *cache.Options)) *world {
	t.Helper()
	w := newWorld(t, change)
	for _, p := range verifytest.Profiles() {
		w.admitList(p, verifytest.ListOptions{}, w.Now)
	}
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle(), w.Now))
	w.loadCRLs(w.Now)
	return w
}

// loadCRLs admits every revocation list that the store follows, as published at the
// time.
func (w *world) loadCRLs(at time.Time) {
	w.t.Helper()
	for _, target := range w.store.Targets() {
		if target.ID.Kind != artefact.CRL {
			continue
		}
		b, ok, err := w.CRLOf(target.ID.Name, at)
		if err != nil || !ok {
			w.t.Fatal(target.ID.Name, err)
		}
		w.must(w.admit(artefact.CRL, target.ID.Name, artefact.Origin, b, at))
	}
}

func (w *world) must(out cache.Outcome, err error) cache.Outcome {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) admit(kind artefact.Kind, name string, door artefact.Door, b []byte, at time.Time) (cache.Outcome, error) {
	return w.store.Admit(artefact.Raw{ID: artefact.ID{Kind: kind, Name: name}, Door: door, Bytes: b, At: at})
}

func (w *world) list(profile string, o verifytest.ListOptions) []byte {
	w.t.Helper()
	b, err := w.LoTE(profile, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// admitList makes a list and has it admitted.
func (w *world) admitList(profile string, o verifytest.ListOptions, at time.Time) cache.Outcome {
	w.t.Helper()
	return w.must(w.admit(artefact.LoTE, profile, artefact.Origin, w.list(profile, o), at))
}

// refuseList makes a list and wants it refused, with all that was held in force.
func (w *world) refuseList(profile string, o verifytest.ListOptions, at time.Time, want reason.Code) {
	w.t.Helper()
	w.refuse(artefact.LoTE, profile, artefact.Origin, w.list(profile, o), at, want)
}

func (w *world) refuse(kind artefact.Kind, name string, door artefact.Door, b []byte, at time.Time, want reason.Code) {
	w.t.Helper()
	before, epoch := w.infos(at), w.store.View().Epoch()
	_, err := w.admit(kind, name, door, b, at)
	if got := reason.CodeOf(err); got != want {
		w.t.Fatalf("%s %s: %v, want %s", kind, name, err, want)
	}
	after := w.infos(at)
	for name, was := range before {
		is := after[name]
		if is.Ref != was.Ref || is.List != was.List || !is.LookedAt.Equal(was.LookedAt) || is.Door != was.Door {
			w.t.Errorf("the refusal %s changed list %s", want, name)
		}
	}
	if w.store.View().Epoch() != epoch {
		w.t.Errorf("the refusal %s raised the epoch", want)
	}
	last := after[name]
	if last.Source.Type != kind {
		return
	}
	n := len(last.Refused)
	newest := n > 0 && last.Refused[n-1].Code == want && last.Refused[n-1].Door == door && last.Refused[n-1].At.Equal(at)
	if newest != (door != artefact.Peer || slices.Contains(signedOnly, want)) {
		w.t.Errorf("the refusal %s by %s, newest %v: %+v", want, door, newest, last.Refused)
	}
}

// signedOnly are refusals that only its publisher can have caused: what a peer sends is
// kept as a list's refusal for those alone.
var signedOnly = []reason.Code{reason.TrustListConflict, reason.VICALConflict, reason.TrustListSequenceJump}

func (w *world) infos(at time.Time) map[string]cache.Info {
	m := make(map[string]cache.Info)
	for _, i := range w.store.Lists(at) {
		m[i.Source.Name] = i
	}
	return m
}

func (w *world) info(name string, at time.Time) cache.Info { return w.infos(at)[name] }

func (w *world) token(l *verifytest.StatusList, form string, iat time.Time, o verifytest.TokenOptions) []byte {
	w.t.Helper()
	b, err := l.Token(form, iat, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) admitStatus(uri string, b []byte, at time.Time) cache.Outcome {
	w.t.Helper()
	return w.must(w.admit(artefact.Status, uri, artefact.Origin, b, at))
}

// loadStatus admits every status list as published at the time.
func (w *world) loadStatus(at time.Time) {
	w.t.Helper()
	tokens, err := w.StatusTokens(at)
	if err != nil {
		w.t.Fatal(err)
	}
	for uri, token := range tokens {
		if !strings.Contains(uri, w.Withdrawn().ID) { // signed under an anchor that does not count
			w.admitStatus(uri, token.Token, at)
		}
	}
}

// sample makes a sample at a time and the request that goes with it.
func (w *world) sample(name string, at time.Time) *verify.Request {
	w.t.Helper()
	req, _ := w.sampleRef(name, at)
	return req
}

// sampleRef also says which status entry the credential has.
func (w *world) sampleRef(name string, at time.Time) (*verify.Request, *verifytest.Ref) {
	w.t.Helper()
	made, err := w.Make(name, verifytest.Context{}, at)
	if err != nil {
		w.t.Fatal(err)
	}
	c := made.Context
	req := &verify.Request{
		VPToken: made.VPToken, Flow: verify.Flow(c.Flow), Nonce: c.Nonce, ClientID: c.ClientID, ResponseURI: c.ResponseURI, Origin: c.Origin,
		JWKThumbprint: c.JWKThumbprint, Policy: verify.DefaultPolicy(), Expect: make(map[string]verify.Expect),
	}
	b, err := json.Marshal(made.Expect)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &req.Expect); err != nil {
		w.t.Fatal(err)
	}
	return req, made.Status
}

// verdict verifies a fresh sample at a time and returns the codes of all reasons.
func (w *world) verdict(sample string, at time.Time) (verify.Verdict, []reason.Code) {
	w.t.Helper()
	return outcome(w.verifier.Verify(w.store.View(), w.sample(sample, at), at))
}

// noStatus likewise, under a policy that asks for no status, so that what is said
// of the anchor stands alone.
func (w *world) noStatus(sample string, at time.Time) (verify.Verdict, []reason.Code) {
	w.t.Helper()
	req := w.sample(sample, at)
	req.Policy.Status = verify.Skip
	return outcome(w.verifier.Verify(w.store.View(), req, at))
}

func outcome(r *verify.Result) (verify.Verdict, []reason.Code) {
	var codes []reason.Code
	for _, x := range r.Reasons {
		codes = append(codes, x.Code)
	}
	for _, c := range r.Credentials {
		for _, x := range c.Reasons {
			codes = append(codes, x.Code)
		}
	}
	return r.Verdict, codes
}

// wantVerdict wants a verdict with exactly these reasons.
func wantVerdict(t testing.TB, what string, v verify.Verdict, codes []reason.Code, want verify.Verdict, wantCodes ...reason.Code) {
	t.Helper()
	if v != want || !slices.Equal(codes, wantCodes) {
		t.Errorf("%s: %s %v, want %s %v", what, v, codes, want, wantCodes)
	}
}

// warnings of all credentials of a sample that is verified at a time.
func (w *world) warnings(sample string, at time.Time) (codes []reason.Code) {
	w.t.Helper()
	req := w.sample(sample, at)
	req.Policy.Status = verify.Skip
	for _, c := range w.verifier.Verify(w.store.View(), req, at).Credentials {
		for _, x := range c.Warnings {
			codes = append(codes, x.Code)
		}
	}
	return codes
}

// crowd makes n listed PID providers of a territory, one anchor each.
func (w *world) crowd(territory string, n int) (list []*verifytest.Authority) {
	w.t.Helper()
	for i := range n {
		a := *w.PID("DE")
		a.ID, a.Territory = fmt.Sprintf("%s-%d", strings.ToLower(territory), i), territory
		a.Name, a.TradeID = fmt.Sprintf("Provider %d of %s", i, territory), fmt.Sprintf("NTR%s-%06d", territory, i)
		a.URL, a.Kind = "https://"+a.ID+".issuer.example", trustlist.KindPID
		ca, err := verifytest.Certify(a.CertOptions(w.Now, "CA", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		a.CA, a.Services = ca, []verifytest.Service{{Purpose: trustlist.Issuance, Certs: []*verifytest.Key{ca}}}
		list = append(list, &a)
	}
	return list
}

// listSigner is another signer of the operator's.
func (w *world) listSigner(notBefore, notAfter time.Time) *verifytest.Key {
	w.t.Helper()
	k, err := verifytest.Certify(verifytest.CertOptions{
		Subject:   pkix.Name{Country: []string{"EU"}, Organization: []string{verifytest.OperatorName}, CommonName: "Another List Signer"},
		NotBefore: notBefore, NotAfter: notAfter, EKU: []asn1.ObjectIdentifier{verifytest.OIDTSL},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}
