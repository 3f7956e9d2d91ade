package jose_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// outcome is one case: what its file says, what we say, and why if they differ.
type outcome struct {
	name  string
	valid bool // by the file
	err   error
	why   string // the design rule by which we differ; "" if we must not
}

// The rules by which a case of others may come out differently here.
const (
	symmetric      = "symmetric keys are no credential's: HS256 is not built"
	keyAlg         = "the JWK names another alg than the header (RFC 7517 section 4.4)"
	algUnprotected = "alg must be in the protected header (RFC 9052 section 3.1)"
	curveBound     = "each ECDSA algorithm is bound to one curve"
	oneMAC         = "HMAC 256/256 is the one MAC of ISO/IEC 18013-5"
)

// vectors has a row for every file of the topic: which entry point it goes
// through, and for a file with a single case its outcome here.
var vectors = map[string]struct {
	run  func(*testing.T, []byte, row) []outcome
	want row
}{
	"wycheproof/ecdsa_secp256r1_sha256_p1363_test.json.gz": {run: rawECDSA, want: row{alg: sigalg.ES256}},
	"wycheproof/ecdsa_secp384r1_sha384_p1363_test.json.gz": {run: rawECDSA, want: row{alg: sigalg.ES384}},
	"wycheproof/ecdsa_secp256r1_sha256_test.json.gz":       {run: derECDSA},
	"wycheproof/rsa_signature_2048_sha256_test.json.gz":    {run: rsaPKCS1},
	"wycheproof/json_web_signature_test.json.gz":           {run: webSignature},
	"wycheproof/ecdh_secp256r1_ecpoint_test.json.gz":       {run: keyAgreement},

	"cose-wg/CWT-A_3.json":                     {run: sign1},
	"cose-wg/RFC8152-Appendix_C_2_1.json":      {run: sign1},
	"cose-wg/ecdsa-examples-ecdsa-sig-01.json": {run: sign1},
	"cose-wg/ecdsa-examples-ecdsa-sig-02.json": {run: sign1},
	"cose-wg/ecdsa-examples-ecdsa-sig-03.json": {run: sign1},
	"cose-wg/ecdsa-examples-ecdsa-sig-04.json": {run: sign1, want: row{err: cose.ErrAlg, why: curveBound}},
	"cose-wg/sign1-tests-sign-fail-01.json":    {run: sign1, want: row{err: cose.ErrTag}},
	"cose-wg/sign1-tests-sign-fail-02.json":    {run: sign1, want: row{err: cose.ErrSignature}},
	"cose-wg/sign1-tests-sign-fail-03.json":    {run: sign1, want: row{err: cose.ErrAlg}},
	"cose-wg/sign1-tests-sign-fail-04.json":    {run: sign1, want: row{err: cose.ErrAlg}},
	"cose-wg/sign1-tests-sign-fail-06.json":    {run: sign1, want: row{err: cose.ErrSignature}},
	"cose-wg/sign1-tests-sign-fail-07.json":    {run: sign1, want: row{err: cose.ErrSignature}},
	"cose-wg/sign1-tests-sign-pass-01.json":    {run: sign1, want: row{err: cose.ErrAlg, why: algUnprotected}},
	"cose-wg/sign1-tests-sign-pass-02.json":    {run: sign1},
	"cose-wg/sign1-tests-sign-pass-03.json":    {run: sign1, want: row{untagged: true}},

	"cose-wg/RFC8152-Appendix_C_6_1.json": {run: mac0, want: row{err: cose.ErrAlg, why: oneMAC}},
	"cose-wg/mac0-tests-HMac-01.json":     {run: mac0},
	"cose-wg/mac0-tests-mac-fail-01.json": {run: mac0, want: row{err: cose.ErrTag}},
	"cose-wg/mac0-tests-mac-fail-02.json": {run: mac0, want: row{err: cose.ErrMAC}},
	"cose-wg/mac0-tests-mac-fail-03.json": {run: mac0, want: row{err: cose.ErrAlg}},
	"cose-wg/mac0-tests-mac-fail-04.json": {run: mac0, want: row{err: cose.ErrAlg}},
	"cose-wg/mac0-tests-mac-fail-06.json": {run: mac0, want: row{err: cose.ErrMAC}},
	"cose-wg/mac0-tests-mac-fail-07.json": {run: mac0, want: row{err: cose.ErrMAC}},
	"cose-wg/mac0-tests-mac-pass-01.json": {run: mac0, want: row{err: cose.ErrAlg, why: algUnprotected}},
	"cose-wg/mac0-tests-mac-pass-02.json": {run: mac0, want: row{err: cose.ErrAlg, why: algUnprotected}},
	"cose-wg/mac0-tests-mac-pass-03.json": {run: mac0, want: row{err: cose.ErrAlg, why: algUnprotected, untagged: true}},

	"go-cose/sign1-verify-0000.json":          {run: goCOSE},
	"go-cose/sign1-verify-0001.json":          {run: goCOSE},
	"go-cose/sign1-verify-negative-0000.json": {run: goCOSE, want: row{err: cose.ErrMalformed}},
	"go-cose/sign1-verify-negative-0001.json": {run: goCOSE, want: row{err: cose.ErrMalformed}},
}

