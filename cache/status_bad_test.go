package cache_test

import (
	"bytes"
	"compress/zlib"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// deflated is a zlib stream of so many zero bytes, with a dictionary or none.
func deflated(n int, dictionary []byte) func([]byte) []byte {
	return func([]byte) []byte {
		var b bytes.Buffer
		z, _ := zlib.NewWriterLevelDict(&b, zlib.BestCompression, dictionary)
		_, _ = z.Write(make([]byte, n))
		_ = z.Close()
		return b.Bytes()
	}
}

// What status list tokens are refused for (credentials 4.7), in both forms, with a good
// one held that stays in force.
func TestStatusBad(t *testing.T) {
	w := loaded(t, none)
	type options = verifytest.TokenOptions
	both := []string{verifytest.FormJWT, verifytest.FormCWT}
	claim := func(jwt string, cwt any, v any) options {
		return options{Claims: func(m map[string]any) { m[jwt] = v }, CWTClaims: func(m map[any]any) { m[cwt] = v }}
	}
	without := func(jwt string, cwt any) options {
		return options{Claims: func(m map[string]any) { delete(m, jwt) }, CWTClaims: func(m map[any]any) { delete(m, cwt) }}
	}
	for _, c := range []struct {
		about string
		forms []string
		o     options
		want  reason.Code
	}{
		{"zip bomb", both, options{Deflated: deflated(64<<20, nil)}, reason.StatusListTooLarge},
		{"preset dictionary", both, options{Deflated: deflated(512, []byte("dictionary"))}, reason.StatusListDecompressFailed},
		{"trailing bytes", both, options{Deflated: func(b []byte) []byte { return append(b, 0) }}, reason.StatusListDecompressFailed},
		{"truncated", both, options{Deflated: func(b []byte) []byte { return b[:len(b)-5] }}, reason.StatusListDecompressFailed},
		{"wrong checksum", both, options{Deflated: func(b []byte) []byte { return verifytest.FlipBit(b, -1) }}, reason.StatusListDecompressFailed},
		{"no stream", both, options{Deflated: func([]byte) []byte { return []byte("no stream") }}, reason.StatusListDecompressFailed},
		{"bits 3", both, options{Bits: 3}, reason.StatusBitsInvalid},
		{"bits 16", both, options{Bits: 16}, reason.StatusBitsInvalid},
		{"another URI", both, options{Subject: "https://found.example/other"}, reason.StatusSubMismatch},
		{"no sub", both, without("sub", 2), reason.StatusTokenClaimMissing},
		{"no iat", both, without("iat", 6), reason.StatusTokenClaimMissing},
		{"no list", both, without("status_list", 65533), reason.StatusTokenClaimMissing},
		{"ttl 0", both, claim("ttl", 65534, 0), reason.StatusTokenClaimMissing},
		{"exp in the past", both, options{Expires: w.Now.Add(-time.Second)}, reason.StatusTokenExpired},
		{"iat in the future", both, claim("iat", 6, w.Now.Add(cache.StatusSkew+time.Second).Unix()), reason.StatusTokenClaimMissing},
		{"damaged", both[:1], options{Damage: func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }}, reason.StatusTokenSignatureInvalid},
		{"damaged", both[1:], options{Damage: func(b []byte) []byte { return verifytest.FlipBit(b, -1) }}, reason.StatusTokenSignatureInvalid},
		{"cut off", both, options{Damage: func(b []byte) []byte { return b[:len(b)/2] }}, reason.StatusTokenMalformed},
		{"bytes after it", both[1:], options{Damage: func(b []byte) []byte { return append(b, 0) }}, reason.StatusTokenMalformed},
		{"nothing", both, options{Damage: func([]byte) []byte { return nil }}, reason.StatusTokenTypeInvalid},
		{"no tag", both[1:], options{Untagged: true}, reason.StatusTokenTypeInvalid},
		{"CWT tag", both[1:], options{Damage: func(b []byte) []byte { return append([]byte{0xd8, 61}, b...) }}, reason.StatusTokenTypeInvalid},
		{"another type", both[1:], options{Protected: func(m map[any]any) { m[16] = "application/cwt" }}, reason.StatusTokenTypeInvalid},
		{"alg none", both[:1], options{Header: func(m map[string]any) { m["alg"] = "none" }}, reason.StatusTokenSignatureInvalid},
		{"a MAC", both[:1], options{Header: func(m map[string]any) { m["alg"] = "HS256" }}, reason.StatusTokenSignatureInvalid},
		{"no certificate", both, options{NoChain: true}, reason.StatusSignerUntrusted},
		{"a stranger's", both, options{Signer: w.Stranger().Revocation}, reason.StatusSignerUntrusted},
		{"too large", both, options{Damage: func([]byte) []byte { return make([]byte, cache.MaxStatus+1) }}, reason.StatusListTooLarge},
	} {
		for i, form := range c.forms {
			t.Run(c.about+" "+form, func(t *testing.T) {
				w := *w
				w.t = t
				uri := "https://found.example/" + strings.ReplaceAll(c.about, " ", "-") + form
				l := w.MDL().NewStatusList(uri, 1, 4096)
				w.find(w.MDL(), uri)
				good := w.token(l, form, w.Now.Add(-time.Minute), options{})
				w.admitStatus(uri, good, w.Now)
				w.refuse(artefact.Status, uri, artefact.Origin, w.token(l, form, w.Now, c.o), w.Now, c.want)
				if held := w.held(statuslist.StatusList, uri); len(held) != 1 || held[0].SHA256 != artefact.Sum(good) {
					t.Errorf("case %d: %d tokens held", i, len(held))
				}
				if k, _ := w.keptInfo(statusID(uri)); k.Refused == nil || k.Refused.Code != c.want {
					t.Errorf("%+v", k.Refused)
				}
			})
		}
	}
	w.wantAccounts("after refusals")
}

