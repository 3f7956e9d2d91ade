package mdoc

import (
	"errors"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
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
func (i *Issued) HasDeviceAuth() bool { return len(i.doc.deviceAuth) > 0 }

// CheckDevice checks the device's signature or MAC over DeviceAuthenticationBytes
// (12.5.1): the session transcript, the docType and the device's name spaces as
// received. emacKey is the EMacKey already derived (12.5.3); it is only needed for
// a MAC. Codes: device_auth_missing, device_auth_ambiguous, alg_unsupported,
// mso_malformed, device_signature_invalid, device_mac_invalid,
// device_mac_key_unavailable, mdoc_malformed.
func (i *Issued) CheckDevice(transcript, emacKey []byte, allowed sigalg.Set) (method string, err error) {
	sig, hasSig := i.doc.deviceAuth["deviceSignature"]
	mac, hasMAC := i.doc.deviceAuth["deviceMac"]
	switch {
	case hasSig && hasMAC:
		return MethodSignature, reason.Refuse(reason.DeviceAuthAmbiguous, "deviceAuth holds a signature and a MAC")
	case hasSig:
		return MethodSignature, i.checkSignature(sig, i.authentication(transcript), allowed)
	case hasMAC:
		return MethodMAC, i.checkMAC(mac, i.authentication(transcript), emacKey)
	default:
		return MethodSignature, reason.Refuse(reason.DeviceAuthMissing, "deviceAuth holds neither a signature nor a MAC")
	}
}

func (i *Issued) checkSignature(raw cbor.RawMessage, payload []byte, allowed sigalg.Set) error {
	s, err := cose.ParseSign1(raw, cose.TagForbidden)
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
			"not over this session: most often another flow, an encrypted response without jwk_thumbprint, or another response_uri, client_id, origin or nonce")
	}
	return nil
}

func (i *Issued) checkMAC(raw cbor.RawMessage, payload, key []byte) error {
	m, err := cose.ParseMac0(raw, cose.TagForbidden)
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
		return reason.Refuse(reason.DeviceMacInvalid, "not over this session, or emac_key is another session's")
	}
	return nil
}

// authentication is DeviceAuthenticationBytes: tag 24 over the array of
// "DeviceAuthentication", SessionTranscript, docType, DeviceNameSpacesBytes.
func (i *Issued) authentication(transcript []byte) []byte {
	const name = "DeviceAuthentication"
	body := make([]byte, 0, len(name)+len(transcript)+len(i.doc.docType)+len(i.doc.deviceSpaces)+16)
	body = append(body, 0x84)
	body = appendText(body, name)
	body = append(body, transcript...)
	body = appendText(body, i.doc.docType)
	body = append(body, i.doc.deviceSpaces...)
	out := make([]byte, 0, len(body)+8)
	out = append(out, 0xd8, 24)
	return appendBytes(out, body)
}

// CheckDeviceElements checks that the issuer authorised the device key for each
// element that the device signed (12.3.5). A PID has none at all (PID Rulebook
// 1.7). Code: device_key_not_authorized.
func (i *Issued) CheckDeviceElements(forbidAny bool) error {
	for ns, elements := range i.doc.deviceValues {
		if forbidAny && len(elements) > 0 {
			return reason.Refuse(reason.DeviceKeyNotAuthorized, "a PID has no device-signed elements")
		}
		if contains(i.mso.authorizations.NameSpaces, ns) {
			continue
		}
		for id := range elements {
			if !contains(i.mso.authorizations.DataElements[ns], id) {
				return reason.Refuse(reason.DeviceKeyNotAuthorized, "the device signed an element that the issuer did not authorise")
			}
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
