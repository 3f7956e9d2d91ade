package lote

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TestParse: the outer form, before any signer is looked at.
func TestParse(t *testing.T) {
	w := newWorld(t, "pid")
	good := string(w.list(t))
	seg := strings.Split(good, ".")
	head := func(edit func(obj)) string {
		h := w.header()
		edit(h)
		return string(sign(t, w.signer, h, w.payload(t)))
	}
	dup := strings.Replace(string(must(json.Marshal(w.header()))), `"alg"`, `"alg":"ES256","alg"`, 1)
	for _, c := range []struct {
		name string
		in   string
		code reason.Code
	}{
		{"good", good, ""},
		{"white space around it", "\r\n " + good + "\n", ""},
		{"empty", "", reason.TrustListMalformed},
		{"two segments", seg[0] + "." + seg[1], reason.TrustListMalformed},
		{"four segments", good + ".", reason.TrustListMalformed},
		{"padding", good + "=", reason.TrustListMalformed},
		{"line break inside", seg[0] + ".\n" + seg[1] + "." + seg[2], reason.TrustListMalformed},
		{"empty signature", seg[0] + "." + seg[1] + ".", reason.TrustListSignatureMissing},
		{"bare JSON", string(w.payload(t)), reason.TrustListSignatureMissing},
		{"JSON container", `{"LoTE":{},"signature":{}}`, reason.TrustListMalformed},
		{"JSON serialisation", `{"payload":"e30","signatures":[]}`, reason.TrustListMalformed},
		{"broken JSON", `{"LoTE":`, reason.TrustListMalformed},
		{"only a brace", `{`, reason.TrustListMalformed},
		{"broken member name", "{\"\x01\":1}", reason.TrustListMalformed},
		{"XML", `<ListOfTrustedEntities/>`, reason.TrustListMalformed},
		{"repeated header member", string(signRaw(t, w.signer, []byte(dup), w.payload(t))), reason.TrustListMalformed},
		{"alg none", head(func(h obj) { h["alg"] = "none" }), reason.TrustListAlgForbidden},
		{"HMAC", head(func(h obj) { h["alg"] = "HS256" }), reason.TrustListAlgForbidden},
		{"no alg", head(func(h obj) { delete(h, "alg") }), reason.TrustListAlgForbidden},
		{"critical header", head(func(h obj) { h["crit"] = arr{"sigD"} }), reason.TrustListAlgForbidden},
		{"unencoded payload", head(func(h obj) { h["crit"], h["b64"] = arr{"b64"}, false }), reason.TrustListAlgForbidden},
		{"no x5c", head(func(h obj) { delete(h, "x5c") }), reason.TrustListMalformed},
		{"x5u in place of x5c", head(func(h obj) { delete(h, "x5c"); h["x5u"] = "https://keys.example" }), reason.TrustListMalformed},
		{"x5c is no base64", head(func(h obj) { h["x5c"] = arr{"-_"} }), reason.TrustListMalformed},
		{"x5c is no certificate", head(func(h obj) { h["x5c"] = arr{"MAA="} }), reason.TrustListMalformed},
		{"typ JAdES", head(func(h obj) { h["typ"] = "JAdES" }), ""},
		{"typ jose", head(func(h obj) { h["typ"] = "application/jose" }), ""},
		{"typ of a status list", head(func(h obj) { h["typ"] = "statuslist+jwt" }), reason.TrustListMalformed},
		{"x5t#S256 of another certificate", head(func(h obj) { h["x5t#S256"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }), reason.TrustListMalformed},
		{"large as allowed", strings.Repeat(" ", MaxList-len(good)) + good, ""},
		{"too large", strings.Repeat(" ", MaxList-len(good)+1) + good, reason.TrustListTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			want(t, err, c.code)
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestSigner: steps 4 and 5.
func TestSigner(t *testing.T) {
	w := newWorld(t, "pid")
	good := w.list(t)

	t.Run("nothing pinned", func(t *testing.T) {
		_, err := verify(good, Options{})
		want(t, err, reason.TrustListSignerUnknown)
	})
	t.Run("another pinned", func(t *testing.T) {
		_, err := verify(good, Options{}, operator(t, nil).cert, nil)
		want(t, err, reason.TrustListSignerUnknown)
	})
	t.Run("among others pinned", func(t *testing.T) {
		_, err := verify(good, Options{}, operator(t, nil).cert, w.signer.cert)
		want(t, err, "")
	})
	t.Run("same names and serial number, other key", func(t *testing.T) {
		forger := newWorld(t, "pid") // country and organisation fit
		_, err := verify(forger.list(t), Options{}, w.signer.cert)
		want(t, err, reason.TrustListSignerUnknown)
	})
	t.Run("signed by an anchor of the list itself", func(t *testing.T) {
		f := newWorld(t, "pid")
		_, err := verify(sign(t, f.provider, obj{"alg": "ES256", "iat": issued.Unix(), "x5c": arr{f.provider.b64()}}, f.payload(t)), Options{}, f.signer.cert)
		want(t, err, reason.TrustListSignerUnknown)
	})
	t.Run("pinned certificate shown, other key used", func(t *testing.T) {
		_, err := verify(sign(t, operator(t, nil), w.header(), w.payload(t)), Options{}, w.signer.cert)
		want(t, err, reason.TrustListSignatureInvalid)
	})
	t.Run("pinned certificate is not the first", func(t *testing.T) {
		other := operator(t, nil)
		h := w.header()
		h["x5c"] = arr{other.b64(), w.signer.b64()}
		_, err := verify(sign(t, other, h, w.payload(t)), Options{}, w.signer.cert)
		want(t, err, reason.TrustListSignerUnknown)
	})
	t.Run("payload changed", func(t *testing.T) {
		seg := bytes.Split(good, []byte("."))
		w2 := newWorld(t, "pid")
		w2.scheme()["LoTESequenceNumber"] = 13
		seg[1] = []byte(base64.RawURLEncoding.EncodeToString(w2.payload(t)))
		_, err := verify(bytes.Join(seg, []byte(".")), Options{}, w.signer.cert)
		want(t, err, reason.TrustListSignatureInvalid)
	})
	t.Run("header changed", func(t *testing.T) {
		seg := bytes.Split(good, []byte("."))
		h := w.header()
		h["iat"] = issued.Unix() + 1
		seg[0] = []byte(base64.RawURLEncoding.EncodeToString(must(json.Marshal(h))))
		_, err := verify(bytes.Join(seg, []byte(".")), Options{}, w.signer.cert)
		want(t, err, reason.TrustListSignatureInvalid)
	})
	for _, alg := range []string{"ES384", "ES512", "PS256", "RS256", "EdDSA"} {
		t.Run(alg+" with a P-256 key", func(t *testing.T) {
			h := w.header()
			h["alg"] = alg
			_, err := verify(sign(t, w.signer, h, w.payload(t)), Options{}, w.signer.cert)
			want(t, err, reason.TrustListAlgForbidden)
		})
	}
	t.Run("ES256 with a P-384 key", func(t *testing.T) {
		f := newWorld(t, "pid")
		f.signer = issue(t, elliptic.P384(), func(c *x509.Certificate) { c.Subject = w.signer.cert.Subject })
		_, err := f.verify(t, Options{})
		want(t, err, reason.TrustListAlgForbidden)
	})
}

// TestSignerTime: the signer is held against the time of signing: iat, else sigT,
// else the time of issue. One second before and after each end.
func TestSignerTime(t *testing.T) {
	type place struct {
		name string
		set  func(w *world, h obj, at time.Time)
	}
	places := []place{
		{"iat", func(_ *world, h obj, at time.Time) { h["iat"] = at.Unix() }},
		{"sigT", func(_ *world, h obj, at time.Time) { delete(h, "iat"); h["sigT"] = at.Format(time.RFC3339) }},
		{"time of issue", func(w *world, h obj, at time.Time) {
			delete(h, "iat")
			w.scheme()["ListIssueDateTime"] = at.Format(time.RFC3339)
			w.scheme()["NextUpdate"] = at.AddDate(0, 1, 0).Format(time.RFC3339)
		}},
	}
	for _, p := range places {
		for _, c := range []struct {
			name string
			at   time.Time
			code reason.Code
		}{
			{"a second before", certStart.Add(-time.Second), reason.TrustListSignerExpired},
			{"at the start", certStart, ""},
			{"at the end", certEnd, ""},
			{"a second after", certEnd.Add(time.Second), reason.TrustListSignerExpired},
		} {
			t.Run(p.name+" "+c.name, func(t *testing.T) {
				w := newWorld(t, "pid")
				h := w.header()
				p.set(w, h, c.at)
				l, err := verify(sign(t, w.signer, h, w.payload(t)), Options{}, w.signer.cert)
				want(t, err, c.code)
				if err == nil && !l.SignedAt.Equal(c.at) {
					t.Errorf("signed at %v, want %v", l.SignedAt, c.at)
				}
			})
		}
	}
	for name, edit := range map[string]func(obj){
		"iat before 1970":     func(h obj) { h["iat"] = -1 },
		"iat after 9999":      func(h obj) { h["iat"] = 253402300800 },
		"sigT is no time":     func(h obj) { delete(h, "iat"); h["sigT"] = "yesterday" },
		"sigT is not UTC":     func(h obj) { delete(h, "iat"); h["sigT"] = "2026-03-16T16:34:24+01:00" },
		"iat is not a number": func(h obj) { h["iat"] = issuedText },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "pid")
			h := w.header()
			edit(h)
			_, err := verify(sign(t, w.signer, h, w.payload(t)), Options{}, w.signer.cert)
			want(t, err, reason.TrustListMalformed)
		})
	}
}

// TestScheme: step 7, and the switch that makes a warning of it.
func TestScheme(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*x509.Certificate)
		code reason.Code
	}{
		{"fits", nil, ""},
		{"another country", func(c *x509.Certificate) { c.Subject.Country = []string{"DE"} }, reason.TrustListSignerSchemeMismatch},
		{"no country", func(c *x509.Certificate) { c.Subject.Country = nil }, reason.TrustListSignerSchemeMismatch},
		{"another organisation", func(c *x509.Certificate) { c.Subject.Organization = []string{"Other"} }, reason.TrustListSignerSchemeMismatch},
		{"no organisation", func(c *x509.Certificate) { c.Subject.Organization = nil }, reason.TrustListSignerSchemeMismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "pubeaa") // no self pointer to mend
			w.signer = operator(t, c.edit)
			_, err := w.verify(t, Options{})
			want(t, err, c.code)
			l, err := w.verify(t, Options{UnsafeSignerSchemeMismatch: true})
			want(t, err, "")
			if warned := len(l.Warnings) == 1; warned != (c.code != "") {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
}

// TestSignerProfile: departures of the pinned signer's certificate are warnings.
func TestSignerProfile(t *testing.T) {
	for name, edit := range map[string]func(*x509.Certificate){
		"CA":             func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true },
		"no key id":      func(c *x509.Certificate) { c.SubjectKeyId = nil },
		"more key usage": func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyAgreement },
		"no EKU":         func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "pubeaa")
			w.signer = operator(t, edit)
			l, err := w.verify(t, Options{})
			want(t, err, "")
			if len(l.Warnings) != 1 {
				t.Errorf("warnings %q", l.Warnings)
			}
		})
	}
}

// TestCommonModel: With makes a list of the common model, and the digest for the
// sequence rule is the payload's, so that a new signature changes nothing.
func TestCommonModel(t *testing.T) {
	w := newWorld(t, "pid")
	var digests [2][32]byte
	for i := range digests {
		u, err := Parse(w.list(t))
		want(t, err, "")
		var common trustlist.Unverified = u.With(Options{Profile: "pid"})
		v, err := common.Verify([]*x509.Certificate{w.signer.cert})
		want(t, err, "")
		digests[i] = v.List().Payload
	}
	if digests[0] != digests[1] || digests[0] == [32]byte{} {
		t.Error("two signatures over one payload have two digests")
	}
	w.scheme()["LoTESequenceNumber"] = 13
	l, err := w.verify(t, Options{})
	want(t, err, "")
	if l.Payload == digests[0] {
		t.Error("two payloads have one digest")
	}
}