type row struct {
	alg      sigalg.Alg
	err      error
	why      string
	untagged bool
}

// differs is how many cases come out differently for each rule: a number that
// moves is a decision somebody took.
var differs = map[string]int{symmetric: 10, keyAlg: 2, algUnprotected: 4, curveBound: 1, oneMAC: 1}

func TestVectors(t *testing.T) {
	dir := vectortest.Dir(t, "jwt-cose")
	var index []struct{ File string }
	unmarshal(t, read(t, filepath.Join(dir, "index.json")), &index)
	var listed []string
	for _, e := range index {
		if listed = append(listed, e.File); vectors[e.File].run == nil {
			t.Errorf("%s has no row in the table", e.File)
		}
	}
	cases, expected, different := 0, 0, 0
	seen := map[string]int{}
	for file, v := range vectors {
		if !slices.Contains(listed, file) {
			t.Errorf("%s is not in the index", file)
			continue
		}
		results := v.run(t, read(t, filepath.Join(dir, file)), v.want)
		if len(results) == 0 {
			t.Errorf("%s has no case", file)
		}
		for _, o := range results {
			cases++
			switch same := (o.err == nil) == o.valid; {
			case same && o.why == "":
				expected++
			case !same && o.why != "" && o.err != nil: // never looser than the file
				different++
				seen[o.why]++
			default:
				t.Errorf("%s, %s: the file says valid %v, we say %v, rule %q", file, o.name, o.valid, o.err, o.why)
			}
		}
	}
	for why, n := range differs {
		if seen[why] != n {
			t.Errorf("%d cases differ instead of %d: %s", seen[why], n, why)
		}
		t.Logf("%d differ: %s", seen[why], why)
	}
	t.Logf("jwt-cose: %d files, %d cases, %d as expected, %d differ by design", len(listed), cases, expected, different)
}

// wycheproof is what the files of that project have in common.
type wycheproof struct {
	TestGroups []struct {
		PublicKeyDer    hexBytes
		Public, Private map[string]any
		Tests           []wycheproofCase
	}
}

type wycheproofCase struct {
	TcID    int
	Comment string
	Result  string // valid, invalid, or acceptable: either will do
	Msg     hexBytes
	Sig     hexBytes
	JWS     string
	Public  hexBytes
	Private hexBytes
	Shared  hexBytes
}

func (c wycheproofCase) outcome(err error) outcome {
	valid := c.Result == "valid" || c.Result == "acceptable" && err == nil
	return outcome{name: c.Comment, valid: valid, err: err}
}

