package mdoc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

const (
	typeMDL = "org.iso.18013.5.1.mDL"
	nsMDL   = "org.iso.18013.5.1"
	typePID = "eu.europa.ec.eudi.pid.1"
)

// now is the instant of every test; certificates and documents lie around it.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// signer is a document signer.
type signer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// newSigner makes a document signer of a country and, if not empty, a state.
func newSigner(country, state string) *signer {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	name := pkix.Name{CommonName: "document signer"}
	if country != "" {
		name.Country = []string{country}
	}
	if state != "" {
		name.Province = []string{state}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: name,
		NotBefore: now.Add(-200 * 24 * time.Hour), NotAfter: now.Add(200 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &signer{key, must(x509.ParseCertificate(der))}
}

var (
	german    = sync.OnceValue(func() *signer { return newSigner("DE", "") })
	deviceKey = sync.OnceValue(func() *ecdsa.PrivateKey {
		return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	})
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func encode(v any) cbor.RawMessage { return must(cbor.Marshal(v)) }

func tag24(b []byte) cbor.RawMessage { return encode(cbor.Tag{Number: 24, Content: b}) }

func date(t time.Time) cbor.Tag {
	return cbor.Tag{Number: 0, Content: t.UTC().Format("2006-01-02T15:04:05Z")}
}

type element struct {
	name  string
	value any
}

// maker makes a DeviceResponse with one document. The functions are the places
// where a test may do damage; nil leaves the place as it is.
type maker struct {
	signer     *signer
	docType    string
	spaces     map[string][]element
	digestAlg  string
	transcript []byte
	emacKey    []byte // a MAC instead of a signature
	deviceKey  any    // COSE_Key
	device     any    // the device's namespaces

	item          func(ns string, n int, m map[string]any)
	onWire        func(ns string, n int, raw cbor.RawMessage) cbor.RawMessage // after its digest
	mso           func(m map[string]any)
	payload       func(mso cbor.RawMessage) any
	headers       func(protected, unprotected map[any]any)
	issuerAuth    func(parts []any) any
	issuerSigned  func(m map[string]any)
	deviceHeaders func(protected map[any]any)
	proof         func(parts []any) any
	deviceSigned  func(m map[string]any)
	document      func(m map[string]any)
	response      func(m map[string]any)
}

func newMaker() *maker {
	m := &maker{
		signer: german(), docType: typeMDL, digestAlg: "SHA-256",
		transcript: TranscriptRedirect("x509_hash:abc", "nonce", nil, "https://rp.example/response"),
		device:     map[string]any{},
		spaces: map[string][]element{nsMDL: {
			{"family_name", "Mustermann"}, {"given_name", "Erika"},
			{"birth_date", cbor.Tag{Number: 1004, Content: "1984-01-26"}},
			{"issue_date", date(now.Add(-time.Hour))},
			{"expiry_date", cbor.Tag{Number: 1004, Content: "2030-01-01"}},
			{"issuing_country", "DE"}, {"issuing_authority", "KBA"}, {"document_number", "A1"},
			{"portrait", bytes.Repeat([]byte{7}, 1500)}, {"age_over_18", true},
		}},
	}
	m.deviceKey = coseKey(&deviceKey().PublicKey)
	return m
}

func coseKey(k *ecdsa.PublicKey) map[any]any {
	point := must(k.Bytes())
	n := len(point) / 2
	crv := map[int]int{32: 1, 48: 2, 66: 3}[n]
	return map[any]any{1: 2, -1: crv, -2: point[1 : 1+n], -3: point[1+n:]}
}

func sum(alg string, b []byte) []byte {
	switch alg {
	case "SHA-384":
		s := sha512.Sum384(b)
		return s[:]
	case "SHA-512":
		s := sha512.Sum512(b)
		return s[:]
	default:
		s := sha256.Sum256(b)
		return s[:]
	}
}

// sign makes the fixed-length signature of COSE.
func sign(key *ecdsa.PrivateKey, protected, payload []byte) []byte {
	tbs := encode([]any{"Signature1", protected, []byte{}, payload})
	n := (key.Params().BitSize + 7) / 8
	r, s, err := ecdsa.Sign(rand.Reader, key, sum(map[int]string{32: "SHA-256", 48: "SHA-384", 66: "SHA-512"}[n], tbs))
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...)
}

func (m *maker) makeIssuerSigned() map[string]any {
	spaces, digests := map[string]any{}, map[string]any{}
	for ns, elements := range m.spaces {
		items := []any{}
		sums := map[any]any{99: make([]byte, len(sum(m.digestAlg, nil)))} // one that is not presented
		for n, e := range elements {
			it := map[string]any{"digestID": n, "random": bytes.Repeat([]byte{byte(n)}, 16),
				"elementIdentifier": e.name, "elementValue": e.value}
			if m.item != nil {
				m.item(ns, n, it)
			}
			raw := tag24(encode(it))
			sums[n] = sum(m.digestAlg, raw)
			if m.onWire != nil {
				raw = m.onWire(ns, n, raw)
			}
			items = append(items, raw)
		}
		spaces[ns], digests[ns] = items, sums
	}
	out := map[string]any{"nameSpaces": spaces, "issuerAuth": m.makeIssuerAuth(digests)}
	if m.issuerSigned != nil {
		m.issuerSigned(out)
	}
	return out
}

func (m *maker) makeIssuerAuth(digests map[string]any) any {
	mso := map[string]any{
		"version": "1.0", "digestAlgorithm": m.digestAlg, "valueDigests": digests,
		"deviceKeyInfo": map[string]any{"deviceKey": m.deviceKey}, "docType": m.docType,
		"validityInfo": map[string]any{"signed": date(now.Add(-time.Hour)),
			"validFrom": date(now.Add(-time.Hour)), "validUntil": date(now.Add(time.Hour))},
	}
	if m.mso != nil {
		m.mso(mso)
	}
	var payload any = []byte(tag24(encode(mso)))
	if m.payload != nil {
		payload = m.payload(encode(mso))
	}
	protected, unprotected := map[any]any{1: -7}, map[any]any{33: m.signer.cert.Raw}
	if m.headers != nil {
		m.headers(protected, unprotected)
	}
	rawProtected := []byte(encode(protected))
	content, _ := payload.([]byte)
	parts := []any{rawProtected, unprotected, payload, sign(m.signer.key, rawProtected, content)}
	if m.issuerAuth != nil {
		return m.issuerAuth(parts)
	}
	return parts
}

func (m *maker) makeDeviceSigned() map[string]any {
	spaces := tag24(encode(m.device))
	tbs := tag24(encode([]any{"DeviceAuthentication", cbor.RawMessage(m.transcript), m.docType, spaces}))
	protected, member := map[any]any{1: -7}, "deviceSignature"
	if m.emacKey != nil {
		protected, member = map[any]any{1: 5}, "deviceMac"
	}
	if m.deviceHeaders != nil {
		m.deviceHeaders(protected)
	}
	raw := []byte(encode(protected))
	parts := []any{raw, map[any]any{}, nil, nil}
	if m.emacKey != nil {
		h := hmac.New(sha256.New, m.emacKey)
		h.Write(encode([]any{"MAC0", raw, []byte{}, []byte(tbs)}))
		parts[3] = h.Sum(nil)
	} else {
		parts[3] = sign(deviceKey(), raw, tbs)
	}
	var proof any = parts
	if m.proof != nil {
		proof = m.proof(parts)
	}
	out := map[string]any{"nameSpaces": spaces, "deviceAuth": map[string]any{member: proof}}
	if m.deviceSigned != nil {
		m.deviceSigned(out)
	}
	return out
}

func (m *maker) makeDocument() map[string]any {
	d := map[string]any{"docType": m.docType, "issuerSigned": m.makeIssuerSigned(), "deviceSigned": m.makeDeviceSigned()}
	if m.document != nil {
		m.document(d)
	}
	return d
}

// make returns the encoded DeviceResponse.
func (m *maker) make() []byte {
	r := map[string]any{"version": "1.0", "documents": []any{m.makeDocument()}, "status": 0}
	if m.response != nil {
		m.response(r)
	}
	return encode(r)
}

// limits are those of a test that is not about limits.
var limits = Limits{Bytes: 64 << 10, Documents: 16, Elements: 64}

// add puts a member of a map in place.
func add(key string, value any) func(map[string]any) {
	return func(m map[string]any) { m[key] = value }
}

func remove(key string) func(map[string]any) {
	return func(m map[string]any) { delete(m, key) }
}

// within applies a change to a map inside a map.
func within(key string, change func(map[string]any)) func(map[string]any) {
	return func(m map[string]any) { change(m[key].(map[string]any)) }
}

// parseOne parses a response that must hold one document.
func parseOne(t testing.TB, b []byte) *Document {
	t.Helper()
	r, err := Parse(b, limits)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Documents) != 1 {
		t.Fatal(fmt.Sprint(len(r.Documents), " documents"))
	}
	return r.Documents[0]
}

// content24 is what tag 24 wraps.
func content24(raw []byte) []byte {
	c := open(raw)
	_, content := c.embedded("it")
	if c.err != nil {
		panic(c.err)
	}
	return content
}
