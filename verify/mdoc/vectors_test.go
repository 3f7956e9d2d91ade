package mdoc

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vectorDir is the topic mdoc of the test vectors made by others.
func vectorDir(t testing.TB) string {
	return vectortest.Dir(t, "mdoc")
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readHex(t testing.TB, name string) []byte { return unhex(t, string(readFile(t, name))) }

// readJSON reads a file of named texts; members of other types are left out.
func readJSON(t testing.TB, name string) map[string]string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(readFile(t, name), &all); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for k, v := range all {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// firstPEM returns the first certificate of a file, DER.
func firstPEM(t testing.TB, name string) []byte {
	t.Helper()
	block, _ := pem.Decode(readFile(t, name))
	if block == nil {
		t.Fatal("no PEM block in ", name)
	}
	return block.Bytes
}

// unwrap takes a transcript out of its tag 24.
func unwrap(t testing.TB, b []byte) []byte {
	t.Helper()
	c := open(b)
	_, content := c.embedded("transcript")
	if err := c.end("transcript"); err != nil {
		t.Fatal(err)
	}
	return content
}

func indexed(t testing.TB) []string {
	t.Helper()
	var rows []struct{ File string }
	if err := json.Unmarshal(readFile(t, "index.json"), &rows); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, r := range rows {
		files = append(files, r.File)
	}
	return files
}

// TestVectorsAreAllListed fails for a file that the index has and the table lacks,
// and the other way round.
func TestVectorsAreAllListed(t *testing.T) {
	rows := make(map[string]bool)
	for _, v := range vectors {
		rows[v.file] = true
	}
	for f := range inputs {
		if rows[f] {
			t.Errorf("%s is in both tables", f)
		}
		rows[f] = true
	}
	for _, f := range indexed(t) {
		if !rows[f] {
			t.Errorf("%s has no row", f)
		}
		delete(rows, f)
	}
	for f := range rows {
		t.Errorf("%s is not in the index", f)
	}
}

func TestVectors(t *testing.T) {
	vectorDir(t)
	for _, v := range vectors {
		t.Run(v.file+"@"+v.at, func(t *testing.T) { v.run(t) })
	}
}

func TestVectorHandovers(t *testing.T) {
	var v struct {
		Inputs struct {
			ClientID    string `json:"client_id"`
			Nonce       string `json:"nonce"`
			Thumbprint  string `json:"jwk_thumbprint_hex"`
			ResponseURI string `json:"response_uri"`
			Origin      string `json:"origin"`
		}
		Expected struct {
			Redirect string `json:"oid4vp_session_transcript"`
			DCAPI    string `json:"dcapi_session_transcript"`
		}
	}
	if err := json.Unmarshal(readFile(t, "handovers/openid4vp-1.0-spec.json"), &v); err != nil {
		t.Fatal(err)
	}
	in, thumbprint := v.Inputs, unhex(t, v.Inputs.Thumbprint)
	if got := TranscriptRedirect(in.ClientID, in.Nonce, thumbprint, in.ResponseURI); !bytes.Equal(got, unhex(t, v.Expected.Redirect)) {
		t.Errorf("redirect: %x", got)
	}
	if got := TranscriptDCAPI(in.Origin, in.Nonce, thumbprint); !bytes.Equal(got, unhex(t, v.Expected.DCAPI)) {
		t.Errorf("dc_api: %x", got)
	}
}

func (v vector) run(t *testing.T) {
	if v.load == nil {
		return // TestVectorHandovers
	}
	s := v.load(t, v.file)
	if v.at == "" {
		v.at = readJSON(t, v.file)["now"]
	}
	v.compare(t, s, true, v.want)
	if v.strict == nil {
		v.strict = v.want
	}
	v.compare(t, s, false, v.strict)
}

func (v vector) compare(t *testing.T, s sample, allowAfterCert bool, want []string) {
	t.Helper()
	docs, err := s.documents()
	if err != nil {
		if len(want) != 1 || want[0] != string(reason.CodeOf(err)) {
			t.Errorf("after cert %v: %v, want %q", allowAfterCert, err, want)
		}
		return
	}
	if len(docs) != len(want) {
		t.Fatalf("%d documents", len(docs))
	}
	at, err := time.Parse(time.RFC3339, v.at)
	if err != nil {
		t.Fatal(err)
	}
	for n, d := range docs {
		got, err := s.outcome(t, d, at, allowAfterCert)
		if got != want[n] {
			t.Errorf("document %d, after cert %v: %s (%v), want %s", n, allowAfterCert, got, err, want[n])
		}
	}
}

func (s sample) documents() ([]*Document, error) {
	if s.issued != nil {
		d, err := ParseIssuerSigned(s.docType, s.issued, limits)
		return []*Document{d}, err
	}
	r, err := Parse(s.response, limits)
	if err != nil {
		return nil, err
	}
	return r.Documents, nil
}

func (s sample) outcome(t *testing.T, d *Document, at time.Time, allowAfterCert bool) (string, error) {
	t.Helper()
	chain, err := d.Chain()
	if err != nil {
		return string(reason.CodeOf(err)), err
	}
	if s.leaf == nil {
		s.leaf = chain[0]
	}
	if !bytes.Equal(s.leaf, chain[0]) {
		t.Error("x5chain begins with another certificate than the one given")
	}
	leaf := s.cert
	if leaf == nil {
		if leaf, err = x509.ParseCertificate(s.leaf); err != nil {
			t.Fatal(err)
		}
	}
	i, err := d.VerifyIssuer(leaf, sigalgs)
	if err != nil {
		return string(reason.CodeOf(err)), err
	}
	if err = i.CheckDigests(); err == nil {
		err = i.CheckTime(at, 0, leaf, allowAfterCert)
	}
	if err == nil {
		err = i.CheckCountry(leaf)
	}
	if err == nil {
		err = i.CheckDeviceElements(d.DocType() == typePID)
	}
	if err != nil {
		return string(reason.CodeOf(err)), err
	}
	if s.transcript == nil {
		return issuerPart, nil
	}
	method, err := i.CheckDevice(s.transcript, s.emacKey, sigalgs)
	switch {
	case err != nil:
		return string(reason.CodeOf(err)), err
	case method == MethodMAC:
		return byMAC, nil
	default:
		return bySignature, nil
	}
}
