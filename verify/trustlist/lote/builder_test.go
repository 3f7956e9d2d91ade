package lote

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// obj and arr keep the builders readable.
type (
	obj = map[string]any
	arr = []any
)

const (
	issuedText = "2026-03-16T16:34:24Z"
	nextText   = "2026-09-12T16:34:24Z"
)

var (
	issued    = time.Date(2026, 3, 16, 16, 34, 24, 0, time.UTC)
	certStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	certEnd   = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
)

// holder is a certificate with its key.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (h *holder) b64() string { return base64.StdEncoding.EncodeToString(h.cert.Raw) }

// issue makes a self-signed certificate for a key on curve.
func issue(t testing.TB, curve elliptic.Curve, edit func(*x509.Certificate)) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: certStart, NotAfter: certEnd, KeyUsage: x509.KeyUsageDigitalSignature}
	edit(tmpl)
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{cert, key}
}

// operator is a list signer that keeps to its certificate profile.
func operator(t testing.TB, edit func(*x509.Certificate)) *holder {
	return issue(t, elliptic.P256(), func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "list signer", Country: []string{"EU"}, Organization: []string{"Operator"}}
		c.SubjectKeyId = []byte{1, 2, 3, 4}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{0, 4, 0, 2231, 3, 0}}
		if edit != nil {
			edit(c)
		}
	})
}

// provider is a certificate to be listed: a CA, or the signer itself.
func provider(t testing.TB, country string, ca bool) *holder {
	return issue(t, elliptic.P256(), func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "provider " + country}
		if country != "" {
			c.Subject.Country = []string{country}
		}
		c.BasicConstraintsValid, c.IsCA = ca, ca
		if ca {
			c.KeyUsage = x509.KeyUsageCertSign
		}
	})
}

func ml(value string) arr { return arr{obj{"lang": "en", "value": value}} }
func mlu(uris ...string) arr {
	var out arr
	for _, u := range uris {
		out = append(out, obj{"lang": "en", "uriValue": u})
	}
	return out
}

func identityOf(certs ...*holder) obj {
	var out arr
	for _, c := range certs {
		out = append(out, obj{"val": c.b64()})
	}
	return obj{"X509Certificates": out}
}

var postal = arr{obj{"lang": "en", "StreetAddress": "1 Street", "Country": "DE"}}

// world is a list under construction.
type world struct {
	signer   *holder
	provider *holder
	p        *profile
	doc      obj // {"LoTE": …}
}

func profileNamed(name string) *profile {
	for i := range profiles {
		if profiles[i].name == name {
			return &profiles[i]
		}
	}
	return nil
}

// newWorld builds a list that keeps to every rule of the profile, with one German
// entity and all services of the profile.
func newWorld(t testing.TB, name string) *world {
	p := profileNamed(name)
	w := &world{signer: operator(t, nil), provider: provider(t, "DE", true), p: p}
	scheme := obj{
		"LoTEVersionIdentifier": 1,
		"LoTESequenceNumber":    12,
		"LoTEType":              p.types.official[0],
		"SchemeOperatorName":    ml("Operator"),
		"SchemeOperatorAddress": obj{
			"SchemeOperatorPostalAddress":     postal,
			"SchemeOperatorElectronicAddress": mlu("https://operator.example"),
		},
		"SchemeName":                  ml("EU:list"),
		"SchemeInformationURI":        mlu("https://operator.example/info", "https://operator.example/archive"),
		"StatusDeterminationApproach": p.status.official[0],
		"SchemeTypeCommunityRules":    mlu(p.rules.official[0]),
		"SchemeTerritory":             "EU",
		"PolicyOrLegalNotice":         arr{obj{"LoTELegalNotice": "notice"}},
		"ListIssueDateTime":           issuedText,
		"NextUpdate":                  nextText,
	}
	if p.historicalPeriod == required {
		scheme["HistoricalInformationPeriod"] = p.historicalValue
	}
	if p.selfPointer == required {
		scheme["PointersToOtherLoTE"] = arr{obj{
			"LoTELocation":             "https://operator.example/list.jws",
			"ServiceDigitalIdentities": arr{identityOf(w.signer)},
			"LoTEQualifiers": arr{obj{
				"LoTEType": p.types.official[0], "SchemeOperatorName": ml("Operator"), "SchemeTerritory": "EU", "MimeType": "application/jose",
			}},
		}}
	}
	var services arr
	for _, s := range p.services {
		if !s.pilot {
			services = append(services, w.service(s.uri, w.provider))
		}
	}
	w.doc = obj{"LoTE": obj{"ListAndSchemeInformation": scheme, "TrustedEntitiesList": arr{w.entity(services)}}}
	return w
}

