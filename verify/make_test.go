package verify_test

import (
	"sync"
	"testing"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// queryID is the id under which sd and md present.
const queryID = "c"

// sd describes an SD-JWT VC that is out of the ordinary. The zero value is a good
// German PID.
type sd struct {
	by, typ  string // "": de, urn:eudi:pid:de:1
	noStatus bool
	context  verifytest.Context
	issue    func(*verifytest.SDJWTOptions)
	present  func(*verifytest.Presentation)
	request  func(*verify.Request)
}

// md describes an mdoc. The zero value is a good German PID.
type md struct {
	by, typ  string // "": de, eu.europa.ec.eudi.pid.1
	noStatus bool
	context  verifytest.Context
	issue    func(*verifytest.MdocOptions)
	present  func(*verifytest.MdocPresentation)
	request  func(*verify.Request)
}

func orElse(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

func (s sd) build(t testing.TB, w *world) *verify.Request {
	t.Helper()
	a, typ := w.Authority(orElse(s.by, "de")), orElse(s.typ, "urn:eudi:pid:de:1")
	c := must(s.context.WithDefaults())(t)
	o := must(w.SDJWT(a, typ, w.now))(t)
	if !s.noStatus {
		ref := must(w.Status(a, verifytest.FormJWT, verifytest.StatusGood))(t)
		o.Status = &ref
	}
	if s.issue != nil {
		s.issue(&o)
	}
	p := verifytest.Presentation{Nonce: c.Nonce, Audience: c.Audience(), IssuedAt: w.now, TransactionData: c.TransactionData}
	if s.present != nil {
		s.present(&p)
	}
	raw := must(must(a.IssueSDJWT(o))(t).Present(p))(t)
	return newRequest(c, raw, verify.Expect{Kind: a.Kind, Types: []string{o.VCT}}, s.request)
}

func (m md) build(t testing.TB, w *world) *verify.Request {
	t.Helper()
	a, typ := w.Authority(orElse(m.by, "de")), orElse(m.typ, verifytest.TypePIDMdoc)
	c := must(m.context.WithDefaults())(t)
	cred := m.credential(t, w, a, typ)
	p := verifytest.MdocPresentation{Transcript: must(c.Transcript())(t)}
	if m.present != nil {
		m.present(&p)
	}
	raw := verifytest.URL64(must(cred.Present(p))(t))
	return newRequest(c, raw, verify.Expect{Kind: a.Kind, Types: []string{typ}}, m.request)
}

func (m md) credential(t testing.TB, w *world, a *verifytest.Authority, typ string) *verifytest.Mdoc {
	t.Helper()
	o := must(w.Mdoc(a, typ, w.now))(t)
	if !m.noStatus {
		ref := must(w.Status(a, verifytest.FormCWT, verifytest.StatusGood))(t)
		o.Status = &ref
	}
	if m.issue != nil {
		m.issue(&o)
	}
	return must(a.IssueMdoc(o))(t)
}

func newRequest(c verifytest.Context, raw string, e verify.Expect, change func(*verify.Request)) *verify.Request {
	req := &verify.Request{
		VPToken: map[string][]string{queryID: {raw}}, Flow: verify.Flow(c.Flow), Nonce: c.Nonce, ClientID: c.ClientID,
		ResponseURI: c.ResponseURI, Origin: c.Origin, JWKThumbprint: c.JWKThumbprint, MdocGeneratedNonce: c.MdocGeneratedNonce,
		EncryptionInfo: c.EncryptionInfo, SessionTranscript: c.SessionTranscript, TransactionData: c.TransactionData,
		Policy: verify.DefaultPolicy(), Expect: map[string]verify.Expect{queryID: e},
	}
	if change != nil {
		change(req)
	}
	return req
}

// asked replaces expect by a query for the one credential.
func asked(format string, change func(*dcql.Credential)) func(*verify.Request) {
	return func(r *verify.Request) {
		e := r.Expect[queryID]
		q := dcql.Credential{ID: queryID, Format: format}
		if format == dcql.FormatMdoc {
			q.Meta.DocType = e.Types[0]
		} else {
			q.Meta.VCTValues = e.Types
		}
		if change != nil {
			change(&q)
		}
		r.Query, r.Expect = &dcql.Query{Credentials: []dcql.Credential{q}}, nil
	}
}

// must is for calls that cannot fail in a test: must(f())(t).
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// offer hands bytes to the store and returns the error alone.
func (w *world) offer(kind artefact.Kind, name string, door artefact.Door, b []byte) error {
	_, err := w.store.Admit(artefact.Raw{ID: artefact.ID{Kind: kind, Name: name}, Door: door, Bytes: b, At: w.now})
	return err
}

// commonWorld is a world whose lists are loaded, for tests that change nothing in
// it.
func commonWorld(t testing.TB) *world {
	t.Helper()
	common.Lock()
	defer common.Unlock()
	if common.w == nil {
		common.w = newWorld(t, verify.Options{})
	}
	return common.w
}

var common struct {
	sync.Mutex
	w *world
}
