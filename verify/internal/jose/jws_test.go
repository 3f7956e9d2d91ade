package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

type keyPair struct {
	priv crypto.Signer
	pub  crypto.PublicKey
}

// keys signs what the tests present. The elliptic ones are fixed, so that what a
// fuzz target finds can be played again.
var keys = func() map[sigalg.Alg]keyPair {
	out := map[sigalg.Alg]keyPair{}
	for alg, c := range map[sigalg.Alg]elliptic.Curve{sigalg.ES256: elliptic.P256(), sigalg.ES384: elliptic.P384(), sigalg.ES512: elliptic.P521()} {
		d := bytes.Repeat([]byte{1}, (c.Params().BitSize+7)/8)
		d[0] = 0
		k, err := ecdsa.ParseRawPrivateKey(c, d)
		if err != nil {
			panic(err)
		}
		out[alg] = keyPair{k, &k.PublicKey}
	}
	ed := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	out[sigalg.EdDSA] = keyPair{ed, ed.Public()}
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	for _, alg := range []sigalg.Alg{sigalg.PS256, sigalg.PS384, sigalg.PS512, sigalg.RS256, sigalg.RS384, sigalg.RS512} {
		out[alg] = keyPair{k, &k.PublicKey}
	}
	return out
}()

// sign makes a compact JWS whose signature is good, whatever the header says.
func sign(alg sigalg.Alg, header, payload string) string {
	signed := b64.EncodeURL([]byte(header)) + "." + b64.EncodeURL([]byte(payload))
	return signed + "." + b64.EncodeURL(rawSignature(alg, signed))
}

func rawSignature(alg sigalg.Alg, signed string) []byte {
	hash := map[sigalg.Alg]crypto.Hash{
		sigalg.ES256: crypto.SHA256, sigalg.PS256: crypto.SHA256, sigalg.RS256: crypto.SHA256,
		sigalg.ES384: crypto.SHA384, sigalg.PS384: crypto.SHA384, sigalg.RS384: crypto.SHA384,
		sigalg.ES512: crypto.SHA512, sigalg.PS512: crypto.SHA512, sigalg.RS512: crypto.SHA512,
	}[alg]
	digest := []byte(signed)
	if hash != 0 {
		h := hash.New()
		h.Write(digest)
		digest = h.Sum(nil)
	}
	var sig []byte
	var err error
	switch k := keys[alg].priv.(type) {
	case *ecdsa.PrivateKey:
		r, s, errSign := ecdsa.Sign(rand.Reader, k, digest)
		n := (k.Params().BitSize + 7) / 8
		sig, err = append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...), errSign
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, digest)
	case *rsa.PrivateKey:
		var opts crypto.SignerOpts = hash
		if strings.HasPrefix(string(alg), "PS") {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
		sig, err = k.Sign(rand.Reader, digest, opts)
	}
	if err != nil {
		panic(err)
	}
	return sig
}

func TestVerify(t *testing.T) {
	for alg := range keys {
		j, err := Parse(sign(alg, `{"alg":"`+string(alg)+`"}`, `{"a":1}`))
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		for other, k := range keys {
			want := ErrAlg
			if sigalg.Check(alg, k.pub) == nil {
				want = nil // the same key: RSA, and the algorithm itself
			}
			if err := j.Verify(k.pub, sigalg.Lists); err != want {
				t.Errorf("%s under the key of %s: %v instead of %v", alg, other, err, want)
			}
		}
		if err := j.Verify(keys[alg].pub, nil); err != ErrAlg {
			t.Errorf("%s, nothing allowed: %v", alg, err)
		}
		if got := j.Verify(keys[alg].pub, sigalg.Credentials); (got == nil) == strings.HasPrefix(string(alg), "RS") {
			t.Errorf("%s under a credential: %v", alg, got)
		}
		j.Payload = []byte("changed") // what is verified is what was received
		if err := j.Verify(keys[alg].pub, sigalg.Lists); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		sig := j.signature
		for i := 0; i < len(sig); i += 13 {
			sig[i] ^= 0x10
			if err := j.Verify(keys[alg].pub, sigalg.Lists); err != ErrSignature {
				t.Errorf("%s, byte %d flipped: %v", alg, i, err)
			}
			sig[i] ^= 0x10
		}
		for name, s := range map[string][]byte{"short": sig[1:], "cut": sig[:len(sig)-1], "long": append([]byte{0}, sig...), "longer": append(bytes.Clone(sig), 0)} {
			j.signature = s
			if err := j.Verify(keys[alg].pub, sigalg.Lists); err != ErrSignature {
				t.Errorf("%s, signature too %s: %v", alg, name, err)
			}
		}
	}
}

