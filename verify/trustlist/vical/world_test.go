package vical

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// obj keeps payloads readable.
type obj = map[string]any

// world is an ecosystem whose VICAL is made by another hand than the one that
// reads it.
type world struct{ *verifytest.World }

func newWorld(t testing.TB) world {
	t.Helper()
	return world{must(verifytest.New(now))}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (w world) root() *x509.Certificate { return w.VICALRoot().Cert }

// verify puts bytes through both entry points.
func verify(b []byte, o Options, at time.Time, pinned ...*x509.Certificate) (*trustlist.List, error) {
	u, err := Parse(b)
	if err != nil {
		return nil, err
	}
	v, err := u.Verify(pinned, o, at)
	return v.List(), err
}

// read makes a VICAL and reads it under the World's root at its time.
func (w world) read(o verifytest.VICALOptions) (*trustlist.List, error) {
	return verify(must(w.VICAL(o)), Options{Provider: verifytest.VICALProvider}, now, w.root())
}

// mutate changes the payload before it is signed.
func (w world) mutate(change func(payload obj)) (*trustlist.List, error) {
	return w.read(verifytest.VICALOptions{Mutate: change})
}

// entries replaces the list's entries.
func (w world) entries(infos ...any) (*trustlist.List, error) {
	return w.mutate(func(p obj) { p["certificateInfos"] = infos })
}

// entry is one for the State's certificate, changed.
func (w world) entry(change func(info obj)) obj {
	info := verifytest.CertificateInfo(w.State().CA.Cert, mdl)
	info["issuingAuthority"], info["issuingCountry"], info["stateOrProvinceName"] = w.State().Name, "US", "US-JF"
	if change != nil {
		change(info)
	}
	return info
}

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if code == "" && err != nil {
		t.Fatalf("got %v, want none", err)
	}
	if got := reason.CodeOf(err); got != code {
		t.Fatalf("got %v, want %q", err, code)
	}
}

// wantDetail checks that the refusal says what is wrong, for the person who has to
// act on it.
func wantDetail(t *testing.T, err error, code reason.Code, part string) {
	t.Helper()
	want(t, err, code)
	if code != "" && !strings.Contains(err.Error(), part) {
		t.Errorf("%v does not say %q", err, part)
	}
}
