package verifytest

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// MdocPresentation describes how a wallet presents an mdoc.
type MdocPresentation struct {
	Transcript []byte // the encoded SessionTranscript array
	// Disclose names the elements to disclose by namespace; nil: everything.
	Disclose  map[string][]string
	HolderKey *ecdsa.PrivateKey // nil: the credential's
	// Reader asks for a MAC in place of a signature: the reader's ephemeral key.
	Reader         *ecdh.PublicKey
	DeviceElements map[string]map[string]any // device-signed

	NoDeviceAuth   bool // deviceAuth is an empty map
	NoDeviceSigned bool // the document has no deviceSigned

	// Items changes the items before they are put together.
	Items func([]Item) []Item
	// MutateHeaders changes the headers of the device signature or MAC before it
	// is made.
	MutateHeaders func(protected, unprotected map[any]any)
	// MutateDeviceSigned, MutateDocument and MutateResponse change the maps
	// before they are encoded; the device signature is already made.
	MutateDeviceSigned, MutateDocument, MutateResponse func(map[string]any)
	// Damage changes the finished DeviceResponse.
	Damage func([]byte) []byte
}

// Present makes a DeviceResponse with one document.
func (m *Mdoc) Present(p MdocPresentation) ([]byte, error) {
	doc, err := m.Document(p)
	if err != nil {
		return nil, err
	}
	response, err := deviceResponse(p.MutateResponse, doc)
	if err == nil && p.Damage != nil {
		response = p.Damage(response)
	}
	return response, err
}

// DeviceResponse puts several documents together.
func DeviceResponse(docs ...cbor.RawMessage) ([]byte, error) { return deviceResponse(nil, docs...) }

func deviceResponse(mutate func(map[string]any), docs ...cbor.RawMessage) ([]byte, error) {
	response := map[string]any{"version": "1.0", "documents": docs, "status": 0}
	if mutate != nil {
		mutate(response)
	}
	return encode(response)
}

// Document makes one document of a DeviceResponse (ISO/IEC 18013-5 10.3.3).
func (m *Mdoc) Document(p MdocPresentation) (cbor.RawMessage, error) {
	doc := map[string]any{"docType": m.DocType, "issuerSigned": m.issuerSigned(p)}
	if !p.NoDeviceSigned {
		signed, err := m.deviceSigned(p)
		if err != nil {
			return nil, err
		}
		if p.MutateDeviceSigned != nil {
			p.MutateDeviceSigned(signed)
		}
		doc["deviceSigned"] = signed
	}
	if p.MutateDocument != nil {
		p.MutateDocument(doc)
	}
	return encode(doc)
}

// IssuerSigned is the credential as it is issued, without a device part.
func (m *Mdoc) IssuerSigned() ([]byte, error) { return encode(m.issuerSigned(MdocPresentation{})) }

func (m *Mdoc) issuerSigned(p MdocPresentation) map[string]any {
	items := slices.Clone(m.Items)
	if p.Disclose != nil {
		items = slices.DeleteFunc(items, func(i Item) bool { return !slices.Contains(p.Disclose[i.NameSpace], i.Element) })
	}
	if p.Items != nil {
		items = p.Items(items)
	}
	signed := map[string]any{"issuerAuth": m.IssuerAuth}
	if len(items) > 0 {
		nameSpaces := make(map[string][]cbor.RawMessage)
		for _, i := range items {
			nameSpaces[i.NameSpace] = append(nameSpaces[i.NameSpace], i.Raw)
		}
		signed["nameSpaces"] = nameSpaces
	}
	return signed
}

func (m *Mdoc) deviceSigned(p MdocPresentation) (map[string]any, error) {
	elements := p.DeviceElements
	if elements == nil {
		elements = map[string]map[string]any{}
	}
	nameSpaces, err := Encode24(elements)
	if err != nil {
		return nil, err
	}
	auth := map[string]any{}
	if !p.NoDeviceAuth {
		if err := m.deviceAuth(auth, nameSpaces, p); err != nil {
			return nil, err
		}
	}
	return map[string]any{"nameSpaces": nameSpaces, "deviceAuth": auth}, nil
}

// deviceAuth signs or MACs DeviceAuthenticationBytes, which are not sent
// (ISO/IEC 18013-5 12.4).
func (m *Mdoc) deviceAuth(auth map[string]any, nameSpaces cbor.RawMessage, p MdocPresentation) error {
	toSign, err := Encode24([]any{"DeviceAuthentication", cbor.RawMessage(p.Transcript), m.DocType, nameSpaces})
	if err != nil {
		return err
	}
	key := p.HolderKey
	if key == nil {
		key = m.Holder
	}
	protected, unprotected := map[any]any{labelAlg: algCOSE(key)}, map[any]any{}
	if p.Reader != nil {
		protected[labelAlg] = coseHMAC256
	}
	if p.MutateHeaders != nil {
		p.MutateHeaders(protected, unprotected)
	}
	if p.Reader == nil {
		auth["deviceSignature"], err = sign1(protected, unprotected, toSign, true, key)
		return err
	}
	private, err := key.ECDH()
	if err != nil {
		return err
	}
	mac, err := eMacKey(private, p.Reader, p.Transcript)
	if err != nil {
		return err
	}
	auth["deviceMac"], err = mac0(protected, unprotected, toSign, true, mac)
	return err
}
