package statuslist

import (
	"math"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// CBOR major types (RFC 8949 section 3.1), and none for an item that is not there.
const (
	majorUint  = 0
	majorInt   = 1
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
	majorTag   = 6
	majorOther = 7
	majorNone  = 8
)

// ReferencesCBOR reads the status map of a MobileSecurityObject, or claim 65535 of
// a CWT (section 6.3; ISO/IEC 18013-5 12.3.6, second edition). There may be both a
// status list and an identifier list; they are returned in this order, and either
// revokes. Codes: status_reference_malformed, idlist_reference_malformed.
func ReferencesCBOR(status []byte) ([]Reference, Mechanisms, error) {
	obj, ok := textMap(status)
	if !ok {
		return nil, Mechanisms{}, malformed("status is not a map with text keys")
	}
	var m Mechanisms
	var refs []Reference
	for name := range obj {
		if name == memberList || name == memberIdentifierList {
			continue
		}
		if err := m.add(name); err != nil {
			return nil, Mechanisms{}, err
		}
	}
	for _, kind := range []struct {
		member string
		read   func(cbor.RawMessage) (Reference, error)
	}{{memberList, listReference}, {memberIdentifierList, identifierReference}} {
		raw, has := obj[kind.member]
		if !has {
			continue
		}
		ref, err := kind.read(raw)
		if err != nil {
			return nil, Mechanisms{}, err
		}
		refs = append(refs, ref)
	}
	return refs, m.sorted(), nil
}

func listReference(raw cbor.RawMessage) (Reference, error) {
	ref := Reference{Mechanism: StatusList}
	list, ok := textMap(raw)
	if !ok {
		return Reference{}, malformed("status_list is not a map with text keys")
	}
	if !decode(list["uri"], majorText, &ref.URI) || !validURI(ref.URI) {
		return Reference{}, malformed("uri is not a text of 1 to 2048 bytes")
	}
	if !decode(list["idx"], majorUint, &ref.Index) || ref.Index > math.MaxInt64 {
		return Reference{}, malformed("idx is not an unsigned integer below 2^63")
	}
	if ref.Certificate, ok = certificate(list); !ok {
		return Reference{}, malformed("certificate is not a byte string of 1 to 16384 bytes")
	}
	return ref, nil
}

func identifierReference(raw cbor.RawMessage) (Reference, error) {
	malformed := func(what string) (Reference, error) {
		return Reference{}, reason.Refuse(reason.IDListReferenceMalformed, "%s", what)
	}
	ref := Reference{Mechanism: IdentifierList}
	list, ok := textMap(raw)
	if !ok {
		return malformed("identifier_list is not a map with text keys")
	}
	if !decode(list["uri"], majorText, &ref.URI) || !validURI(ref.URI) {
		return malformed("uri is not a text of 1 to 2048 bytes")
	}
	if !decode(list["id"], majorBytes, &ref.Identifier) || len(ref.Identifier) == 0 || len(ref.Identifier) > MaxIdentifier {
		return malformed("id is not a byte string of 1 to 256 bytes")
	}
	if ref.Certificate, ok = certificate(list); !ok {
		return malformed("certificate is not a byte string of 1 to 16384 bytes")
	}
	return ref, nil
}

// certificate reads the optional certificate of a reference.
func certificate(list map[string]cbor.RawMessage) (der []byte, ok bool) {
	raw, has := list["certificate"]
	if !has {
		return nil, true
	}
	ok = decode(raw, majorBytes, &der) && len(der) > 0 && len(der) <= maxCertificate
	return der, ok
}

// textMap decodes a map whose keys are all text.
func textMap(item []byte) (map[string]cbor.RawMessage, bool) {
	var m map[string]cbor.RawMessage
	ok := decode(item, majorMap, &m)
	return m, ok
}

// decode reads an item of exactly one major type. The type is looked at first
// because the decoder would read through tags and take null for anything.
func decode(item []byte, want byte, out any) bool {
	return major(item) == want && strictcbor.Unmarshal(item, out) == nil
}

func major(item []byte) byte {
	if len(item) == 0 {
		return majorNone
	}
	return item[0] >> 5
}
