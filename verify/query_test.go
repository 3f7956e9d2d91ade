package verify_test

import (
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestQuery: what was presented is held against the query once more (OpenID4VP 1.0
// sections 6 to 8.6).
func TestQuery(t *testing.T) {
	w := commonWorld(t)
	path := func(steps ...any) dcql.Path { return steps }
	claims := func(list ...dcql.Claim) func(*dcql.Credential) {
		return func(q *dcql.Credential) { q.Claims = list }
	}
	sets := func(sets ...[]string) func(*dcql.Credential) {
		return func(q *dcql.Credential) {
			q.Claims = []dcql.Claim{
				{ID: "a", Path: path("family_name")}, {ID: "b", Path: path("no_such_claim")},
				{ID: "c", Path: path("issuing_country"), Values: []any{"FR"}}, {ID: "d", Path: path("issuing_country"), Values: []any{"FR", "DE"}},
			}
			q.ClaimSets = sets
		}
	}
	authorities := func(list ...dcql.TrustedAuthority) func(*dcql.Credential) {
		return func(q *dcql.Credential) { q.TrustedAuthorities = list }
	}
	a := w.PID("DE")
	aki := func(k *verifytest.Key) dcql.TrustedAuthority {
		return dcql.TrustedAuthority{Type: "aki", Values: []string{"AAAA", b64url(k.Cert.AuthorityKeyId)}}
	}
	etsi := func(url string) dcql.TrustedAuthority {
		return dcql.TrustedAuthority{Type: "etsi_tl", Values: []string{url}}
	}
	federation := dcql.TrustedAuthority{Type: "openid_federation", Values: []string{a.URL}}
	const missing, mismatch, authority = reason.DCQLClaimMissing, reason.DCQLValueMismatch, reason.DCQLAuthorityMismatch
	for _, c := range []struct {
		name  string
		query func(*dcql.Credential)
		want  []reason.Code
	}{
		{"base type by a national one", func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:1"} }, nil},
		{"one of several types", func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:fr:1", "urn:eudi:pid:de:1"} }, nil},
		{"a type of which no kind is known", func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:2"} }, []reason.Code{reason.RequestContextIncomplete}},
		{"claim", claims(dcql.Claim{Path: path("family_name")}), nil},
		{"every element", claims(dcql.Claim{Path: path("nationalities", nil), Values: []any{"DE"}}), nil},
		{"an element", claims(dcql.Claim{Path: path("nationalities", int64(0)), Values: []any{"DE"}}), nil},
		{"an element too far", claims(dcql.Claim{Path: path("nationalities", int64(9))}), []reason.Code{missing}},
		{"nested", claims(dcql.Claim{Path: path("address", "country"), Values: []any{"DE"}}), nil},
		{"a step on the wrong type", claims(dcql.Claim{Path: path("family_name", "x")}), []reason.Code{missing}},
		{"another value", claims(dcql.Claim{Path: path("issuing_country"), Values: []any{"FR", "de"}}), []reason.Code{mismatch}},
		{"a value of another type", claims(dcql.Claim{Path: path("issuing_country"), Values: []any{true, int64(1)}}), []reason.Code{mismatch}},
		{"all faults are told", claims(dcql.Claim{Path: path("x")}, dcql.Claim{Path: path("issuing_country"), Values: []any{"FR"}}), []reason.Code{missing, mismatch}},
		{"without claims, nothing is asked for", nil, nil},
		{"first claim set", sets([]string{"a", "d"}, []string{"b"}), nil},
		{"second claim set", sets([]string{"b"}, []string{"a"}), nil},
		{"no claim set", sets([]string{"a", "b"}, []string{"c"}), []reason.Code{missing}},
		{"no claim set, by value", sets([]string{"c"}, []string{"b"}), []reason.Code{mismatch}},
		{"aki of the leaf", authorities(aki(a.Signer)), nil},
		{"aki of another", authorities(aki(w.PID("FR").Signer)), []reason.Code{authority}},
		{"etsi_tl", authorities(etsi("https://lists.example/pid")), nil},
		{"another list", authorities(etsi("https://lists.example/pid/")), []reason.Code{authority}},
		{"federation is not supported", authorities(federation), []reason.Code{authority}},
		{"any of several", authorities(federation, etsi("https://x.example"), aki(a.Signer)), nil},
	} {
		if res := w.verify(asking(c.query).build(t, w)); !equal(codes(res), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
		}
	}
	for _, c := range []struct {
		path  dcql.Path
		value any
		want  []reason.Code
	}{
		{path(verifytest.TypePIDMdoc, "family_name"), nil, nil},
		{path(verifytest.TypePIDMdoc, "issuing_country"), "DE", nil},
		{path(verifytest.TypePIDMdoc, "issuing_country"), "FR", []reason.Code{mismatch}},
		{path(verifytest.TypePIDMdoc, "birthdate"), nil, []reason.Code{missing}}, // the SD-JWT's name
		{path("another.namespace", "family_name"), nil, []reason.Code{missing}},
	} {
		q := asked(dcql.FormatMdoc, func(q *dcql.Credential) {
			q.Claims = []dcql.Claim{{Path: c.path}}
			if c.value != nil {
				q.Claims[0].Values = []any{c.value}
			}
		})
		if res := w.verify(md{request: q}.build(t, w)); !equal(codes(res), c.want) {
			t.Errorf("mdoc %v: %q, want %q", c.path, codes(res), c.want)
		}
	}
}

// TestQueryAndExpect: where both are given both count, each by its own code.
func TestQueryAndExpect(t *testing.T) {
	w := commonWorld(t)
	res := w.verify(sd{request: func(r *verify.Request) {
		asked(dcql.FormatSDJWT, func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:fr:1"} })(r)
		r.Expect = map[string]verify.Expect{queryID: {Kind: trustlist.KindPID, Types: []string{"urn:eudi:pid:fr:1"}}}
	}}.build(t, w))
	if !equal(codes(res), []reason.Code{reason.VCTMismatch, reason.DCQLTypeMismatch}) {
		t.Errorf("%q", codes(res))
	}
}

// TestSets: which credentials have to come (OpenID4VP 1.0 sections 6.2, 6.4.2).
func TestSets(t *testing.T) {
	w := commonWorld(t)
	no := false
	option := func(required *bool, options ...[]string) dcql.CredentialSet {
		return dcql.CredentialSet{Options: options, Required: required}
	}
	for _, c := range []struct {
		name string
		sets []dcql.CredentialSet
		want []reason.Code
	}{
		{"no sets: all", nil, []reason.Code{reason.VPCredentialSetUnsatisfied}},
		{"one option is enough", []dcql.CredentialSet{option(nil, []string{"other"}, []string{queryID})}, nil},
		{"every option wants more", []dcql.CredentialSet{option(nil, []string{"other"}, []string{queryID, "other"})}, []reason.Code{reason.VPCredentialSetUnsatisfied}},
		{"an optional set", []dcql.CredentialSet{option(nil, []string{queryID}), option(&no, []string{"other"})}, nil},
		{"two required sets", []dcql.CredentialSet{option(nil, []string{queryID}), option(nil, []string{"other"})}, []reason.Code{reason.VPCredentialSetUnsatisfied}},
	} {
		res := w.verify(sd{request: func(r *verify.Request) {
			asked(dcql.FormatSDJWT, nil)(r)
			other := r.Query.Credentials[0]
			other.ID = "other"
			r.Query.Credentials = append(r.Query.Credentials, other)
			r.Query.CredentialSets = c.sets
		}}.build(t, w))
		if !equal(codes(res), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
		}
	}
	// With multiple, several presentations may come, and each has to be good.
	for _, multiple := range []bool{true, false} {
		req := sd{request: asked(dcql.FormatSDJWT, func(q *dcql.Credential) { q.Multiple = multiple })}.build(t, w)
		second := sd{context: verifytest.Context{Nonce: req.Nonce}}.build(t, w)
		req.VPToken[queryID] = append(req.VPToken[queryID], second.VPToken[queryID]...)
		res := w.verify(req)
		if want := map[bool]verify.Verdict{true: verify.Valid, false: verify.Invalid}[multiple]; res.Verdict != want || len(res.Credentials) != 2 || res.Credentials[1].Index != 1 {
			t.Errorf("multiple %v: %s %q", multiple, res.Verdict, codes(res))
		}
	}
}

// TestKinds: the anchors that count follow from what was expected, and never from
// what the credential says of itself.
func TestKinds(t *testing.T) {
	const typ = "urn:example:card:1"
	w := commonWorld(t)
	configured := must(verify.New(verify.Options{Kinds: map[string]trustlist.Kind{typ: trustlist.KindPID}}))(t)
	card := func(kind trustlist.Kind) *verify.Request {
		return sd{issue: func(o *verifytest.SDJWTOptions) {
			o.VCT = typ
			delete(o.Claims, "attestation_legal_category")
		}, request: func(r *verify.Request) {
			r.Expect[queryID] = verify.Expect{Kind: kind, Types: []string{typ}}
		}}.build(t, w)
	}
	for _, c := range []struct {
		name string
		v    *verify.Verifier
		kind trustlist.Kind
		want []reason.Code
	}{
		{"neither told nor configured", w.verifier, "", []reason.Code{reason.RequestContextIncomplete}},
		{"configured as PID", configured, "", nil},
		{"another kind told than configured", configured, trustlist.KindPubEAA, []reason.Code{reason.AnchorScopeMismatch}},
		{"told as PID, and no PID type", w.verifier, trustlist.KindPID, []reason.Code{reason.PIDVCTNotInNamespace}},
	} {
		if res := c.v.Verify(w.store.View(), card(c.kind), w.now); !equal(codes(res), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
		}
	}
}

// TestNationalPID: urn:eudi:pid:<cc>:1 belongs to its country's providers, and
// only exact forms of it extend the base type.
func TestNationalPID(t *testing.T) {
	w := commonWorld(t)
	ask := func(types ...string) func(*verify.Request) {
		return func(r *verify.Request) { r.Expect[queryID] = verify.Expect{Types: types} }
	}
	vct := func(v string) func(*verifytest.SDJWTOptions) { return func(o *verifytest.SDJWTOptions) { o.VCT = v } }
	for _, c := range []struct {
		by, vct string
		asked   string
		want    []reason.Code
	}{
		{"de", "urn:eudi:pid:de:1", "urn:eudi:pid:1", nil},
		{"de", "urn:eudi:pid:1", "urn:eudi:pid:1", nil},
		{"de", "urn:eudi:pid:1", "urn:eudi:pid:de:1", []reason.Code{reason.VCTMismatch}}, // the base type is no German PID
		{"de", "urn:eudi:pid:fr:1", "urn:eudi:pid:1", []reason.Code{reason.AnchorTerritoryMismatch}},
		{"fr", "urn:eudi:pid:fr:1", "urn:eudi:pid:1", nil},
		{"de", "urn:eudi:pid:de:2", "urn:eudi:pid:1", []reason.Code{reason.VCTMismatch}},
		{"de", "urn:eudi:pid:DE:1", "urn:eudi:pid:1", []reason.Code{reason.PIDVCTNotInNamespace}},
		{"de", "urn:eudi:pid:deu:1", "urn:eudi:pid:1", []reason.Code{reason.PIDVCTNotInNamespace}},
		{"de", "urn:eudi:pid:de:", "urn:eudi:pid:1", []reason.Code{reason.PIDVCTNotInNamespace}},
		{"de", "urn:eudi:pid:de:1:x", "urn:eudi:pid:1", []reason.Code{reason.PIDVCTNotInNamespace}},
		{"de", "urn:eudi:pid:", "urn:eudi:pid:1", []reason.Code{reason.PIDVCTNotInNamespace}},
	} {
		res := w.verify(sd{by: c.by, issue: vct(c.vct), request: ask(c.asked)}.build(t, w))
		if !equal(codes(res), c.want) {
			t.Errorf("%s by %s, asked %s: %q, want %q", c.vct, c.by, c.asked, codes(res), c.want)
		}
	}
	// aka_vcts says what else a credential is, and only of the same country.
	aka := func(types ...any) func(*verifytest.SDJWTOptions) {
		return func(o *verifytest.SDJWTOptions) { o.Open = obj{"aka_vcts": types} }
	}
	for _, c := range []struct {
		aka  func(*verifytest.SDJWTOptions)
		want []reason.Code
	}{
		{aka("urn:eudi:pid:2"), nil},
		{aka("urn:eudi:pid:fr:2"), []reason.Code{reason.AnchorTerritoryMismatch}},
		{aka("urn:eudi:pid:3"), []reason.Code{reason.VCTMismatch}},
	} {
		req := sd{issue: c.aka, request: func(r *verify.Request) {
			r.Expect[queryID] = verify.Expect{Kind: trustlist.KindPID, Types: []string{"urn:eudi:pid:2"}}
		}}.build(t, w)
		if res := w.verify(req); !equal(codes(res), c.want) {
			t.Errorf("aka_vcts: %q, want %q", codes(res), c.want)
		}
	}
}

// TestManyDocuments: each document of a DeviceResponse is a credential with a
// verdict of its own.
func TestManyDocuments(t *testing.T) {
	w := commonWorld(t)
	ctx := must(verifytest.Context{}.WithDefaults())(t)
	document := func(m md, by, typ string, change func(*verifytest.MdocPresentation)) cbor.RawMessage {
		p := verifytest.MdocPresentation{Transcript: must(ctx.Transcript())(t)}
		if change != nil {
			change(&p)
		}
		return must(m.credential(t, w, w.Authority(by), typ).Document(p))(t)
	}
	response := func(docs ...cbor.RawMessage) *verify.Request {
		raw := verifytest.URL64(must(verifytest.DeviceResponse(docs...))(t))
		return newRequest(ctx, raw, verify.Expect{Types: []string{verifytest.TypePIDMdoc, verifytest.TypeMDL}}, nil)
	}
	pid := document(md{}, "de", verifytest.TypePIDMdoc, nil)
	mdl := document(md{}, "ut", verifytest.TypeMDL, nil)
	unbound := document(md{}, "ut", verifytest.TypeMDL, func(p *verifytest.MdocPresentation) { p.NoDeviceAuth = true })
	res := w.verify(response(pid, mdl))
	if res.Verdict != verify.Valid || len(res.Credentials) != 2 || res.Credentials[1].Document != 1 ||
		res.Credentials[0].Kind != trustlist.KindPID || res.Credentials[1].Kind != trustlist.KindMDL {
		t.Errorf("%s %q %+v", res.Verdict, codes(res), res.Credentials)
	}
	res = w.verify(response(pid, unbound))
	if res.Verdict != verify.Invalid || !equal(codes(res), []reason.Code{reason.DeviceAuthMissing}) || res.Credentials[0].Verdict != verify.Valid {
		t.Errorf("%s %q", res.Verdict, codes(res))
	}
	var many []cbor.RawMessage
	for range 16 {
		many = append(many, pid)
	}
	if res = w.verify(response(many...)); res.Verdict != verify.Valid {
		t.Errorf("16 documents: %q", codes(res))
	}
	if res = w.verify(response(append(many, pid)...)); !equal(codes(res), []reason.Code{reason.InputTooLarge}) {
		t.Errorf("17 documents: %q", codes(res))
	}
}

// TestSizes: a presentation at its limits, and one beyond.
func TestSizes(t *testing.T) {
	w := commonWorld(t)
	verifyAt := func(l verify.Limits, req *verify.Request) []reason.Code {
		v := must(verify.New(verify.Options{Limits: l}))(t)
		return codes(v.Verify(w.store.View(), req, w.now))
	}
	tooLarge := []reason.Code{reason.InputTooLarge}
	sdjwt, mdoc := sd{}.build(t, w), md{}.build(t, w)
	for _, req := range []*verify.Request{sdjwt, mdoc} {
		n := len(req.VPToken[queryID][0])
		if got := verifyAt(verify.Limits{Presentation: n}, req); len(got) > 0 {
			t.Errorf("at its size: %q", got)
		}
		if got := verifyAt(verify.Limits{Presentation: n - 1}, req); !equal(got, tooLarge) {
			t.Errorf("a byte more: %q", got)
		}
	}
	disclosures := strings.Count(sdjwt.VPToken[queryID][0], "~") - 1
	if got := verifyAt(verify.Limits{Disclosures: disclosures}, sdjwt); len(got) > 0 {
		t.Errorf("%d disclosures: %q", disclosures, got)
	}
	if got := verifyAt(verify.Limits{Disclosures: disclosures - 1}, sdjwt); !equal(got, tooLarge) {
		t.Errorf("a disclosure more: %q", got)
	}
	elements := len(md{}.credential(t, w, w.PID("DE"), verifytest.TypePIDMdoc).Items)
	if got := verifyAt(verify.Limits{Disclosures: elements}, mdoc); len(got) > 0 {
		t.Errorf("%d elements: %q", elements, got)
	}
	if got := verifyAt(verify.Limits{Disclosures: elements - 1}, mdoc); !equal(got, tooLarge) {
		t.Errorf("an element more: %q", got)
	}
}