// A real token of 2025 whose signature is ECDSA in DER, which COSE does not know.
func TestStatusSignatureInDER(t *testing.T) {
	text := vectortest.Read(t, "statuslist", "eudi-dev-issuer-2025-09.cwt.hex")
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	u, err := statuslist.ParseCWT(b)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := u.Chain()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 9, 7, 0, 0, 0, 0, time.UTC)
	s := cache.New(cache.Options{Status: []string{u.URI()}, Sources: []cache.Source{{
		Name: "pid", Type: artefact.Anchors, Kind: "pid", Purposes: []trustlist.Purpose{trustlist.Revocation}, Territory: "UT", Types: []string{"x"},
	}}}, at)
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[len(chain)-1]})
	if _, err := s.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.Anchors, Name: "pid"}, Door: artefact.File, Bytes: bundle, At: at}); err != nil {
		t.Skip("the signer's certificate cannot be an anchor: ", err)
	}
	_, err = s.Admit(artefact.Raw{ID: statusID(u.URI()), Door: artefact.Origin, Bytes: b, At: at})
	wantCode(t, "DER", err, reason.StatusTokenSignatureInvalid)
}

// What identifier lists are refused for beside that (credentials 5).
func TestIdentifiersBad(t *testing.T) {
	w := loaded(t, none)
	type options = verifytest.IdentifierOptions
	token := func(o verifytest.TokenOptions) options { return options{TokenOptions: o} }
	const uri = "https://ids.example/1"
	w.store.Discover(lackingIDs(w, uri))
	w.store.FollowFound(w.Now)
	l := w.MDL().IdentifierList(uri)
	good := w.identifiers(l, w.Now.Add(-time.Minute), options{})
	w.must(w.admit(artefact.IdentifierList, uri, artefact.Origin, good, w.Now))
	for _, c := range []struct {
		about string
		o     options
		want  reason.Code
	}{
		{"CWT tag", options{CWTTag: true}, reason.IDListTypeInvalid},
		{"no tag", token(verifytest.TokenOptions{Untagged: true}), reason.IDListTypeInvalid},
		{"type among the claims", options{TypeInClaims: true}, reason.IDListTypeInvalid},
		{"short type", options{Type: "identifierlist+cwt"}, reason.IDListTypeInvalid},
		{"a status list, too", options{StatusList: true}, reason.IDListHasStatusList},
		{"no certificate", token(verifytest.TokenOptions{NoChain: true}), reason.IDListX5ChainMissing},
		{"unprotected certificate", token(verifytest.TokenOptions{UnprotectedX5: true}), reason.IDListX5ChainMissing},
		{"no exp", token(verifytest.TokenOptions{NoExpiry: true}), reason.IDListExpMissing},
		{"an identifier twice", options{DuplicateID: true}, reason.IDListTokenMalformed},
		{"no identifiers", options{NoIdentifiers: true}, reason.IDListTokenMalformed},
		{"identifiers that are text", options{Identifiers: map[string]any{"one": map[string]any{}}}, reason.IDListTokenMalformed},
		{"no list", options{List: 7}, reason.IDListTokenMalformed},
		{"exp in the past", token(verifytest.TokenOptions{Expires: w.Now}), reason.StatusTokenExpired},
		{"another URI", token(verifytest.TokenOptions{Subject: "https://ids.example/2"}), reason.StatusSubMismatch},
		{"a stranger's", token(verifytest.TokenOptions{Signer: w.Stranger().Revocation}), reason.StatusSignerUntrusted},
		{"damaged", token(verifytest.TokenOptions{Damage: func(b []byte) []byte { return verifytest.FlipBit(b, -1) }}), reason.StatusTokenSignatureInvalid},
		{"cut off", token(verifytest.TokenOptions{Damage: func(b []byte) []byte { return b[:len(b)/2] }}), reason.IDListTokenMalformed},
	} {
		_, err := w.admit(artefact.IdentifierList, uri, artefact.Origin, w.identifiers(l, w.Now, c.o), w.Now)
		wantCode(t, c.about, err, c.want)
		if held := w.held(statuslist.IdentifierList, uri); len(held) != 1 || held[0].SHA256 != artefact.Sum(good) {
			t.Errorf("%s: %d tokens held", c.about, len(held))
		}
	}
}

