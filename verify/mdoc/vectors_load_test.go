package mdoc

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

func response(t testing.TB, file string) sample { return sample{response: readHex(t, file)} }

func issued(docType, leaf string) func(testing.TB, string) sample {
	return func(t testing.TB, file string) sample {
		s := sample{issued: readHex(t, file), docType: docType}
		if leaf != "" {
			s.leaf = firstPEM(t, leaf)
		}
		return s
	}
}

func annexD(t testing.TB, file string) sample {
	wrapped := readHex(t, "annex-d/session_transcript_bytes.hex")
	var keys map[string]struct{ X, Y, D string }
	if err := json.Unmarshal(readFile(t, "annex-d/keys.json"), &keys); err != nil {
		t.Fatal(err)
	}
	reader := must(ecdh.P256().NewPrivateKey(unhex(t, keys["ephemeral_reader_key"].D)))
	device := keys["static_device_key"]
	public := must(ecdh.P256().NewPublicKey(append([]byte{4}, append(unhex(t, device.X), unhex(t, device.Y)...)...)))
	return sample{response: readHex(t, file), leaf: readHex(t, "annex-d/ds_cert.hex"),
		transcript: unwrap(t, wrapped), emacKey: eMacKey(reader, public, wrapped)}
}

// annexDWithoutKey is a relying party that did not send the EMacKey.
func annexDWithoutKey(t testing.TB, file string) sample {
	s := annexD(t, file)
	s.emacKey = nil
	return s
}

// annexDWrongKey has the EMacKey of another session.
func annexDWrongKey(t testing.TB, file string) sample {
	s := annexD(t, file)
	s.emacKey = bytes.Repeat([]byte{1}, EMacKeySize)
	return s
}

// eMacKey is the derivation that a relying party does before it asks (12.4.3).
func eMacKey(reader *ecdh.PrivateKey, device *ecdh.PublicKey, transcriptBytes []byte) []byte {
	salt := sha256.Sum256(transcriptBytes)
	return must(hkdf.Key(sha256.New, must(reader.ECDH(device)), salt[:], "EMacKey", EMacKeySize))
}

func animo(t testing.TB, file string) sample {
	r := readJSON(t, "animo-paradym-oid4vp10/request.json")
	s := sample{response: readHex(t, file), leaf: firstPEM(t, "animo-paradym-oid4vp10/certs.pem")}
	s.transcript = TranscriptRedirect(r["client_id"], r["nonce"], unhex(t, r["jwk_thumbprint_hex"]), r["response_uri"])
	if !bytes.Equal(s.transcript, unhex(t, r["session_transcript_hex"])) {
		t.Error("another transcript than the vector's")
	}
	return s
}

const (
	googleOrigin = "https://ellis-occurrence-ac-smoking.trycloudflare.com"
	googleNonce  = "UwQek7MemM55VM2Lc7UPPsdsxa-vejebSUo75B_G7vk"
)

// googleDraft24 has the handover of OpenID4VP draft 24, which no flow of ours
// builds: a caller can only bring it as its own transcript.
func googleDraft24(t testing.TB, file string) sample {
	info := encode([]any{googleOrigin, "web-origin:" + googleOrigin, googleNonce})
	hash := sha256.Sum256(info)
	return sample{response: readHex(t, file),
		transcript: encode([]any{nil, nil, []any{"OpenID4VPDCAPIHandover", hash[:]}})}
}

func google10(t testing.TB, file string) sample {
	return sample{response: readHex(t, file), transcript: TranscriptDCAPI(googleOrigin, googleNonce, nil)}
}

func auth0(t testing.TB, file string) sample {
	v := readJSON(t, file)
	return sample{response: unhex(t, v["device_response_hex"]), leaf: firstPEM(t, "auth0-mdl/issuer.pem"),
		transcript: unwrap(t, unhex(t, v["session_transcript_bytes_hex"]))}
}

// auth0Detached takes the payload out of deviceSignature. Nothing around it has a
// length in bytes.
func auth0Detached(t testing.TB, file string) sample {
	s := auth0(t, file)
	signature := must(Parse(s.response, limits)).Documents[0].device.signature
	c := open(signature)
	c.count(majorArray, "deviceSignature")
	c.raw("protected")
	c.raw("unprotected")
	payload := c.raw("payload")
	if c.err != nil || c.next() != majorBytes {
		t.Fatal("no deviceSignature with a payload")
	}
	s.response = bytes.Replace(s.response, payload, []byte{0xf6}, 1)
	return s
}

// longfellowKey is for document signers whose certificate crypto/x509 refuses
// (invalid CRL distribution points), as path building would: the key is the one the
// file gives.
func longfellowKey(t testing.TB, file string) sample {
	s, v := longfellow(t, file), readJSON(t, file)
	if _, err := x509.ParseCertificate(s.leaf); err == nil {
		t.Error("the certificate can be parsed")
	}
	number := func(name string) []byte {
		n, ok := new(big.Int).SetString(v[name], 0)
		if !ok {
			t.Fatal(name)
		}
		return n.FillBytes(make([]byte, 32))
	}
	point := append(append([]byte{4}, number("issuer_key_x")...), number("issuer_key_y")...)
	var c struct {
		TBS struct {
			Version           int `asn1:"optional,explicit,default:0,tag:0"`
			Serial            *big.Int
			Algorithm, Issuer asn1.RawValue
			Validity          struct{ NotBefore, NotAfter time.Time }
		}
	}
	if _, err := asn1.Unmarshal(s.leaf, &c); err != nil {
		t.Fatal(err)
	}
	s.cert = &x509.Certificate{
		Raw: s.leaf, PublicKey: must(ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)),
		NotBefore: c.TBS.Validity.NotBefore, NotAfter: c.TBS.Validity.NotAfter,
	}
	return s
}

func longfellow(t testing.TB, file string) sample {
	v := readJSON(t, file)
	return sample{response: unhex(t, v["device_response_hex"]), leaf: unhex(t, v["ds_certificate_hex"]),
		transcript: unhex(t, v["session_transcript_hex"])}
}

// vpToken has the same DeviceResponse under two query ids.
func vpToken(t testing.TB, file string) sample {
	var v map[string][]string
	if err := json.Unmarshal(readFile(t, file), &v); err != nil {
		t.Fatal(err)
	}
	pid, mdl := v["eu_europa_ec_eudi_pid_1"], v["org_iso_18013_5_1_mDL"]
	if len(pid) != 1 || len(mdl) != 1 || pid[0] != mdl[0] {
		t.Fatal("not the DeviceResponse twice")
	}
	return sample{response: must(base64.RawURLEncoding.DecodeString(pid[0]))}
}
