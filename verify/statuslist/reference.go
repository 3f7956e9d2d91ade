package statuslist

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Mechanism is a way of saying that a credential is revoked.
type Mechanism string

// The mechanisms, by the name of their member in a credential's status.
const (
	StatusList     Mechanism = "status_list"     // Token Status List
	IdentifierList Mechanism = "identifier_list" // ISO/IEC 18013-5, second edition: mdoc alone
)

// Reference is where a credential says its status is found (section 6; ISO/IEC
// 18013-5 12.3.6). URI and index or identifier together name one credential: they
// are neither logged nor given to anybody.
type Reference struct {
	Mechanism  Mechanism
	URI        string
	Index      uint64 // of a status list: below 2^63
	Identifier []byte // of an identifier list
	// Certificate is the DER of whom the list's signer must be under, which an mdoc
	// may name (ISO/IEC 18013-5 12.3.6, second edition, unconfirmed); nil otherwise.
	Certificate []byte
}

// Mechanisms says which other status mechanisms a credential names.
type Mechanisms struct {
	// Unknown are the names of members not understood, sorted; in JSON, which has no
	// form of it, identifier_list is one of them. A flat ETSI status of another type or
	// purpose is called "type".
	Unknown []string
}

func (m *Mechanisms) add(name string) error {
	if len(m.Unknown) == MaxMechanisms {
		return malformed("status names too many mechanisms")
	}
	m.Unknown = append(m.Unknown, name)
	return nil
}

func (m *Mechanisms) sorted() Mechanisms {
	slices.Sort(m.Unknown)
	return *m
}

func malformed(what string) error {
	return reason.Refuse(reason.StatusReferenceMalformed, "%s", what)
}

func validURI(s string) bool { return s != "" && len(s) <= MaxURI }
