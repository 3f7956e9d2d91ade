package statuslist

import "github.com/edgetrust/edgetrust/verify/reason"

// The flat shape of ETSI TS 119 472-1 V1.2.1, known from excerpts only
// (unconfirmed): its members, and the values that mean a Token Status List.
const (
	flatType    = "type"
	flatPurpose = "purpose"
	flatIndex   = "index"
	flatURI     = "uri"

	typeTokenStatusList = "TokenStatusList"
	purposeRevocation   = "revocation"
	purposeSuspension   = "suspension"
)

// ReferencesJSON reads the status claim of an SD-JWT VC, as strictjson decoded it:
// status_list with idx and uri (section 6.2), and the flat shape of ETSI with type,
// index and uri. Where both are there they must agree, and are one reference.
// Codes: status_reference_malformed, status_reference_conflict.
func ReferencesJSON(status any) ([]Reference, Mechanisms, error) {
	obj, ok := status.(map[string]any)
	if !ok {
		return nil, Mechanisms{}, malformed("status is not an object")
	}
	var m Mechanisms
	var refs []Reference
	flat := isFlat(obj)
	for name, v := range obj {
		switch name {
		case memberList:
			ref, err := nestedReference(v)
			if err != nil {
				return nil, Mechanisms{}, err
			}
			refs = append(refs, ref)
			continue
		case flatType, flatPurpose, flatIndex, flatURI:
			if flat {
				continue
			}
		}
		if err := m.add(name); err != nil {
			return nil, Mechanisms{}, err
		}
	}
	if flat {
		ref, understood, err := flatReference(obj)
		switch {
		case err != nil:
			return nil, Mechanisms{}, err
		case !understood:
			if err := m.add(flatType); err != nil {
				return nil, Mechanisms{}, err
			}
		case len(refs) == 0:
			refs = append(refs, ref)
		case refs[0].URI != ref.URI || refs[0].Index != ref.Index:
			return nil, Mechanisms{}, reason.Refuse(reason.StatusReferenceConflict, "the two shapes of status name different entries")
		}
	}
	return refs, m.sorted(), nil
}

// isFlat says whether status is in the flat shape too: uri or purpose alone could
// be anybody's.
func isFlat(obj map[string]any) bool {
	_, hasType := obj[flatType]
	_, hasIndex := obj[flatIndex]
	return hasType || hasIndex
}

// flatReference reads the flat shape. Another type or purpose is another mechanism.
func flatReference(obj map[string]any) (ref Reference, understood bool, err error) {
	typ, ok := obj[flatType].(string)
	if !ok {
		return ref, false, malformed("status.type is not a string")
	}
	if typ != typeTokenStatusList {
		return ref, false, nil
	}
	if p, has := obj[flatPurpose]; has {
		purpose, ok := p.(string)
		if !ok {
			return ref, false, malformed("status.purpose is not a string")
		}
		if purpose != purposeRevocation && purpose != purposeSuspension {
			return ref, false, nil
		}
	}
	ref, err = jsonReference(obj[flatURI], obj[flatIndex])
	return ref, err == nil, err
}

func nestedReference(v any) (Reference, error) {
	list, ok := v.(map[string]any)
	if !ok {
		return Reference{}, malformed("status_list is not an object")
	}
	return jsonReference(list["uri"], list["idx"])
}

// jsonReference takes an index only as strictjson gives whole numbers below 2^63:
// 1.0 and 1e3 are not integers as written, and a larger number came as a float.
func jsonReference(uri, index any) (Reference, error) {
	s, ok := uri.(string)
	if !ok || !validURI(s) {
		return Reference{}, malformed("the URI is not a string of 1 to 2048 bytes")
	}
	n, ok := index.(int64)
	if !ok || n < 0 {
		return Reference{}, malformed("the index is not an integer from 0 to 2^63-1")
	}
	return Reference{Mechanism: StatusList, URI: s, Index: uint64(n)}, nil
}
