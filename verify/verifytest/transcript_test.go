package verifytest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"testing"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	return must[[]byte](t)(hex.DecodeString(s))
}

// TestTranscripts are the vectors of OpenID4VP 1.0 Appendix B.2.6, of ISO/IEC TS
// 18013-7 B.6.9, and a third party's for Annex C.
func TestTranscripts(t *testing.T) {
	openID := Context{
		ClientID: "x509_san_dns:example.com", Nonce: "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA",
		ResponseURI: "https://example.com/response", Origin: "https://example.com",
		JWKThumbprint: unhex(t, "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"),
	}
	flow := func(c Context, flow string, encrypted bool) Context {
		if c.Flow = flow; !encrypted {
			c.JWKThumbprint = nil
		}
		return c
	}
	for _, c := range []struct {
		name string
		Context
		want string
	}{
		{"redirect", flow(openID, FlowRedirect, true), "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac"},
		{"redirect, not encrypted", flow(openID, FlowRedirect, false), "83f6f682714f70656e494434565048616e646f7665725820c672b54a2facfb3284965c5be838a8cd1f96f7de36ede3470b1d5de2c57d7719"},
		{"dc_api", flow(openID, FlowDCAPI, true), "83f6f682764f70656e4944345650444341504948616e646f7665725820fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"},
		{"dc_api, not encrypted", flow(openID, FlowDCAPI, false), "83f6f682764f70656e4944345650444341504948616e646f76657258203563b629e28bf0a736c6ba6faacb60a9cd3074e51416a04565031d8690638c43"},
		{"Annex B", Context{
			Flow: FlowISO7B, ClientID: "example.com", ResponseURI: "https://example.com/12345/response",
			MdocGeneratedNonce: "1234567890abcdefgh", Nonce: "abcdefgh1234567890",
		}, "83f6f6835820da25c527e5fb75bc2dd31267c02237c4462ba0c1bf37071f692e7dd93b10ad0b5820f6ed8e3220d3c59a5f17eb45f48ab70aeecf9ee21744b1014982350bd96ac0c572" + hex.EncodeToString([]byte("abcdefgh1234567890"))},
		{"Annex C", Context{
			Flow: FlowISO7C, Origin: "https://verifier.example",
			EncryptionInfo: "gmVkY2FwaaJlbm9uY2VQAAECAwQFBgcICQoLDA0OD3JyZWNpcGllbnRQdWJsaWNLZXmkAQIgASFYILO0LJXwA8VAp7-rI9YIJvj1wfEQ122YdEjwxUFeYAFEIlgg0u68CgTFZk_nslWFmYhDMQQ6vdBNf2vwy3QHKI_80Js",
		}, "83f6f68265646361706958203ce0149e8bbf604186a904b8685614cbee8db6c0a64409f7330f2181586f197c"},
	} {
		if got := hex.EncodeToString(must[[]byte](t)(c.Transcript())); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := (Context{Flow: "carrier pigeon"}).Transcript(); err == nil {
		t.Error("a transcript of an unknown flow")
	}
}

func TestThumbprint(t *testing.T) {
	point := append([]byte{4}, unbase64(t, "DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0")...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(point, unbase64(t, "XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc")...))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(Thumbprint(key)); got != "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047" {
		t.Error(got)
	}
}

// TestEMacKey is ISO/IEC 18013-5 Annex D.5.3, from either side.
func TestEMacKey(t *testing.T) {
	private := func(d string) *ecdsa.PrivateKey {
		return must[*ecdsa.PrivateKey](t)(ecdsa.ParseRawPrivateKey(elliptic.P256(), unhex(t, d)))
	}
	device := private("6ed542ad4783f0b18c833fadf2171273a35d969c581691ef704359cc7cf1e8c0")
	reader := &Reader{private("de3b4b9e5f72dd9b58406ae3091434da48a6f9fd010d88fcb0958e2cebec947c")}
	wrapped := annexD(t)
	transcript := open24(t, wrapped)
	const want = "dc2b9566fdaaae3c06baa40993cd0451aeba15e7677ef5305f6531f3533c35dd"
	if got := hex.EncodeToString(must[[]byte](t)(reader.EMacKey(&device.PublicKey, transcript))); got != want {
		t.Error(got)
	}
	public, _ := reader.Public()
	own, _ := device.ECDH()
	if got := hex.EncodeToString(must[[]byte](t)(eMacKey(own, public, transcript))); got != want {
		t.Error(got)
	}
}

// annexD returns the SessionTranscriptBytes of ISO/IEC 18013-5 Annex D.5.1.
func annexD(t *testing.T) []byte {
	t.Helper()
	text := vectortest.Read(t, "mdoc", "annex-d", "session_transcript_bytes.hex")
	return unhex(t, string(bytes.TrimSpace(text)))
}
