package cose

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// Major types (RFC 8949 section 3.1).
const (
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
	majorArray    = 4
	majorMap      = 5
	majorTag      = 6
)

// message is what COSE_Sign1 and COSE_Mac0 have in common: proof is the signature
// or the tag.
type message struct {
	protected, unprotected Header
	rawProtected           []byte
	payload                []byte
	detached               bool
	proof                  []byte
}

func parseMessage(b []byte, tag uint64, rule TagRule) (*message, error) {
	if is(b, majorTag) {
		var t cbor.RawTag
		if strictcbor.Unmarshal(b, &t) != nil {
			return nil, ErrMalformed
		}
		if t.Number != tag || rule == TagForbidden {
			return nil, ErrTag
		}
		b = t.Content
	} else if rule == TagRequired {
		return nil, ErrTag
	}
	// Without the look at the type a second tag would be dropped unseen.
	if !is(b, majorArray) || strictcbor.Wellformed(b) != nil {
		return nil, ErrMalformed
	}
	parts, ok := strictcbor.Split(b, 4)
	if !ok || len(parts) != 4 {
		return nil, ErrMalformed
	}
	m := &message{}
	var err error
	if m.rawProtected, err = byteString(parts[0]); err != nil {
		return nil, err
	}
	if m.protected, err = parseHeader(m.rawProtected, true); err != nil {
		return nil, err
	}
	if m.unprotected, err = parseHeader(parts[1], false); err != nil {
		return nil, err
	}
	if m.protected.shares(m.unprotected) {
		return nil, ErrMalformed
	}
	// An empty map may come as h'' or h'a0', and is signed as h'' (RFC 9052 sections
	// 3 and 4.4). Everything else is signed as received.
	if len(m.protected.labels) == 0 {
		m.rawProtected = nil
	}
	if m.detached = len(parts[2]) == 1 && parts[2][0] == null; !m.detached {
		if m.payload, err = byteString(parts[2]); err != nil {
			return nil, err
		}
	}
	if m.proof, err = byteString(parts[3]); err != nil {
		return nil, err
	}
	return m, nil
}

const null = 0xf6

// is says whether item is of the major type.
func is(item []byte, major byte) bool { return len(item) > 0 && item[0]>>5 == major }

// byteString returns the content of one byte string of definite length.
func byteString(item []byte) ([]byte, error) {
	b, ok := strictcbor.ByteString(item)
	if !ok {
		return nil, ErrMalformed
	}
	return b, nil
}

// structure is Sig_structure or MAC_structure (RFC 9052 sections 4.4 and 6.3):
// [context, protected, external_aad, payload].
func structure(context string, protected, external, payload []byte) []byte {
	out := make([]byte, 0, len(context)+len(protected)+len(external)+len(payload)+32)
	out = append(out, 0x84)
	out = strictcbor.AppendHead(out, majorText, len(context))
	out = append(out, context...)
	for _, b := range [][]byte{protected, external, payload} {
		out = strictcbor.AppendHead(out, majorBytes, len(b))
		out = append(out, b...)
	}
	return out
}
