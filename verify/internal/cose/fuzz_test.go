package cose

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
	gocose "github.com/veraison/go-cose"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

func addMessages(f *testing.F) {
	f.Helper()
	for _, b := range [][]byte{
		made(es256, es256, none, content, nil),
		append([]byte{0xd2}, made(es256, es256, unhex("a118215902bc"+"00"), content, nil)...),
		unhex("d2 84 <a0> a10126 <00> <00>"), unhex("d1 84 <a10105> a0 f6 <00>"),
		unhex("84 <a2 0126 1822 82 2f 4100> a1 1821 82 <30> <31> f6 <00>"), unhex("d2d2 84 <> a0 <> <>"),
		unhex("84 <a2 0126 0281 03> a0 <> <>"), unhex("9f40a04040ff"),
	} {
		f.Add(b)
	}
}

// FuzzSign1 checks what holds of every message that parses, and that a signature
// nobody made never verifies.
func FuzzSign1(f *testing.F) {
	addMessages(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		s, err := ParseSign1(b, TagAny)
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if err != ErrMalformed && err != ErrTag && err != ErrCritical {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if strictcbor.Wellformed(b) != nil || len(s.Protected.X5Chain) > MaxX5Chain || s.Detached && s.Payload != nil {
			t.Fatalf("parsed %+v", s)
		}
		_, tagged := ParseSign1(b, TagRequired)
		_, untagged := ParseSign1(b, TagForbidden)
		if (tagged == nil) == (untagged == nil) {
			t.Fatal("neither or both of tagged and untagged")
		}
		if s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil) == nil && !bytes.Equal(s.Payload, content) {
			t.Fatal("verifies")
		}
	})
}

func FuzzMac0(f *testing.F) {
	addMessages(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMac0(b, TagAny)
		if err == nil && m.Verify([]byte("a key nobody knows"), nil, nil) == nil {
			t.Fatal("verifies")
		}
	})
}

// FuzzCOSEKey checks that every key that parses can be used, and that its
// algorithm is one and only one.
func FuzzCOSEKey(f *testing.F) {
	point, err := testKey.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ec2(1, point[1:33], bstr(point[33:])))
	f.Add(ec2(1, point[1:33], []byte{cborTrue}))
	f.Add(ec2(2, point[1:33], bstr(point[33:])))
	f.Add(append(unhex("a3 0101 2006 21"), bstr(point[1:33])...))
	f.Add(unhex("a5 0102 2001 21<> 22<> 23<00>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := ParseKey(b)
		if err != nil {
			if key != nil || err != ErrKeyMalformed && err != ErrKeyUnsupported && err != ErrKeyPrivate {
				t.Fatalf("%v, %v", key, err)
			}
			return
		}
		fits := 0
		for _, alg := range sigalg.Lists {
			if sigalg.Check(alg, key) != nil {
				continue
			}
			fits++
			if sigalg.Verify(alg, key, content, make([]byte, 64)) == nil && alg != sigalg.EdDSA {
				t.Fatalf("%s: zeros verify", alg)
			}
		}
		if fits != 1 {
			t.Fatalf("%T fits %d algorithms", key, fits)
		}
	})
}

// FuzzAgainstGoCOSE signs whatever the two headers and the payload are, and asks
// another implementation too. Neither may verify what the other does not, except
// where this package reads more strictly.
func FuzzAgainstGoCOSE(f *testing.F) {
	for _, h := range []string{
		"", "a0", "a10126", "a20126 0300", "a1 1826", "b8010126", "a20126 0281 03", "a20126 18214101",
		"a20126 044131", "a10128", "a20126 1821 82 41304131", "a20126 616100", "a20126 10 63612f62", "a1012a",
		"a201260540", "a20126 1822 822f 4100", "a20126f600", "bf0126ff", "a201260126", "a2 0126 20c11a514b67b0",
	} {
		f.Add(unhex(h), unhex("a0"), content, uint8(0))
		f.Add(unhex("a10126"), unhex(h), content, uint8(0))
	}
	f.Add(unhex("a10126"), unhex("a0"), []byte{}, uint8(0))
	f.Add(unhex("a10126"), unhex("a0"), content, uint8(1))
	f.Add(unhex("a10126"), unhex("a0"), content, uint8(2))
	verifier, err := gocose.NewVerifier(gocose.AlgorithmES256, &testKey.PublicKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, protected, unprotected, payload []byte, damage uint8) {
		signedAs := protected
		if bytes.Equal(protected, none) {
			signedAs = nil
		}
		b := made(protected, signedAs, unprotected, payload, nil)
		if damage > 0 {
			b[len(b)-int(damage)%64-1] ^= 1 << (damage % 8)
		}
		s, err := ParseSign1(b, TagForbidden)
		if err == nil {
			err = s.Verify(&testKey.PublicKey, sigalg.Set{sigalg.ES256}, nil, nil)
		}
		var other gocose.UntaggedSign1Message
		otherErr := other.UnmarshalCBOR(b)
		if otherErr == nil {
			otherErr = (*gocose.Sign1Message)(&other).Verify(nil, verifier)
		}
		if bytes.Equal(protected, es256) && bytes.Equal(unprotected, none) && damage == 0 && (err != nil || otherErr != nil) {
			t.Fatalf("a good one is refused: %v, go-cose: %v", err, otherErr)
		}
		if err == nil && otherErr != nil && !looser(protected, unprotected, s) {
			t.Fatalf("accepted what go-cose refuses: %v", otherErr)
		}
		if err != nil && otherErr == nil && !stricter(protected, unprotected) {
			t.Fatalf("refused (%v) what go-cose accepts", err)
		}
	})
}

// Both are rules of one side over header parameters; what is left must agree.

// stricter: no critical parameter is understood here, those read here have their
// type, no label is in both headers, and the depth is less.
func stricter(protected, unprotected []byte) bool {
	p, u := labels(protected), labels(unprotected)
	for _, l := range []int64{labelCrit, labelType, labelX5Chain, labelX5T} {
		if p[l] != nil || u[l] != nil {
			return true
		}
	}
	for l := range p {
		if u[l] != nil {
			return true
		}
	}
	return strictcbor.Wellformed(append([]byte{0x82}, append(bytes.Clone(protected), unprotected...)...)) != nil
}

// looser: what a parameter holds that is not read here is only well-formed (go-cose
// knows types for many, and decodes all), and -9 is ES256 too (RFC 9864).
func looser(protected, unprotected []byte, s *Sign1) bool {
	for _, m := range []map[any]cbor.RawMessage{labels(protected), labels(unprotected)} {
		for l := range m {
			if l != int64(labelAlg) && l != int64(labelKid) {
				return true
			}
		}
	}
	return s.Protected.Alg == -9
}

func labels(b []byte) map[any]cbor.RawMessage {
	mode, err := cbor.DecOptions{IntDec: cbor.IntDecConvertSignedOrBigInt}.DecMode()
	if err != nil {
		panic(err)
	}
	var m map[any]cbor.RawMessage
	if mode.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}