func rawECDSA(t *testing.T, b []byte, want row) (out []outcome) {
	var w wycheproof
	unmarshal(t, b, &w)
	for _, g := range w.TestGroups {
		key := publicKey(t, g.PublicKeyDer)
		for _, c := range g.Tests {
			out = append(out, c.outcome(sigalg.Verify(want.alg, key, c.Msg, c.Sig)))
		}
	}
	return out
}

// derECDSA is what chains and revocation lists are verified by. Raw signatures are
// ours: what is valid in ASN.1 is valid as r and s too, and ASN.1 is never taken
// for r and s.
func derECDSA(t *testing.T, b []byte, _ row) (out []outcome) {
	var w wycheproof
	unmarshal(t, b, &w)
	for _, g := range w.TestGroups {
		key := publicKey(t, g.PublicKeyDer).(*ecdsa.PublicKey)
		for _, c := range g.Tests {
			err := sigalg.ErrSignature
			if ecdsa.VerifyASN1(key, digest256(c.Msg), c.Sig) {
				err = nil
				var rs struct{ R, S *big.Int }
				if _, err = asn1.Unmarshal(c.Sig, &rs); err == nil {
					raw := append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
					err = sigalg.Verify(sigalg.ES256, key, c.Msg, raw)
				}
			}
			if sigalg.Verify(sigalg.ES256, key, c.Msg, c.Sig) == nil {
				t.Errorf("%d: ASN.1 taken for r and s", c.TcID)
			}
			out = append(out, c.outcome(err))
		}
	}
	return out
}

func rsaPKCS1(t *testing.T, b []byte, _ row) (out []outcome) {
	var w wycheproof
	unmarshal(t, b, &w)
	for _, g := range w.TestGroups {
		key := publicKey(t, g.PublicKeyDer)
		for _, c := range g.Tests {
			err := sigalg.Verify(sigalg.RS256, key, c.Msg, c.Sig)
			if err == nil && sigalg.Verify(sigalg.PS256, key, c.Msg, c.Sig) == nil {
				t.Errorf("%d: PKCS#1 v1.5 taken for PSS", c.TcID)
			}
			out = append(out, c.outcome(err))
		}
	}
	return out
}

// webSignature allows what the group's key says it is for, or else what fits it, as
// a caller who knows the key does.
func webSignature(t *testing.T, b []byte, _ row) (out []outcome) {
	var w wycheproof
	unmarshal(t, b, &w)
	for _, g := range w.TestGroups {
		if _, err := jose.Key(g.Private); err != jose.ErrKeyPrivate {
			t.Errorf("private or symmetric key: %v", err)
		}
		key, keyErr := jose.Key(g.Public)
		named, _ := g.Public["alg"].(string)
		allowed := sigalg.Set{sigalg.Alg(named)}
		if !sigalg.Lists.Has(allowed[0]) {
			allowed = sigalg.Lists
		}
		for _, c := range g.Tests {
			j, err := jose.Parse(c.JWS)
			if err == nil {
				if keyErr != nil && j.Verify(key, sigalg.Lists) == nil {
					t.Errorf("%d: verifies without a key", c.TcID)
				}
				if err = keyErr; err == nil {
					err = j.Verify(key, allowed)
				}
			}
			o := c.outcome(err)
			switch {
			case o.valid && err != nil && g.Private["kty"] == "oct":
				o.why = symmetric
			case o.valid && err == jose.ErrAlg && named != j.Header.Alg:
				o.why = keyAlg
			}
			out = append(out, o)
		}
	}
	return out
}

