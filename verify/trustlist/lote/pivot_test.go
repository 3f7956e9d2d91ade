package lote

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

const (
	journal    = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=oj:C_202601"
	releaseURI = "https://operator.example/release-%d.jws"
)

// release is the n-th release of a list, signed by one signer and naming the next
// ones. Those from first to n are pivots, as its SchemeInformationURI says.
func release(t *testing.T, n, first int, signer *holder, next ...*holder) *world {
	w := newWorld(t, "pid")
	w.signer = signer
	w.scheme()["LoTESequenceNumber"] = n
	w.scheme()["PointersToOtherLoTE"] = selfPointer(w, signer, "EU")
	w.scheme()["PointersToOtherLoTE"].(arr)[0].(obj)["ServiceDigitalIdentities"] = arr{identityOf(next...)}
	var uris []string
	for i := n; i >= first; i-- {
		uris = append(uris, fmt.Sprintf(releaseURI, i))
	}
	w.scheme()["SchemeInformationURI"] = mlu(append(uris, journal, "https://operator.example/info")...)
	return w
}

func pivot(t *testing.T, w *world, o Options, signers ...*x509.Certificate) ([]*x509.Certificate, error) {
	t.Helper()
	v, err := must(Parse(w.list(t))).VerifyPivot(signers, o)
	if err != nil {
		return nil, err
	}
	l := v.List()
	if len(l.Anchors) > 0 || !l.Signer.Equal(w.signer.cert) {
		t.Error("a pivot yields anchors, or has another signer")
	}
	return l.SelfSigners, nil
}

// TestPivotChain follows two changes of signer: the Journal names A, pivot 1 is
// signed by A and names B, pivot 2 is signed by B and names C, and C signs the list
// in force. A and B are trusted no more.
func TestPivotChain(t *testing.T) {
	a, b, c := operator(t, nil), operator(t, nil), operator(t, nil)
	o := Options{Profile: "pid", OJ: journal}
	first, second := release(t, 1, 1, a, b), release(t, 2, 1, b, c)
	current := release(t, 2, 1, c, c) // names pivots 2 and 1
	current.scheme()["LoTESequenceNumber"] = 3

	uris, err := must(Parse(current.list(t))).Pivots(journal)
	want(t, err, "")
	if !slices.Equal(uris, []string{fmt.Sprintf(releaseURI, 2), fmt.Sprintf(releaseURI, 1)}) {
		t.Fatalf("pivots %q", uris)
	}
	signers, err := pivot(t, first, o, a.cert)
	want(t, err, "")
	signers, err = pivot(t, second, o, signers...)
	want(t, err, "")
	l, err := verify(current.list(t), o, signers...)
	want(t, err, "")
	if len(l.SelfSigners) != 1 || !l.SelfSigners[0].Equal(c.cert) || len(l.Anchors) == 0 {
		t.Errorf("%d successors, %d anchors", len(l.SelfSigners), len(l.Anchors))
	}

	// A gap: the second pivot after the Journal, and the list after the first.
	_, err = pivot(t, second, o, a.cert)
	want(t, err, reason.TrustListPivotBroken)
	_, err = verify(current.list(t), o, b.cert)
	want(t, err, reason.TrustListSignerUnknown)
	// One that stepped down signs again.
	_, err = verify(release(t, 4, 1, a, a).list(t), o, signers...)
	want(t, err, reason.TrustListSignerUnknown)
}

// TestPivots: what stands before the Journal's URI.
func TestPivots(t *testing.T) {
	many := func(n int) []string {
		var uris []string
		for i := range n {
			uris = append(uris, fmt.Sprintf(releaseURI, i))
		}
		return append(uris, journal)
	}
	for _, c := range []struct {
		name string
		uris []string
		n    int
		code reason.Code
	}{
		{"none", []string{journal, "https://operator.example/info"}, 0, ""},
		{"one", []string{"https://operator.example/1.jws", journal}, 1, ""},
		{"no Journal", []string{"https://operator.example/info"}, 0, reason.TrustListOJMismatch},
		{"an older Journal", []string{"https://operator.example/1.jws", journal + "0"}, 0, reason.TrustListOJMismatch},
		{"as many as allowed", many(MaxPivots), MaxPivots, ""},
		{"too many", many(MaxPivots + 1), 0, reason.TrustListPivotBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pid")
			w.scheme()["SchemeInformationURI"] = mlu(c.uris...)
			uris, err := must(Parse(w.list(t))).Pivots(journal)
			want(t, err, c.code)
			if len(uris) != c.n {
				t.Errorf("%d pivots", len(uris))
			}
		})
	}
	t.Run("no list", func(t *testing.T) {
		w := newWorld(t, "pid")
		_, err := must(Parse(sign(t, w.signer, w.header(), []byte(`[]`)))).Pivots(journal)
		want(t, err, reason.TrustListMalformed)
	})
}