// What revocation lists are refused for (credentials 6).
func TestCRLBad(t *testing.T) {
	w := loaded(t, none)
	de, fr := w.PID("DE"), w.PID("FR")
	type options = verifytest.CRLOptions
	n := func(o options) options { o.Number = big.NewInt(50); return o }
	good := w.crl(de.CRL(), options{Number: big.NewInt(40)})
	w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, good, w.Now))
	held := func() []*crl.List { return w.store.View().CRLs(crl.IssuerOf(de.CA.Cert)).Lists }
	before := held()
	unknown := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	for _, c := range []struct {
		about string
		b     []byte
		want  reason.Code
	}{
		{"another CA's", w.crl(fr.CRL(), n(options{})), reason.CRLIssuerMismatch},
		{"another CA's signature", w.crl(de.CRL(), n(options{Signer: fr.CA})), reason.CRLSignatureInvalid},
		{"damaged", w.crl(de.CRL(), n(options{Damage: func(b []byte) []byte { return verifytest.FlipBit(b, -1) }})), reason.CRLSignatureInvalid},
		{"lower number", w.crl(de.CRL(), options{Number: big.NewInt(39)}), reason.CRLRollback},
		{"no number", w.crl(de.CRL(), options{NoNumber: true}), reason.CRLMalformed},
		{"unknown critical extension", w.crl(de.CRL(), n(options{Extensions: []pkix.Extension{unknown}})), reason.CRLCriticalExtensionUnknown},
		{"a delta", w.crl(de.CRL(), n(options{BaseNumber: big.NewInt(1)})), reason.CRLCriticalExtensionUnknown},
		{"of some certificates", w.crl(de.CRL(), n(options{Scope: &verifytest.CRLScope{OnlyUser: true}})), reason.CRLCriticalExtensionUnknown},
		{"thisUpdate a second past the tolerance", w.crl(de.CRL(), n(options{ThisUpdate: w.Now.Add(cache.ListSkew + time.Second)})), reason.CRLMalformed},
		{"nextUpdate a second ago", w.crl(de.CRL(), n(options{ThisUpdate: w.Now.Add(-time.Hour), NextUpdate: w.Now.Add(-time.Second)})), reason.CRLExpired},
		{"no nextUpdate", w.crl(de.CRL(), n(options{NoNextUpdate: true})), reason.CRLMalformed},
		{"bytes after it", w.crl(de.CRL(), n(options{Damage: func(b []byte) []byte { return append(b, 0) }})), reason.CRLMalformed},
		{"PEM of something else", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.crl(de.CRL(), n(options{}))}), reason.CRLMalformed},
		{"nothing", nil, reason.CRLMalformed},
	} {
		_, err := w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, c.b, w.Now)
		wantCode(t, c.about, err, c.want)
		if !slices.Equal(before, held()) {
			t.Errorf("%s changed what is held", c.about)
		}
	}
	inPEM := func(o options) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.crl(de.CRL(), o)})
	}
	for i, b := range [][]byte{
		inPEM(options{Number: big.NewInt(51)}),
		w.crl(de.CRL(), options{Number: big.NewInt(52), ThisUpdate: w.Now.Add(cache.ListSkew)}),
		w.crl(de.CRL(), options{Number: big.NewInt(53), ThisUpdate: w.Now.Add(-time.Hour), NextUpdate: w.Now}),
		w.crl(de.CRL(), options{Number: new(big.Int).Lsh(big.NewInt(1), 150), NextUpdate: w.Now.Add(time.Second)}),
	} {
		if out := w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, b, w.Now)); out.Unchanged || len(held()) != 1 {
			t.Errorf("list %d: %+v, %d held", i, out, len(held()))
		}
	}
	w.wantAccounts("after refusals")
}
