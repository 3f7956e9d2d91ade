package verifytest

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Header labels, algorithms and tags (IANA COSE and CBOR registries).
const (
	labelAlg     = 1
	labelType    = 16
	labelX5Chain = 33
	labelX5T     = 34

	coseHMAC256 = 5
	coseSHA256  = -16

	tagDateTime = 0
	tagEncoded  = 24
	tagFullDate = 1004
	tagSign1    = 18
)

// encoding is RFC 8949 section 4.2.1: shortest forms, definite lengths, sorted
// keys, so that two runs over the same values give the same bytes.
var encoding = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	return m
}()

func encode(v any) (cbor.RawMessage, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("failed to encode CBOR: %w", err)
	}
	return b, nil
}

// encoded24 wraps an encoded item in tag 24 and a byte string.
func encoded24(item []byte) (cbor.RawMessage, error) {
	return encode(cbor.Tag{Number: tagEncoded, Content: item})
}

// Encode24 encodes v and wraps it in tag 24 and a byte string, as ISO/IEC 18013-5
// does with everything that is hashed or signed.
func Encode24(v any) (cbor.RawMessage, error) {
	item, err := encode(v)
	if err != nil {
		return nil, err
	}
	return encoded24(item)
}

// FullDate is a CBOR full-date (RFC 8943), for example 1964-08-12.
func FullDate(s string) cbor.Tag { return cbor.Tag{Number: tagFullDate, Content: s} }

// DateTime is a CBOR tdate as ISO/IEC 18013-5 restricts it: UTC, no fractions.
func DateTime(t time.Time) cbor.Tag {
	return cbor.Tag{Number: tagDateTime, Content: t.UTC().Format("2006-01-02T15:04:05Z")}
}

// RawMap is a CBOR map of the pairs in the order given; unlike a Go map it can
// hold a key twice.
func RawMap(pairs ...any) (cbor.RawMessage, error) {
	if len(pairs)%2 != 0 || len(pairs) > 46 {
		return nil, fmt.Errorf("%d values do not make a small map", len(pairs))
	}
	out := cbor.RawMessage{0xa0 | byte(len(pairs)/2)}
	for _, v := range pairs {
		b, err := encode(v)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// COSEKey is the public key as RFC 9053 section 7.1 writes it.
func COSEKey(key *ecdsa.PublicKey) map[any]any {
	x, y, name := coordinates(key)
	curve := map[string]int{"P-256": 1, "P-384": 2, "P-521": 3}[name]
	return map[any]any{1: 2, -1: curve, -2: x, -3: y}
}

// algCOSE is the algorithm of the key's curve.
func algCOSE(key *ecdsa.PrivateKey) int {
	switch key.Params().BitSize {
	case 384:
		return -35
	case 521:
		return -36
	default:
		return -7
	}
}

// x5chain is the value of label 33 (RFC 9360): one byte string, or an array.
func x5chain(ders [][]byte) any {
	if len(ders) == 1 {
		return ders[0]
	}
	return ders
}

func x5t(der []byte) []any {
	sum := sha256.Sum256(der)
	return []any{coseSHA256, sum[:]}
}

// protectedBytes encodes a protected header; an empty one is the empty string.
func protectedBytes(protected map[any]any) ([]byte, error) {
	if len(protected) == 0 {
		return []byte{}, nil
	}
	return encode(protected)
}

// sign1 makes an untagged COSE_Sign1 (RFC 9052 section 4.2). A detached payload is
// signed and null is sent.
func sign1(protected, unprotected map[any]any, payload []byte, detached bool, key *ecdsa.PrivateKey) (cbor.RawMessage, error) {
	prot, err := protectedBytes(protected)
	if err != nil {
		return nil, err
	}
	tbs, err := encode([]any{"Signature1", prot, []byte{}, payload})
	if err != nil {
		return nil, err
	}
	sig, err := sign(key, tbs)
	if err != nil {
		return nil, err
	}
	return coseMessage(prot, unprotected, payload, detached, sig)
}

// mac0 makes an untagged COSE_Mac0 with HMAC 256/256 (RFC 9052 section 6.2).
func mac0(protected, unprotected map[any]any, payload []byte, detached bool, key []byte) (cbor.RawMessage, error) {
	prot, err := protectedBytes(protected)
	if err != nil {
		return nil, err
	}
	tbm, err := encode([]any{"MAC0", prot, []byte{}, payload})
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(tbm)
	return coseMessage(prot, unprotected, payload, detached, mac.Sum(nil))
}

func coseMessage(prot []byte, unprotected map[any]any, payload []byte, detached bool, proof []byte) (cbor.RawMessage, error) {
	if unprotected == nil {
		unprotected = map[any]any{}
	}
	var sent any = payload
	if detached {
		sent = nil
	}
	return encode([]any{prot, unprotected, sent, proof})
}
