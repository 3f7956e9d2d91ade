// Package verify answers one question: is this presentation good? It knows SD-JWT
// VC (RFC 9901 and the SD-JWT VC draft) and ISO/IEC 18013-5 mdoc, presented over
// OpenID4VP 1.0 or in proximity, and Token Status Lists, under the EUDI trust
// model (ARF 3.0).
//
// Most callers make one Verifier and call Verify with a TrustView, a Request and
// the time. The package has no network, files, logger, clock or goroutines: the
// answer depends on the arguments alone and can be repeated.
//
// An answer is three-way. Invalid: the presentation or its issuer is at fault.
// Indeterminate: the lists, the status or the request do not say enough. Valid:
// everything was checked. It fails closed: what is not understood is never valid.
package verify

import (
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Options of a Verifier. The zero value is usable.
type Options struct {
	Limits Limits
	// Kinds says what further vct and docType values count as, beside the
	// built-in table.
	Kinds map[string]trustlist.Kind
	// DocumentSignerEKU says which extended key usages a document signer of a
	// docType must have one of (dotted OIDs), beside mdlDS for the mDL. Which one
	// a PID needs is not published yet.
	DocumentSignerEKU map[string][]string
	// Chains remembers certificate paths that were built. Nil: none is.
	Chains ChainCache
}

// Verifier checks presentations. It may be used concurrently.
type Verifier struct {
	limits   Limits
	kinds    map[string]trustlist.Kind
	profiles profiles
	chains   ChainCache
}

// New returns a Verifier.
func New(o Options) (*Verifier, error) {
	p, err := newProfiles(o.DocumentSignerEKU)
	if err != nil {
		return nil, err
	}
	chains := o.Chains
	if chains == nil {
		chains = noCache{}
	}
	return &Verifier{limits: o.Limits.WithDefaults(), kinds: o.Kinds, profiles: p, chains: chains}, nil
}

// Verify evaluates a request against one view of the lists at now. It always
// returns a result; a bad presentation is a result, not an error.
func (v *Verifier) Verify(view TrustView, req *Request, now time.Time) *Result {
	c := &check{Verifier: v, view: view, req: req, now: now}
	c.res = &Result{
		EvaluatedAt: now.UTC().Truncate(time.Second),
		Checked:     Checked{Flow: req.Flow, Nonce: req.Nonce, Audience: audience(req)},
		Credentials: []Credential{}, Reasons: []Reason{}, Basis: []Basis{},
	}
	if !view.Seeded() {
		c.refuse(reason.NodeNotSeeded, "this node has not loaded its lists yet")
	}
	c.transactions()
	for _, id := range sortedKeys(req.VPToken) {
		c.entry(id, req.VPToken[id])
	}
	c.answer()
	c.settle()
	return c.res
}

// check is one call of Verify.
type check struct {
	*Verifier
	view TrustView
	req  *Request
	now  time.Time
	res  *Result

	transaction []transactionData
}

// entry evaluates what vp_token holds under one query id.
func (c *check) entry(id string, presentations []string) {
	want, ok := c.wanted(id)
	if !ok {
		c.refuse(reason.VPQueryIDUnknown, "vp_token answers a query that neither dcql_query nor expect has")
		return
	}
	if len(presentations) == 0 {
		c.refuse(reason.VPTokenMalformed, "an entry of vp_token holds no presentation")
	}
	if len(presentations) > 1 && want.query != nil && !want.query.Multiple {
		c.refuse(reason.VPMultipleNotAllowed, "several presentations for a query without multiple")
	}
	for i, raw := range presentations {
		list, err := c.parse(want, raw)
		if err != nil {
			f := &finding{Credential: Credential{ID: id, Index: i}}
			f.refuse(err)
			c.add(f)
			continue
		}
		for n, p := range list {
			f := &finding{Credential: Credential{ID: id, Index: i, Document: n, Format: p.format(), Type: p.unverifiedType()}}
			held := len(c.res.Lacking)
			c.credential(f, want, p)
			if f.invalid() { // nobody is asked anything on its behalf
				c.res.Lacking = c.res.Lacking[:held]
			}
			c.add(f)
		}
	}
}

// credential takes one credential through the steps of the specification
// (credentials 0.3), in their order. Step 1, size and structure, was done by the
// parser. A refusal ends the work; a note (what we cannot know now) does not,
// because a later step may still find the presentation invalid.
func (c *check) credential(f *finding, want wanted, p presented) {
	if !c.view.ClockTrusted(c.now) {
		f.refuse(reason.Refuse(reason.ClockUntrusted, "this node's clock cannot be right; ask another node"))
		return
	}
	// 2. The anchors follow from the kind that was expected, never from what the
	// credential says about itself.
	kind, err := c.kind(want, p)
	if f.refuse(err) {
		return
	}
	f.Kind = kind
	// 3. Certificate path, its profile, and whether its anchor counts now. An
	// unknown issuer is refused here, before any signature arithmetic.
	path, err := c.path(kind, p)
	if f.refuse(err) || f.refuse(c.agreed(path.leaf.PublicKey)) {
		return
	}
	f.notes(path.notes(c.now, c.req.Policy))
	f.warn(path.warnings...)
	f.warn(path.listWarnings(c.now)...)
	pol := c.req.Policy.revocation(kind, p.unverifiedType())
	if c.revoked(f, path, pol.CRL) {
		return
	}
	// 4. Issuer signature.
	if f.refuse(p.verifyIssuer(path.leaf, c.req.Policy)) {
		return
	}
	f.Issuer = path.issuer()
	c.restOnList(path.trusted.List)
	// 5. Integrity of each disclosed element.
	if f.refuse(p.disclose()) {
		return
	}
	// What else the credential is called is known only now.
	if all := p.types(); len(all) > 1 {
		if pol = c.req.Policy.revocation(kind, all...); c.revoked(f, path, pol.CRL) {
			return
		}
	}
	c.lacksCRLs(path, pol.CRL)
	// 6. Validity window, and the audience where the issuer limits it.
	f.Validity = p.validity()
	if f.refuse(p.checkValid(c, path.leaf)) {
		return
	}
	// 7. Holder or device binding. A request that does not say enough to check it
	// may still meet an invalid presentation below.
	err = c.binding(f, want, p)
	if f.refuse(err) && verdictOf(reason.CodeOf(err)) == Invalid {
		return
	}
	// 8. Query and policy.
	if f.refuseAll(c.query(want, kind, path, p)) {
		return
	}
	// 9. Credential status, last: a credential that is itself invalid must not
	// have its status looked up (Token Status List section 8.3).
	c.status(f, path, p, pol)
	if c.req.IncludeClaims {
		f.claims = p.publicClaims()
	}
}

// answer checks what concerns the answer as a whole (OpenID4VP 1.0 section 8.6).
func (c *check) answer() {
	if c.req.Query == nil && len(c.req.Expect) == 0 {
		c.refuse(reason.RequestContextIncomplete, "send dcql_query or expect, so that it is known what was asked for")
	}
	if len(c.req.VPToken) == 0 {
		c.refuse(reason.VPTokenMalformed, "vp_token holds no presentation")
	}
	came := func(id string) bool { return len(c.req.VPToken[id]) > 0 }
	if c.req.Query != nil && !c.req.Query.Satisfied(came) {
		c.refuse(reason.VPCredentialSetUnsatisfied, "a credential that the query requires was not presented")
	}
	for _, id := range sortedKeys(c.req.Expect) {
		if !came(id) && (c.req.Query == nil || !isAsked(c.req.Query, id)) {
			c.refuse(reason.VPCredentialSetUnsatisfied, "a credential that expect names was not presented")
		}
	}
	for i, t := range c.transaction {
		if c.unexplained(t) {
			c.refuse(reason.TransactionDataMissing, "transaction_data[%d] is bound by no presented credential", i)
		}
	}
}

// settle makes the overall verdict: the worst of the credentials and of the
// reasons that concern the answer as a whole.
func (c *check) settle() {
	verdict := Valid
	for _, r := range c.res.Reasons {
		verdict = reason.Worse(verdict, verdictOf(r.Code))
	}
	for _, cr := range c.res.Credentials {
		verdict = reason.Worse(verdict, cr.Verdict)
	}
	if verdict == Valid && len(c.res.Credentials) == 0 {
		verdict = Invalid
	}
	c.res.Verdict = verdict
}

func (c *check) refuse(code reason.Code, format string, args ...any) {
	c.res.Reasons = append(c.res.Reasons, toReason(reason.Refuse(code, format, args...)))
}

func (c *check) add(f *finding) {
	c.res.Credentials = append(c.res.Credentials, f.settle())
}

// wanted is what was asked for under one id of vp_token.
type wanted struct {
	id     string
	query  *dcql.Credential // nil without a dcql_query
	expect *Expect          // nil without an expect
}

func (c *check) wanted(id string) (w wanted, ok bool) {
	w.id = id
	if c.req.Query != nil {
		w.query, _ = c.req.Query.Find(id)
	}
	if e, ok := c.req.Expect[id]; ok {
		w.expect = &e
	}
	// With neither a query nor an expectation the answer is incomplete, not
	// unknown: answer says so.
	return w, w.query != nil || w.expect != nil || (c.req.Query == nil && len(c.req.Expect) == 0)
}

// types returns the vct or docType values that were asked for.
func (w wanted) types() []string {
	var t []string
	if w.expect != nil {
		t = append(t, w.expect.Types...)
	}
	if w.query != nil {
		t = append(t, w.query.Meta.VCTValues...)
		if w.query.Meta.DocType != "" {
			t = append(t, w.query.Meta.DocType)
		}
	}
	return t
}

func isAsked(q *dcql.Query, id string) bool {
	_, ok := q.Find(id)
	return ok
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
