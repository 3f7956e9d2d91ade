package verifytest

import "maps"

// Ref is a credential's reference to its status.
type Ref struct {
	URI   string
	Index uint64
	// Identifier, unless nil, makes it a reference to an identifier list, which an
	// mdoc alone can have; Index is left out.
	Identifier  []byte
	Certificate []byte // mdoc only: DER of whom to trust (ISO/IEC 18013-5 12.3.6)
	Flat        bool   // SD-JWT only: the shape of ETSI TS 119 472-1
	Also        *Ref   // mdoc only: a reference by the other mechanism
}

// json is the status member of an SD-JWT VC.
func (r Ref) json() map[string]any {
	if r.Flat {
		return map[string]any{"type": "TokenStatusList", "purpose": "revocation", "index": r.Index, "uri": r.URI}
	}
	return map[string]any{"status_list": map[string]any{"idx": r.Index, "uri": r.URI}}
}

// cbor is the status member of an MSO.
func (r Ref) cbor() map[string]any {
	mechanism, list := "status_list", map[string]any{"idx": r.Index, "uri": r.URI}
	if r.Identifier != nil {
		mechanism, list = "identifier_list", map[string]any{"id": r.Identifier, "uri": r.URI}
	}
	if r.Certificate != nil {
		list["certificate"] = r.Certificate
	}
	status := map[string]any{mechanism: list}
	if r.Also != nil {
		maps.Copy(status, r.Also.cbor())
	}
	return status
}
