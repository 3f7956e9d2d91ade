package vical

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// seeds adds generated lists and, where the folder is there, the real ones, cut down
// to one certificate: the fuzzer is lost in long inputs.
func seeds(f *testing.F, w world, add func([]byte)) {
	add(must(w.VICAL(verifytest.VICALOptions{DocTypes: []string{mdl, photoID}})))
	add(must(w.VICAL(verifytest.VICALOptions{NotAfter: now, Without: []string{"UT"}, Mutate: func(p obj) { delete(p, "vicalIssueID") }})))
	if _, err := vectortest.Find(); err != nil {
		return
	}
	add(shorten(vector(f, aamva)))
	add(shorten(vector(f, austroads)))
}

func shorten(b []byte) []byte {
	var parts []cbor.RawMessage
	var payload []byte
	var members map[string]cbor.RawMessage
	var infos []cbor.RawMessage
	must(0, cbor.Unmarshal(b, &parts))
	must(0, cbor.Unmarshal(parts[2], &payload))
	must(0, cbor.Unmarshal(payload, &members))
	must(0, cbor.Unmarshal(members["certificateInfos"], &infos))
	members["certificateInfos"] = must(cbor.Marshal(infos[:1]))
	parts[2] = must(cbor.Marshal(must(cbor.Marshal(members))))
	return must(cbor.Marshal(parts))
}

// FuzzParse: any bytes end in a list or a vical_* code, and bytes that nobody
// pinned has signed never in a list.
func FuzzParse(f *testing.F) {
	w, stranger := newWorld(f), newWorld(f).root()
	seeds(f, w, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := Parse(b)
		if err == nil {
			u.Claims()
			_, err = u.Verify([]*x509.Certificate{stranger}, Options{}, now)
		}
		if !strings.HasPrefix(string(reason.CodeOf(err)), "vical_") {
			t.Fatalf("got %v", err)
		}
	})
}

// FuzzVerify signs any payload, so that the whole way is taken: what comes out is
// a refusal or a list whose anchors have a scope.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	seeds(f, w, func(b []byte) {
		f.Add(must(cose.ParseSign1(b, cose.TagAny)).Payload)
	})
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := w.read(verifytest.VICALOptions{Raw: func([]byte) []byte { return payload }})
		if err != nil {
			if !strings.HasPrefix(string(reason.CodeOf(err)), "vical_") {
				t.Fatalf("got %v", err)
			}
			return
		}
		checkList(t, l)
	})
}

// checkList holds a list against what every list keeps to.
func checkList(t *testing.T, l *trustlist.List) {
	if l.Operator == "" || l.Issued.IsZero() || l.NotAfter.After(l.Issued.Add(MaxAge)) || l.Services > MaxEntries || len(l.Skipped) > l.Services {
		t.Fatalf("list %+v", l)
	}
	for _, a := range l.Anchors {
		if a.Kind != trustlist.KindMDL && a.Kind != trustlist.KindEAA || a.Purpose != trustlist.Issuance || a.Mode != trustlist.PKIX ||
			a.Entity == "" || len(a.Types) == 0 || len(a.Types) > MaxDocTypes {
			t.Fatalf("anchor %+v", a)
		}
	}
}

// FuzzTdate: what is read as a time can be written as RFC 3339 again.
func FuzzTdate(f *testing.F) {
	for _, s := range []string{"2026-11-24T10:00:00Z", "2026-11-24T10:00:00.123456789+14:00", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"} {
		f.Add(must(cbor.Marshal(cbor.Tag{Number: 0, Content: s})))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		at, ok := tdate(b)
		if !ok {
			return
		}
		if _, err := at.MarshalText(); err != nil || at.Location() != time.UTC {
			t.Fatalf("%v: %v", at, err)
		}
	})
}
