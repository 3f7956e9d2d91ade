package mdoc

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// Values of OpenID4VP 1.0 Annex B.2.6 and ISO/IEC TS 18013-7.
const (
	specClient     = "x509_san_dns:example.com"
	specNonce      = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA"
	specURI        = "https://example.com/response"
	specOrigin     = "https://example.com"
	specThumbprint = "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"
	specEncryption = "gmVkY2FwaaJlbm9uY2VQAAECAwQFBgcICQoLDA0OD3JyZWNpcGllbnRQdWJsaWNLZXmkAQIgASFYILO0LJXwA8VAp7-rI9YIJvj1wfEQ122Y" +
		"dEjwxUFeYAFEIlgg0u68CgTFZk_nslWFmYhDMQQ6vdBNf2vwy3QHKI_80Js"
)

func TestTranscripts(t *testing.T) {
	thumbprint := unhex(t, specThumbprint)
	const redirect, dcapi = "83f6f682714f70656e494434565048616e646f7665725820", "83f6f682764f70656e4944345650444341504948616e646f7665725820"
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"redirect, encrypted", TranscriptRedirect(specClient, specNonce, thumbprint, specURI),
			redirect + "048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac"},
		{"redirect", TranscriptRedirect(specClient, specNonce, nil, specURI),
			redirect + "c672b54a2facfb3284965c5be838a8cd1f96f7de36ede3470b1d5de2c57d7719"},
		{"redirect, empty thumbprint", TranscriptRedirect(specClient, specNonce, []byte{}, specURI),
			redirect + "c672b54a2facfb3284965c5be838a8cd1f96f7de36ede3470b1d5de2c57d7719"},
		{"dc_api, encrypted", TranscriptDCAPI(specOrigin, specNonce, thumbprint),
			dcapi + "fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"},
		{"dc_api", TranscriptDCAPI(specOrigin, specNonce, nil),
			dcapi + "3563b629e28bf0a736c6ba6faacb60a9cd3074e51416a04565031d8690638c43"},
		{"annex B", TranscriptAnnexB("example.com", "https://example.com/12345/response", "1234567890abcdefgh", "abcdefgh1234567890"),
			"83f6f6835820da25c527e5fb75bc2dd31267c02237c4462ba0c1bf37071f692e7dd93b10ad0b" +
				"5820f6ed8e3220d3c59a5f17eb45f48ab70aeecf9ee21744b1014982350bd96ac0c5" + "72" + hex.EncodeToString([]byte("abcdefgh1234567890"))},
		{"annex C", TranscriptAnnexC(specEncryption, "https://verifier.example"),
			"83f6f68265646361706958203ce0149e8bbf604186a904b8685614cbee8db6c0a64409f7330f2181586f197c"},
	}
	for _, test := range tests {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
		if err := CheckTranscript(test.got); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestTranscriptsDiffer changes each input on its own.
func TestTranscriptsDiffer(t *testing.T) {
	all := [][]byte{
		TranscriptRedirect("a", "b", nil, "c"), TranscriptRedirect("x", "b", nil, "c"), TranscriptRedirect("a", "x", nil, "c"),
		TranscriptRedirect("a", "b", []byte{1}, "c"), TranscriptRedirect("a", "b", nil, "x"), TranscriptRedirect("ab", "", nil, "c"),
		TranscriptDCAPI("a", "b", nil), TranscriptDCAPI("x", "b", nil), TranscriptDCAPI("a", "x", nil), TranscriptDCAPI("a", "b", []byte{1}),
		TranscriptAnnexB("a", "b", "c", "d"), TranscriptAnnexB("x", "b", "c", "d"), TranscriptAnnexB("a", "x", "c", "d"),
		TranscriptAnnexB("a", "b", "x", "d"), TranscriptAnnexB("a", "b", "c", "x"),
		TranscriptAnnexC("a", "b"), TranscriptAnnexC("x", "b"), TranscriptAnnexC("a", "x"),
	}
	for i := range all {
		for j := range i {
			if bytes.Equal(all[i], all[j]) {
				t.Errorf("%d and %d are the same", i, j)
			}
		}
	}
}

// TestHeads compares with the encoder at each length where the head grows.
func TestHeads(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24, 255, 256, 65535, 65536} {
		s := strings.Repeat("x", n)
		if got := appendText(nil, s); !bytes.Equal(got, encode(s)) {
			t.Errorf("text of %d: %x", n, got[:5])
		}
		if got := appendBytes(nil, []byte(s)); !bytes.Equal(got, encode([]byte(s))) {
			t.Errorf("bytes of %d: %x", n, got[:5])
		}
		if n < 1<<16 && headSize(n) != len(strictcbor.AppendHead(nil, majorText, n)) {
			t.Errorf("head of %d", n)
		}
	}
}

func TestCheckTranscript(t *testing.T) {
	tests := []struct {
		name, transcript string
		ok               bool
	}{
		{"nulls", "83f6f6f6", true},
		{"proximity by QR", "83d81841a0d81841a0f6", true},
		{"proximity by NFC", "83d81841a0d81841a0824101f6", true},
		{"empty", "", false},
		{"two", "82f6f6", false},
		{"four", "84f6f6f6f6", false},
		{"cut off", "83f6f6", false},
		{"followed by bytes", "83f6f6f6f6", false},
		{"in tag 24", "d8184483f6f6f6", false},
		{"tagged", "d86483f6f6f6", false},
		{"indefinite", "9ff6f6f6ff", false},
		{"indefinite inside", "83f6f69ff6ff", false},
		{"a map", "a3f6f6f6f6f6f6", false},
		{"bytes", "4483f6f6f6", false},
	}
	for _, test := range tests {
		if err := CheckTranscript(unhex(t, test.transcript)); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	long := encode([]any{nil, nil, make([]byte, maxTranscript)})
	if CheckTranscript(long) == nil {
		t.Error("longer than the limit")
	}
	if err := CheckTranscript(encode([]any{nil, nil, make([]byte, maxTranscript-10)})); err != nil {
		t.Error("within the limit:", err)
	}
}