// TestVerifyPivotRefuses: an earlier release is as strictly checked as a list in
// force, as far as it says who signs the next one.
func TestVerifyPivotRefuses(t *testing.T) {
	a, b := operator(t, nil), operator(t, nil)
	for _, c := range []struct {
		name string
		edit func(*world)
		code reason.Code
	}{
		{"good", func(*world) {}, ""},
		{"expired long ago", func(w *world) { w.scheme()["NextUpdate"] = issuedText }, ""},
		{"another Journal", func(w *world) { w.scheme()["SchemeInformationURI"] = mlu(journal + "0") }, reason.TrustListOJMismatch},
		{"another type", func(w *world) { w.scheme()["LoTEType"] = base + "LoTEType/EUWalletProvidersList" }, reason.TrustListWrongType},
		{"another territory", func(w *world) { w.scheme()["SchemeTerritory"] = "DE" }, reason.TrustListWrongTerritory},
		{"another operator", func(w *world) { w.scheme()["SchemeOperatorName"] = ml("Other") }, reason.TrustListSignerSchemeMismatch},
		{"names nobody", func(w *world) {
			w.scheme()["PointersToOtherLoTE"].(arr)[0].(obj)["ServiceDigitalIdentities"] = arr{obj{}}
		}, reason.TrustListPivotBroken},
		{"no pointer to itself", func(w *world) { delete(w.scheme(), "PointersToOtherLoTE") }, reason.TrustListProfileViolation},
		{"signed by a stranger", func(w *world) { w.signer = operator(t, nil) }, reason.TrustListPivotBroken},
		{"no list", func(w *world) { w.doc = obj{} }, reason.TrustListMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := release(t, 1, 1, a, b)
			c.edit(w)
			_, err := pivot(t, w, Options{Profile: "pid", OJ: journal}, a.cert)
			want(t, err, c.code)
		})
	}
	t.Run("another key", func(t *testing.T) {
		w := release(t, 1, 1, a, b)
		_, err := must(Parse(sign(t, b, w.header(), w.payload(t)))).VerifyPivot([]*x509.Certificate{a.cert}, Options{})
		want(t, err, reason.TrustListSignatureInvalid)
	})
	t.Run("a profile without pointers", func(t *testing.T) {
		w := newWorld(t, "pubeaa")
		_, err := must(Parse(w.list(t))).VerifyPivot([]*x509.Certificate{w.signer.cert}, Options{})
		want(t, err, reason.TrustListPivotBroken)
	})
}

// TestJournal: a list in force has to name the Journal that is configured, and only
// that one.
func TestJournal(t *testing.T) {
	w := newWorld(t, "pid")
	_, err := w.verify(t, Options{OJ: journal})
	want(t, err, reason.TrustListOJMismatch)
	w.scheme()["SchemeInformationURI"] = mlu(journal, "https://operator.example/info")
	_, err = w.verify(t, Options{OJ: journal})
	want(t, err, "")
	_, err = w.verify(t, Options{OJ: journal + "0"})
	want(t, err, reason.TrustListOJMismatch)
}

// TestSelfSigners: everybody that the pointer to the list itself names, once, and
// the list's signer among them; nobody of other pointers.
func TestSelfSigners(t *testing.T) {
	a, b, other := operator(t, nil), operator(t, nil), operator(t, nil)
	w := release(t, 1, 2, a, a, b, b)
	pointers := w.scheme()["PointersToOtherLoTE"].(arr)
	foreign := selfPointer(w, other, "EU")[0].(obj)
	foreign["LoTEQualifiers"].(arr)[0].(obj)["LoTEType"] = base + "LoTEType/EUWalletProvidersList"
	w.scheme()["PointersToOtherLoTE"] = append(pointers, foreign)
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if s := l.SelfSigners; len(s) != 2 || !s[0].Equal(a.cert) || !s[1].Equal(b.cert) {
		t.Errorf("%d signers", len(s))
	}

	many := make([]*holder, maxSelfSigners)
	for i := range many {
		many[i] = operator(t, nil)
	}
	many[0] = a
	_, err = release(t, 1, 2, a, many...).verify(t, Options{})
	want(t, err, "")
	_, err = release(t, 1, 2, a, append(many, b)...).verify(t, Options{})
	want(t, err, reason.TrustListProfileViolation)
}