func (w *world) entity(services arr) obj {
	role := w.p.role + "DE"
	info, electronic := mlu("https://provider.example"), mlu("https://provider.example/contact")
	switch w.p.roleIn {
	case inInformationURI:
		info = mlu("https://provider.example", role)
	case inElectronicAddress:
		electronic = mlu("https://provider.example/contact", role)
	}
	return obj{
		"TrustedEntityInformation": obj{
			"TEName":           ml("Provider"),
			"TETradeName":      ml("VATDE-123"),
			"TEAddress":        obj{"TEPostalAddress": postal, "TEElectronicAddress": electronic},
			"TEInformationURI": info,
		},
		"TrustedEntityServices": services,
	}
}

func (w *world) service(uri string, certs ...*holder) obj {
	info := obj{
		"ServiceName":                  ml("service"),
		"ServiceDigitalIdentity":       identityOf(certs...),
		"ServiceTypeIdentifier":        uri,
		"ServiceSupplyPoints":          arr{obj{"uriValue": "https://provider.example/register"}},
		"ServiceInformationExtensions": arr{obj{"Critical": false, "ServiceUniqueIdentifier": "https://provider.example/id"}},
	}
	if w.p.serviceStatus == required {
		info["ServiceStatus"] = base + "PubEAAProvidersList/SvcStatus/notified"
		info["StatusStartingTime"] = issuedText
	}
	return obj{"ServiceInformation": info}
}

func (w *world) scheme() obj { return w.doc["LoTE"].(obj)["ListAndSchemeInformation"].(obj) }
func (w *world) entityAt(i int) obj {
	return w.doc["LoTE"].(obj)["TrustedEntitiesList"].(arr)[i].(obj)
}
func (w *world) info() obj { return w.entityAt(0)["TrustedEntityInformation"].(obj) }
func (w *world) svc(i int) obj {
	return w.entityAt(0)["TrustedEntityServices"].(arr)[i].(obj)
}
func (w *world) svcInfo(i int) obj { return w.svc(i)["ServiceInformation"].(obj) }
func (w *world) identity(i int) obj {
	return w.svcInfo(i)["ServiceDigitalIdentity"].(obj)
}
func (w *world) add(e obj) {
	l := w.doc["LoTE"].(obj)
	l["TrustedEntitiesList"] = append(l["TrustedEntitiesList"].(arr), e)
}

func (w *world) payload(t testing.TB) []byte {
	t.Helper()
	b, err := json.Marshal(w.doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) header() obj {
	return obj{"alg": "ES256", "iat": issued.Unix(), "x5c": arr{w.signer.b64()}}
}

// sign makes a compact JWS with ES256, whatever the header says.
func sign(t testing.TB, h *holder, header obj, payload []byte) []byte {
	t.Helper()
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return signRaw(t, h, head, payload)
}

func signRaw(t testing.TB, h *holder, head, payload []byte) []byte {
	t.Helper()
	enc := base64.RawURLEncoding
	in := enc.EncodeToString(head) + "." + enc.EncodeToString(payload)
	return []byte(in + "." + enc.EncodeToString(signES256(t, h.key, in)))
}

func signES256(t testing.TB, key *ecdsa.PrivateKey, in string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(in))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	n := (key.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*n)
	r.FillBytes(out[:n])
	s.FillBytes(out[n:])
	return out
}

func (w *world) list(t testing.TB) []byte { return sign(t, w.signer, w.header(), w.payload(t)) }

// verify puts bytes through both entry points.
func verify(b []byte, o Options, pinned ...*x509.Certificate) (*trustlist.List, error) {
	u, err := Parse(b)
	if err != nil {
		return nil, err
	}
	v, err := u.Verify(pinned, o)
	return v.List(), err
}

func (w *world) verify(t testing.TB, o Options) (*trustlist.List, error) {
	t.Helper()
	return verify(w.list(t), o, w.signer.cert)
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

func jsonOf(v any) ([]byte, error) { return json.Marshal(v) }
