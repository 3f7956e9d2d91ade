package mdoc

import (
	"crypto/sha256"
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// The transcripts of flows without device engagement: [null, null, Handover]. Each
// is built from the values the relying party used, never guessed.

// TranscriptRedirect is OpenID4VP 1.0 Annex B.2.6.1: redirects and direct_post.
// client_id has its prefix. thumbprint is the RFC 7638 SHA-256 of the key the
// response was encrypted to, empty if it was not encrypted; responseURI is the
// redirect_uri where there is no response_uri.
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
// CBOR array of three of definite length, not wrapped in tag 24 (12.6.1). What is
// in it only the device can confirm.
func CheckTranscript(b []byte) error {
	if len(b) > maxTranscript {
		return ErrTranscript
	}
	c := open(b)
	if c.count(majorArray, "transcript") != 3 {
		return ErrTranscript
	}
	for range 3 {
		c.skip("transcript", maxDepth)
	}
	if c.end("transcript") != nil {
		return ErrTranscript
	}
	return nil
}

func appendText(out []byte, s string) []byte {
	return append(strictcbor.AppendHead(out, majorText, len(s)), s...)
}

func appendBytes(out, b []byte) []byte {
	return append(strictcbor.AppendHead(out, majorBytes, len(b)), b...)
}

func appendBytesOrNull(out, b []byte) []byte {
	if len(b) == 0 {
		return append(out, 0xf6)
	}
	return appendBytes(out, b)
}
