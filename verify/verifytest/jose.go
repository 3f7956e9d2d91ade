package verifytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// URL64 is base64url without padding.
func URL64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// x5c is the header member (RFC 7515 section 4.1.6): standard base64.
func x5c(ders [][]byte) []string {
	var list []string
	for _, der := range ders {
		list = append(list, base64.StdEncoding.EncodeToString(der))
	}
	return list
}

// SignJWS makes a compact JWS. The algorithm is the one of the key's curve; it
// does not change the header, which may say something else.
func SignJWS(header, payload map[string]any, key *ecdsa.PrivateKey) (string, error) {
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("failed to encode a JWS header: %w", err)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("failed to encode a JWS payload: %w", err)
	}
	return SignRawJWS(head, body, key)
}

// SignRawJWS is SignJWS over JSON texts that no encoder would write, such as ones
// with a member twice.
func SignRawJWS(header, payload []byte, key *ecdsa.PrivateKey) (string, error) {
	signed := URL64(header) + "." + URL64(payload)
	sig, err := sign(key, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + URL64(sig), nil
}

// sign returns r||s of fixed length (RFC 7518 section 3.4; RFC 9053 section 2.1).
func sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	h := hashOf(key).New()
	h.Write(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("failed to sign: %w", err)
	}
	n := (key.Params().BitSize + 7) / 8
	sig := make([]byte, 2*n)
	r.FillBytes(sig[:n])
	s.FillBytes(sig[n:])
	return sig, nil
}

func hashOf(key *ecdsa.PrivateKey) crypto.Hash {
	switch key.Params().BitSize {
	case 384:
		return crypto.SHA384
	case 521:
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}

// algJOSE is the algorithm of the key's curve.
func algJOSE(key *ecdsa.PrivateKey) string {
	switch key.Params().BitSize {
	case 384:
		return "ES384"
	case 521:
		return "ES512"
	default:
		return "ES256"
	}
}

// JWK is the public key as RFC 7517 writes it.
func JWK(key *ecdsa.PublicKey) map[string]any {
	x, y, name := coordinates(key)
	return map[string]any{"kty": "EC", "crv": name, "x": URL64(x), "y": URL64(y)}
}

// Thumbprint is the SHA-256 of RFC 7638.
func Thumbprint(key *ecdsa.PublicKey) []byte {
	x, y, name := coordinates(key)
	sum := sha256.Sum256([]byte(`{"crv":"` + name + `","kty":"EC","x":"` + URL64(x) + `","y":"` + URL64(y) + `"}`))
	return sum[:]
}

// coordinates returns x and y in full length, and the curve's name.
func coordinates(key *ecdsa.PublicKey) (x, y []byte, curve string) {
	point, err := key.Bytes()
	if err != nil {
		return nil, nil, ""
	}
	n := (len(point) - 1) / 2
	return point[1 : 1+n], point[1+n:], key.Params().Name
}

// digest hashes with an algorithm of the IANA hash name registry. A name that no
// World knows, given to test its refusal, hashes as sha-256.
func digest(name string, b []byte) []byte {
	switch strings.ToLower(name) {
	case "sha-384":
		sum := sha512.Sum384(b)
		return sum[:]
	case "sha-512":
		sum := sha512.Sum512(b)
		return sum[:]
	default:
		sum := sha256.Sum256(b)
		return sum[:]
	}
}
