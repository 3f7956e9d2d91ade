package statuslist

import (
	"math"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Reference is where a credential says its status is found (section 6). Together
// the two name one credential: neither is logged, nor given to anybody.
type Reference struct {
	URI   string
	Index uint64
	// Certificate is the DER of the list's anchor, which an mdoc may name
	// (ISO/IEC 18013-5 12.3.6, second edition, unconfirmed); nil otherwise.
	Certificate []byte
}

// Mechanisms says which other status mechanisms a credential names.
type Mechanisms struct {
	Unknown []string // sorted
}

// typeETSI is the type of the flat shape that means a Token Status List.
const typeETSI = "TokenStatusList"

func malformed(what string) error {
	return reason.Refuse(reason.StatusReferenceMalformed, "%s", what)
}

// ReferencesJSON reads the status claim of an SD-JWT VC, as strictjson decoded it:
// status_list with idx and uri, and the flat shape of ETSI TS 119 472-1 with type,
// index and uri (unconfirmed). Where both are there they must agree.
func ReferencesJSON(status any) ([]Reference, Mechanisms, error) {
	var m Mechanisms
	obj, ok := status.(map[string]any)
	if !ok {
		return nil, m, malformed("status is not an object")
	}
	var refs []Reference
	for name, v := range obj {
		switch name {
		case memberList:
			list, ok := v.(map[string]any)
			if !ok {
				return nil, m, malformed("status_list is not an object")
			}
			ref, err := jsonReference(list["uri"], list["idx"])
			if err != nil {
				return nil, m, err
			}
			refs = append(refs, ref)
		case "type", "purpose", "index", "uri":
		default:
			m.Unknown = append(m.Unknown, name)
		}
	}
	if t, ok := obj["type"].(string); ok && t != typeETSI {
		m.Unknown = append(m.Unknown, "type")
	}
	slices.Sort(m.Unknown)
	flat, ok, err := etsiReference(obj)
	if err != nil || !ok {
		return refs, m, err
	}
	if len(refs) == 1 && (refs[0].URI != flat.URI || refs[0].Index != flat.Index) {
		return nil, m, reason.Refuse(reason.StatusReferenceConflict, "the two shapes of status name different entries")
	}
	return []Reference{flat}, m, nil
}

// etsiReference reads the flat shape; ok is false when it is not there.
func etsiReference(obj map[string]any) (ref Reference, ok bool, err error) {
	typ, hasType := obj["type"]
	if _, hasIndex := obj["index"]; !hasType && !hasIndex {
		return ref, false, nil
	}
	if name, ok := typ.(string); !ok {
		return ref, false, malformed("status.type is not a string")
	} else if name != typeETSI {
		return ref, false, nil
	}
	if p, has := obj["purpose"]; has && p != "revocation" && p != "suspension" {
		return ref, false, malformed("status.purpose is neither revocation nor suspension")
	}
	ref, err = jsonReference(obj["uri"], obj["index"])
	return ref, err == nil, err
}

func jsonReference(uri, index any) (Reference, error) {
	s, ok := uri.(string)
	if !ok || !validURI(s) {
		return Reference{}, malformed("uri is not a string of 1 to 2048 bytes")
	}
	n, ok := index.(int64)
	if !ok || n < 0 {
		return Reference{}, malformed("the index is not a non-negative integer")
	}
	return Reference{URI: s, Index: uint64(n)}, nil
}

func validURI(s string) bool { return s != "" && len(s) <= MaxURI }

// ReferencesCBOR reads the status map of a MobileSecurityObject.
func ReferencesCBOR(status []byte) ([]Reference, Mechanisms, error) {
	var m Mechanisms
	var obj map[string]cbor.RawMessage
	if strictcbor.Unmarshal(status, &obj) != nil || obj == nil {
		return nil, m, malformed("status is not a map with text keys")
	}
	var refs []Reference
	for name, raw := range obj {
		if name != memberList {
			m.Unknown = append(m.Unknown, name)
			continue
		}
		ref, err := cborReference(raw)
		if err != nil {
			return nil, m, err
		}
		refs = append(refs, ref)
	}
	slices.Sort(m.Unknown)
	return refs, m, nil
}

func cborReference(raw cbor.RawMessage) (ref Reference, err error) {
	var list map[string]cbor.RawMessage
	if strictcbor.Unmarshal(raw, &list) != nil || list == nil {
		return ref, malformed("status_list is not a map with text keys")
	}
	if major(list["uri"]) != 3 || strictcbor.Unmarshal(list["uri"], &ref.URI) != nil || !validURI(ref.URI) {
		return ref, malformed("uri is not a text of 1 to 2048 bytes")
	}
	if major(list["idx"]) != 0 || strictcbor.Unmarshal(list["idx"], &ref.Index) != nil || ref.Index > math.MaxInt64 {
		return ref, malformed("idx is not an unsigned integer below 2^63")
	}
	if c, ok := list["certificate"]; ok {
		if major(c) != 2 || strictcbor.Unmarshal(c, &ref.Certificate) != nil || len(ref.Certificate) == 0 {
			return ref, malformed("certificate is not a byte string")
		}
	}
	return ref, nil
}

// major is the CBOR major type of an item, 8 for nothing.
func major(item cbor.RawMessage) byte {
	if len(item) == 0 {
		return 8
	}
	return item[0] >> 5
}
