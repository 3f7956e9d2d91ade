package statuslist

import (
	"math"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
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
// a CWT (section 6.3; ISO/IEC 18013-5 12.3.6, second edition). Code:
// status_reference_malformed.
func ReferencesCBOR(status []byte) ([]Reference, Mechanisms, error) {
	obj, ok := textMap(status)
	if !ok {
		return nil, Mechanisms{}, malformed("status is not a map with text keys")
	}
	var m Mechanisms
	var refs []Reference
	for name, raw := range obj {
		if name != memberList {
			if err := m.add(name); err != nil {
				return nil, Mechanisms{}, err
			}
			continue
		}
		ref, err := cborReference(raw)
		if err != nil {
			return nil, Mechanisms{}, err
		}
		refs = append(refs, ref)
	}
	return refs, m.sorted(), nil
}

func cborReference(raw cbor.RawMessage) (ref Reference, err error) {
	list, ok := textMap(raw)
	if !ok {
		return ref, malformed("status_list is not a map with text keys")
	}
	if !decode(list["uri"], majorText, &ref.URI) || !validURI(ref.URI) {
		return Reference{}, malformed("uri is not a text of 1 to 2048 bytes")
	}
	if !decode(list["idx"], majorUint, &ref.Index) || ref.Index > math.MaxInt64 {
		return Reference{}, malformed("idx is not an unsigned integer below 2^63")
	}
	if c, has := list["certificate"]; has {
		if !decode(c, majorBytes, &ref.Certificate) || len(ref.Certificate) == 0 || len(ref.Certificate) > maxCertificate {
			return Reference{}, malformed("certificate is not a byte string of 1 to 16384 bytes")
		}
	}
	return ref, nil
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