// The signature is always good: it is the header that is refused.
func TestVerifyAlg(t *testing.T) {
	other, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for name, tt := range map[string]struct {
		header string
		key    crypto.PublicKey
	}{
		"missing":                 {`{}`, keys[sigalg.ES256].pub},
		"empty":                   {`{"alg":""}`, keys[sigalg.ES256].pub},
		"none":                    {`{"alg":"none"}`, keys[sigalg.ES256].pub},
		"none, no key":            {`{"alg":"none"}`, nil},
		"lower case":              {`{"alg":"es256"}`, keys[sigalg.ES256].pub},
		"member in capitals":      {`{"ALG":"ES256"}`, keys[sigalg.ES256].pub},
		"symmetric":               {`{"alg":"HS256"}`, keys[sigalg.ES256].pub},
		"symmetric, key as bytes": {`{"alg":"HS256"}`, []byte("key")},
		"other curve":             {`{"alg":"ES256"}`, &other.PublicKey},
		"unknown":                 {`{"alg":"ES256K"}`, keys[sigalg.ES256].pub},
		"space":                   {`{"alg":"ES256 "}`, keys[sigalg.ES256].pub},
		"nil key":                 {`{"alg":"ES256"}`, (*ecdsa.PublicKey)(nil)},
		"nil RSA key":             {`{"alg":"PS256"}`, (*rsa.PublicKey)(nil)},
		"empty RSA key":           {`{"alg":"PS256"}`, &rsa.PublicKey{}},
		"empty EC key":            {`{"alg":"ES256"}`, &ecdsa.PublicKey{}},
		"short Ed25519 key":       {`{"alg":"EdDSA"}`, make(ed25519.PublicKey, 31)},
		"EdDSA with an EC key":    {`{"alg":"EdDSA"}`, keys[sigalg.ES256].pub},
		"private key":             {`{"alg":"ES256"}`, keys[sigalg.ES256].priv},
	} {
		j, err := Parse(sign(sigalg.ES256, tt.header, "{}"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := j.Verify(tt.key, sigalg.Lists); err != ErrAlg {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseHeader(t *testing.T) {
	nine := `"` + strings.Repeat(`AA==","`, MaxX5C) + `AA=="`
	for header, want := range map[string]error{
		`{"alg":"ES256"}`:                                                         nil,
		" {\"alg\" :\t\"ES256\"\r\n} ":                                            nil,
		`{"alg":"ES256","jku":1,"jwk":[],"x5u":null,"cty":{}}`:                    nil,
		`{"alg":"ES256","x5c":["AA=="],"kid":"","typ":""}`:                        nil,
		`{"alg":"ES256","iat":1.5,"sigT":"2026-01-01T00:00:00Z","x5t#S256":"AA"}`: nil,
		``:                                     ErrMalformed,
		`null`:                                 ErrMalformed,
		`[]`:                                   ErrMalformed,
		`"{}"`:                                 ErrMalformed,
		`{"alg":"ES256"}{}`:                    ErrMalformed,
		`{"alg":"ES256","alg":"ES256"}`:        ErrMalformed,
		`{"alg":"ES256","\u0061lg":""}`:        ErrMalformed,
		`{"alg":"ES256","x":{"a":1,"a":2}}`:    ErrMalformed,
		"{\"alg\":\"ES256\",\"x\":\"\xff\"}":   ErrMalformed,
		`{"alg":1}`:                            ErrMalformed,
		`{"alg":null}`:                         ErrMalformed,
		`{"alg":["ES256"]}`:                    ErrMalformed,
		`{"alg":{"a":"ES256"}}`:                ErrMalformed,
		`{"alg":"ES256","typ":1}`:              ErrMalformed,
		`{"alg":"ES256","typ":null}`:           ErrMalformed,
		`{"alg":"ES256","typ":["a"]}`:          ErrMalformed,
		`{"alg":"ES256","kid":1}`:              ErrMalformed,
		`{"alg":"ES256","kid":{}}`:             ErrMalformed,
		`{"alg":"ES256","x5t#S256":1}`:         ErrMalformed,
		`{"alg":"ES256","sigT":1}`:             ErrMalformed,
		`{"alg":"ES256","iat":"1"}`:            ErrMalformed,
		`{"alg":"ES256","iat":null}`:           ErrMalformed,
		`{"alg":"ES256","iat":1e999}`:          ErrMalformed,
		`{"alg":"ES256","x5c":"AA=="}`:         ErrMalformed,
		`{"alg":"ES256","x5c":null}`:           ErrMalformed,
		`{"alg":"ES256","x5c":[]}`:             ErrMalformed,
		`{"alg":"ES256","x5c":[1]}`:            ErrMalformed,
		`{"alg":"ES256","x5c":["",1]}`:         ErrMalformed,
		`{"alg":"ES256","x5c":[["a"]]}`:        ErrMalformed,
		`{"alg":"ES256","x5c":[` + nine + `]}`: ErrMalformed,
		`{"alg":"ES256","x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`: ErrMalformed,
		`{"alg":"ES256","x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`: nil,
		`{"alg":"ES256","crit":["exp"],"exp":1}`:                                        ErrCritical,
		`{"alg":"ES256","crit":["alg"]}`:                                                ErrCritical,
		`{"alg":"ES256","crit":[]}`:                                                     ErrCritical,
		`{"alg":"ES256","crit":["b64"],"b64":false}`:                                    ErrCritical,
		`{"alg":"ES256","crit":null}`:                                                   ErrMalformed,
		`{"alg":"ES256","crit":"exp"}`:                                                  ErrMalformed,
		`{"alg":"ES256","crit":[1]}`:                                                    ErrMalformed,
		`{"alg":"ES256","crit":{}}`:                                                     ErrMalformed,
		`{"alg":"ES256","crit":true}`:                                                   ErrMalformed,
		`{"alg":"ES256","b64":true}`:                                                    ErrCritical,
		`{"alg":"ES256","b64":false}`:                                                   ErrCritical,
		`{"alg":"ES256","b64":null}`:                                                    ErrMalformed,
		`{"alg":"ES256","b64":"false"}`:                                                 ErrMalformed,
		`{"alg":"ES256","b64":0}`:                                                       ErrMalformed,
	} {
		j, err := Parse(sign(sigalg.ES256, header, "{}"))
		if err != want {
			t.Errorf("%s: %v instead of %v", header, err, want)
		}
		if err == nil && j.Verify(keys[sigalg.ES256].pub, sigalg.Credentials) != nil {
			t.Errorf("%s: does not verify", header)
		}
	}
}

func TestParseHeaderValues(t *testing.T) {
	j, err := Parse(sign(sigalg.ES256, `{"alg":"ES256","typ":"kb+jwt","kid":"k","x5c":["AQI=","Aw=="],"x5t#S256":"t","iat":1767225600,"sigT":"s"}`, "payload"))
	if err != nil {
		t.Fatal(err)
	}
	h := j.Header
	if h.Alg != "ES256" || h.Typ != "kb+jwt" || h.Kid != "k" || h.X5TS256 != "t" || h.SigT != "s" || *h.IAT != 1767225600 || string(j.Payload) != "payload" {
		t.Errorf("%+v", h)
	}
	ders, err := j.Chain()
	if err != nil || len(ders) != 2 || string(ders[0]) != "\x01\x02" || string(ders[1]) != "\x03" {
		t.Errorf("%x, %v", ders, err)
	}
	// Appending to the payload must not write into the signature behind it.
	_ = append(j.Payload, bytes.Repeat([]byte{0}, 64)...)
	if err := j.Verify(keys[sigalg.ES256].pub, sigalg.Credentials); err != nil {
		t.Error(err)
	}
}

func TestChain(t *testing.T) {
	for _, c := range []string{"", "AQI", "AQI\\n=", "A-I=", "AQJ=", "AQI= ", "*"} {
		j, err := Parse(sign(sigalg.ES256, `{"alg":"ES256","x5c":["AQI=","`+c+`"]}`, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		if ders, err := j.Chain(); err != ErrMalformed || ders != nil {
			t.Errorf("%q: %x, %v", c, ders, err)
		}
	}
	j, err := Parse(sign(sigalg.ES256, `{"alg":"ES256"}`, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	if ders, err := j.Chain(); err != nil || ders != nil {
		t.Errorf("%x, %v", ders, err)
	}
}

func TestParseCompact(t *testing.T) {
	good := sign(sigalg.ES256, `{"alg":"ES256"}`, `{"a":1}`)
	p := strings.Split(good, ".")
	for name, tt := range map[string]struct {
		in   string
		want error
	}{
		"good":                     {good, nil},
		"empty payload":            {p[0] + ".." + p[2], nil},
		"nothing":                  {"", ErrMalformed},
		"one part":                 {p[0], ErrMalformed},
		"two parts":                {p[0] + "." + p[1], ErrMalformed},
		"four parts":               {good + ".", ErrMalformed},
		"four full parts":          {good + "." + p[2], ErrMalformed},
		"dots":                     {"..", ErrMalformed},
		"five parts":               {"....", ErrMalformed},
		"no header":                {"." + p[1] + "." + p[2], ErrMalformed},
		"no signature":             {p[0] + "." + p[1] + ".", ErrUnsigned},
		"no signature, no payload": {p[0] + "..", ErrUnsigned},
		"space before":             {" " + good, ErrMalformed},
		"newline after":            {good + "\n", ErrMalformed},
		"newline in the payload":   {p[0] + "." + p[1] + "\r\n." + p[2], ErrMalformed},
		"padding":                  {p[0] + "." + p[1] + "=." + p[2], ErrMalformed},
		"padding of the header":    {p[0] + "=." + p[1] + "." + p[2], ErrMalformed},
		"padding of the signature": {good + "==", ErrMalformed},
		"standard alphabet":        {p[0] + "." + p[1] + ".+/+/", ErrMalformed},
		"trailing bits":            {p[0] + "." + p[1] + ".AB", ErrMalformed},
		"trailing bits, payload":   {p[0] + ".AB." + p[2], ErrMalformed},
		"JSON serialisation":       {`{"payload":"e30","protected":"` + p[0] + `","signature":"` + p[2] + `"}`, ErrMalformed},
		"disclosures":              {good + "~", ErrMalformed},
		"long header":              {sign(sigalg.ES256, `{"alg":"ES256"}`+strings.Repeat(" ", MaxHeader*3/4), ""), ErrMalformed},
		"longest header":           {sign(sigalg.ES256, `{"alg":"ES256"}`+strings.Repeat(" ", MaxHeader*3/4-15), ""), nil},
	} {
		if _, err := Parse(tt.in); err != tt.want {
			t.Errorf("%s: %v instead of %v", name, err, tt.want)
		}
	}
}

// One byte more or less in any place and the signature is gone.
func TestSignedAsReceived(t *testing.T) {
	good := sign(sigalg.ES256, `{ "alg":"ES256" }`, `{"a":1}`)
	for i := range good {
		for _, c := range []byte{'A', 'z', '.', '\n', '='} {
			for _, in := range []string{good[:i] + string(c) + good[i:], good[:i] + string(c) + good[i+1:], good[:i] + good[i+1:]} {
				if in == good {
					continue
				}
				if j, err := Parse(in); err == nil && j.Verify(keys[sigalg.ES256].pub, sigalg.Credentials) == nil {
					t.Fatalf("byte %d: verifies", i)
				}
			}
		}
	}
}

// The hot path: what Parse allocates is the JWS, its payload and its header.
func TestParseAllocations(t *testing.T) {
	compact := sampleJWS(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = Parse(compact) }); n > 14 {
		t.Errorf("%v allocations", n)
	}
}