// keyAgreement has no code of ours: a verifier is handed the EMacKey. It shows that
// the library which derives one refuses every bad point, and a compressed one.
func keyAgreement(t *testing.T, b []byte, _ row) (out []outcome) {
	var w wycheproof
	unmarshal(t, b, &w)
	for _, g := range w.TestGroups {
		for _, c := range g.Tests {
			priv, err := ecdh.P256().NewPrivateKey(scalar(c.Private))
			if err != nil {
				t.Fatalf("%d: %v", c.TcID, err)
			}
			pub, err := ecdh.P256().NewPublicKey(c.Public)
			if err == nil {
				var shared []byte
				if shared, err = priv.ECDH(pub); err == nil && !bytes.Equal(shared, c.Shared) {
					err = sigalg.ErrSignature
				}
			}
			out = append(out, c.outcome(err))
		}
	}
	return out
}

// coseWG is an example of the COSE working group.
type coseWG struct {
	Title string
	Input struct {
		Sign0 struct {
			Key      map[string]any
			External hexBytes
		}
		Mac0 struct {
			External   hexBytes
			Recipients []struct{ Key struct{ K string } }
		}
	}
	Fail   bool
	Output struct{ CBOR hexBytes }
}

func sign1(t *testing.T, b []byte, want row) []outcome {
	var v coseWG
	unmarshal(t, b, &v)
	key := coseWGKey(t, v.Input.Sign0.Key)
	err := checkSign1(t, v.Output.CBOR, key, v.Input.Sign0.External, want)
	return []outcome{{v.Title, !v.Fail, err, want.why}}
}

func mac0(t *testing.T, b []byte, want row) []outcome {
	var v coseWG
	unmarshal(t, b, &v)
	key, err := b64.URL(v.Input.Mac0.Recipients[0].Key.K)
	if err != nil {
		t.Fatal(err)
	}
	m, err := cose.ParseMac0(v.Output.CBOR, tagRule(want))
	if err == nil {
		err = m.Verify(key, nil, v.Input.Mac0.External)
	}
	checkError(t, v.Title, err, want)
	return []outcome{{v.Title, !v.Fail, err, want.why}}
}

func goCOSE(t *testing.T, b []byte, want row) []outcome {
	var v struct {
		Title  string
		Key    map[string]any
		Verify struct {
			Tagged       struct{ CBORHex hexBytes } `json:"taggedCOSESign1"`
			External     hexBytes
			ShouldVerify bool
		} `json:"sign1::verify"`
	}
	unmarshal(t, b, &v)
	key, err := jose.Key(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	err = checkSign1(t, v.Verify.Tagged.CBORHex, key, v.Verify.External, want)
	return []outcome{{v.Title, v.Verify.ShouldVerify, err, want.why}}
}

func checkSign1(t *testing.T, b []byte, key crypto.PublicKey, external []byte, want row) error {
	s, err := cose.ParseSign1(b, tagRule(want))
	if err == nil {
		err = s.Verify(key, sigalg.Credentials, nil, external)
	}
	checkError(t, "sign1", err, want)
	return err
}

func checkError(t *testing.T, name string, err error, want row) {
	if err != want.err {
		t.Errorf("%s: %v instead of %v", name, err, want.err)
	}
}

func tagRule(want row) cose.TagRule {
	if want.untagged {
		return cose.TagForbidden
	}
	return cose.TagRequired
}

// coseWGKey reads the JWK of an example, whose coordinates may be in hexadecimal.
func coseWGKey(t *testing.T, jwk map[string]any) crypto.PublicKey {
	public := map[string]any{"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]}
	for _, name := range []string{"x", "y"} {
		if s, ok := jwk[name+"_hex"].(string); ok {
			b, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			public[name] = b64.EncodeURL(b)
		}
	}
	key, err := jose.Key(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err == nil && strings.HasSuffix(path, ".gz") {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(z)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unmarshal(t *testing.T, b []byte, out any) {
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
}

func publicKey(t *testing.T, der []byte) crypto.PublicKey {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func digest256(msg []byte) []byte {
	h := crypto.SHA256.New()
	h.Write(msg)
	return h.Sum(nil)
}

// scalar brings a number to the length of the field.
func scalar(b []byte) []byte { return new(big.Int).SetBytes(b).FillBytes(make([]byte, 32)) }
