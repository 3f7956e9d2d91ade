package mdoc

import (
	"errors"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// The methods of device authentication.
const (
	MethodSignature = "device_signature"
	MethodMAC       = "device_mac"
)

// EMacKeySize is the length of the derived MAC key in bytes.
const EMacKeySize = 32

// HasDeviceAuth says whether the document carries device authentication, good or
// not.
func (d *Document) HasDeviceAuth() bool { return d.device.present }

// HasDeviceAuth is the document's.
func (i *Issued) HasDeviceAuth() bool { return i.doc.HasDeviceAuth() }

// CheckDevice checks the device's signature or MAC over DeviceAuthenticationBytes
// (12.4): the session transcript, the docType and the device's namespaces as
// received. Transcript is the encoded SessionTranscript of the one session the
// presentation belongs to. emacKey is only needed for a MAC: the EMacKey that the
// relying party derived from its ephemeral key and this document's device key
// (12.4.3). Codes: session_transcript_missing, device_auth_missing,
// device_auth_ambiguous, mdoc_malformed, mso_malformed, alg_unsupported,
// device_signature_invalid, device_mac_key_unavailable, device_mac_invalid.
func (i *Issued) CheckDevice(transcript, emacKey []byte, allowed sigalg.Set) (method string, err error) {
	d := &i.doc.device
	switch {
	case d.signature != nil && d.mac != nil:
		return MethodSignature, reason.Refuse(reason.DeviceAuthAmbiguous, "deviceAuth holds a signature and a MAC")
	case d.signature == nil && d.mac == nil:
		return MethodSignature, reason.Refuse(reason.DeviceAuthMissing, "there is neither a signature nor a MAC of the device")
	}
	method = MethodSignature
	if d.mac != nil {
		method = MethodMAC
	}
	if CheckTranscript(transcript) != nil {
		return method, reason.Refuse(reason.SessionTranscriptMissing, "device authentication needs the session transcript, a CBOR array of three")
	}
	if d.mac != nil {
		return method, i.checkMAC(i.authentication(transcript), emacKey)
	}
	return method, i.checkSignature(i.authentication(transcript), allowed)
}

func (i *Issued) checkSignature(payload []byte, allowed sigalg.Set) error {
	s, err := cose.ParseSign1(i.doc.device.signature, cose.TagForbidden)
	if err != nil || !s.Detached {
		return malformed("deviceSignature is not an untagged COSE_Sign1 with a detached payload")
	}
	key, err := cose.ParseKey(i.mso.deviceKey)
	switch {
	case errors.Is(err, cose.ErrKeyUnsupported):
		return reason.Refuse(reason.AlgUnsupported, "the device key's type or curve is not supported")
	case err != nil:
		return badMSO("deviceKey: " + err.Error())
	}
	switch err := s.Verify(key, allowed, payload, nil); {
	case errors.Is(err, cose.ErrAlg):
		return reason.Refuse(reason.AlgUnsupported, "deviceSignature: %v", err)
	case err != nil:
		return reason.Refuse(reason.DeviceSignatureInvalid,
			"not over this transcript: most often another flow, an encrypted response without jwk_thumbprint, or another response_uri, client_id, origin or nonce")
	}
	return nil
}

func (i *Issued) checkMAC(payload, key []byte) error {
	m, err := cose.ParseMac0(i.doc.device.mac, cose.TagForbidden)
	if err != nil || !m.Detached {
		return malformed("deviceMac is not an untagged COSE_Mac0 with a detached payload")
	}
	if len(key) != EMacKeySize {
		return reason.Refuse(reason.DeviceMacKeyUnavailable, "the presentation is bound by a MAC: send emac_key, the 32-byte EMacKey")
	}
	switch err := m.Verify(key, payload, nil); {
	case errors.Is(err, cose.ErrAlg):
		return reason.Refuse(reason.AlgUnsupported, "deviceMac is not HMAC 256/256")
	case err != nil:
		return reason.Refuse(reason.DeviceMacInvalid, "not over this transcript, or emac_key belongs to another")
	}
	return nil
}

// authentication is DeviceAuthenticationBytes: tag 24 over the array of
// "DeviceAuthentication", SessionTranscript, docType, DeviceNameSpacesBytes
// (12.4.1).
func (i *Issued) authentication(transcript []byte) []byte {
	const name = "DeviceAuthentication"
	spaces := i.doc.device.spaces
	n := 1 + headSize(len(name)) + len(name) + len(transcript) + headSize(len(i.doc.docType)) + len(i.doc.docType) + len(spaces)
	out := make([]byte, 0, n+8)
	out = append(out, 0xd8, tagEncoded)
	out = strictcbor.AppendHead(out, majorBytes, n)
	out = append(out, 0x84)
	out = appendText(out, name)
	out = append(out, transcript...)
	out = appendText(out, i.doc.docType)
	return append(out, spaces...)
}

// CheckDeviceElements checks that the issuer authorised the device key for each
// element that the device signed (12.3.4). A PID has none at all (PID Rulebook
// 1.7, section 5): forbidAny. Code: device_key_not_authorized.
func (i *Issued) CheckDeviceElements(forbidAny bool) error {
	if forbidAny && len(i.doc.device.values) > 0 {
		return reason.Refuse(reason.DeviceKeyNotAuthorized, "a PID has no device-signed elements")
	}
	for space, elements := range i.doc.device.values {
		if slices.Contains(i.mso.authorizations.nameSpaces, space) {
			continue
		}
		for id := range elements {
			if !slices.Contains(i.mso.authorizations.dataElements[space], id) {
				return reason.Refuse(reason.DeviceKeyNotAuthorized, "the device signed an element that the issuer did not authorise")
			}
		}
	}
	return nil
}
