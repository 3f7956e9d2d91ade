package mdoc

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// The transcripts of flows without device engagement: [null, null, Handover]. Each
// is built from the values the relying party used, never guessed.

// TranscriptRedirect is OpenID4VP 1.0 Annex B.2.6.1: redirects and direct_post.
// thumbprint is the RFC 7638 SHA-256 of the key the response was encrypted to, nil
// if it was not encrypted.
func TranscriptRedirect(clientID, nonce string, thumbprint []byte, responseURI string) []byte {
	info := appendText(appendText([]byte{0x84}, clientID), nonce)
	info = appendText(appendBytesOrNull(info, thumbprint), responseURI)
	return openID("OpenID4VPHandover", info)
}

// TranscriptDCAPI is OpenID4VP 1.0 Annex B.2.6.2: the Digital Credentials API.
// origin has neither prefix nor trailing slash.
func TranscriptDCAPI(origin, nonce string, thumbprint []byte) []byte {
	info := appendText(appendText([]byte{0x83}, origin), nonce)
	return openID("OpenID4VPDCAPIHandover", appendBytesOrNull(info, thumbprint))
}

func openID(name string, info []byte) []byte {
	sum := sha256.Sum256(info)
	return appendBytes(appendText([]byte{0x83, 0xf6, 0xf6, 0x82}, name), sum[:])
}

// TranscriptAnnexB is ISO/IEC TS 18013-7 Annex B.4.4 (OpenID4VP of 2023).
func TranscriptAnnexB(clientID, responseURI, mdocGeneratedNonce, nonce string) []byte {
	hash := func(value string) []byte {
		sum := sha256.Sum256(appendText(appendText([]byte{0x82}, value), mdocGeneratedNonce))
		return sum[:]
	}
	t := appendBytes([]byte{0x83, 0xf6, 0xf6, 0x83}, hash(clientID))
	return appendText(appendBytes(t, hash(responseURI)), nonce)
}

// TranscriptAnnexC is ISO/IEC TS 18013-7 Annex C.5: org.iso.mdoc over the Digital
// Credentials API. encryptionInfo is the base64url text as it was sent.
func TranscriptAnnexC(encryptionInfo, origin string) []byte {
	sum := sha256.Sum256(appendText(appendText([]byte{0x82}, encryptionInfo), origin))
	return appendBytes(appendText([]byte{0x83, 0xf6, 0xf6, 0x82}, "dcapi"), sum[:])
}

// ErrTranscript says that bytes are no SessionTranscript.
var ErrTranscript = errors.New("not a CBOR array of three elements")

// CheckTranscript checks the form of a SessionTranscript that the caller made: one
// CBOR array of three, not wrapped in tag 24.
func CheckTranscript(b []byte) error {
	var parts []cbor.RawMessage
	if major(b) != 4 || strictcbor.Unmarshal(b, &parts) != nil || len(parts) != 3 {
		return ErrTranscript
	}
	return nil
}

func appendText(out []byte, s string) []byte {
	return append(appendHead(out, 3, len(s)), s...)
}

func appendBytes(out, b []byte) []byte {
	return append(appendHead(out, 2, len(b)), b...)
}

func appendBytesOrNull(out, b []byte) []byte {
	if b == nil {
		return append(out, 0xf6)
	}
	return appendBytes(out, b)
}

// appendHead appends the shortest head of a major type and length (RFC 8949
// section 4.2.1).
func appendHead(out []byte, major byte, n int) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(out, major|26), uint32(n))
	}
}
