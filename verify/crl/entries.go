package crl

import (
	"bytes"
	stdasn1 "encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/edgetrust/edgetrust/verify/internal/hashset"
)

// checkEntries reads all entries and counts them.
func checkEntries(entries cryptobyte.String) (n int, err error) {
	for ; !entries.Empty(); n++ {
		var entry cryptobyte.String
		if !entries.ReadASN1(&entry, asn1.SEQUENCE) || !skipSerial(&entry) || !skipDate(&entry) {
			return 0, malformed("an entry is not a serial number and a date")
		}
		var extensions cryptobyte.String
		if !entry.ReadOptionalASN1(&extensions, nil, asn1.SEQUENCE) || !entry.Empty() {
			return 0, malformed("an entry has more than extensions")
		}
		for !extensions.Empty() {
			if err := checkEntryExtension(&extensions); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// readSerial returns the bytes of a serial number without leading zeros, one zero for
// zero, sharing their memory.
func readSerial(entry *cryptobyte.String) (serial []byte, ok bool) {
	ok = entry.ReadASN1Integer(&serial)
	return serial, ok
}

func skipSerial(entry *cryptobyte.String) bool {
	_, ok := readSerial(entry)
	return ok
}

func checkEntryExtension(extensions *cryptobyte.String) error {
	var extension, id, value cryptobyte.String
	critical := false
	if !extensions.ReadASN1(&extension, asn1.SEQUENCE) || !readOID(&extension, &id) ||
		extension.PeekASN1Tag(asn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
		!extension.ReadASN1(&value, asn1.OCTET_STRING) || !extension.Empty() {
		return malformed("an extension of an entry is malformed")
	}
	switch {
	case critical:
		return notUnderstood("an extension of an entry is critical")
	case bytes.Equal(id, rawIssuer):
		return notUnderstood("an entry is of another issuer")
	case bytes.Equal(id, rawReason):
		var code int
		if !value.ReadASN1Enum(&code) || !value.Empty() {
			return malformed("the reason of an entry is malformed")
		}
		if code == removeFromCRL {
			return malformed("an entry is for removal, and this is no delta list")
		}
	}
	return nil
}

// readOID reads the content of an object identifier. That of a reason, which most
// entries have, is not decoded.
func readOID(s, content *cryptobyte.String) bool {
	rest := *s
	if !s.ReadASN1(content, asn1.OBJECT_IDENTIFIER) {
		return false
	}
	var id stdasn1.ObjectIdentifier
	return bytes.Equal(*content, rawReason) || rest.ReadASN1ObjectIdentifier(&id)
}

// serials are those of entries that were checked.
func serials(entries cryptobyte.String, n int) hashset.Set {
	return hashset.Of(n, func(yield func([]byte) bool) {
		for !entries.Empty() {
			var entry cryptobyte.String
			entries.ReadASN1(&entry, asn1.SEQUENCE)
			if serial, ok := readSerial(&entry); !ok || !yield(serial) {
				return
			}
		}
	})
}
