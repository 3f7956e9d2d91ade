package mdoc

import (
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// mso is the MobileSecurityObject (12.3.2).
type mso struct {
	digestAlgorithm string
	digests         []spaceDigests
	deviceKey       cbor.RawMessage
	authorizations  authorizations
	signed          time.Time
	validFrom       time.Time
	validUntil      time.Time
	status          cbor.RawMessage // nil when there is none
}

// spaceDigests are the digests of one namespace, in the order of their ids.
type spaceDigests struct {
	name    string
	digests []digest
}

type digest struct {
	id  uint64
	sum []byte
}

// authorizations say what the device key may sign (12.3.2).
type authorizations struct {
	nameSpaces   []string
	dataElements map[string][]string
}

// parseMSO reads the payload of issuerAuth: tag 24 over the encoded object.
func parseMSO(payload []byte, docType string) (*mso, error) {
	outer := cursor{rest: payload, code: reason.MSOMalformed}
	_, content := outer.embedded("the payload")
	if err := outer.end("the payload"); err != nil {
		return nil, err
	}
	const what = "MobileSecurityObject"
	var (
		m                          = &mso{}
		c                          = cursor{rest: content, code: reason.MSOMalformed}
		keys                       keySet
		version, algorithm, signed []byte
		sizes                      = sizeRange{}
		hasDigests, hasValidity    bool
	)
	for n := c.count(majorMap, what); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, what)) {
		case "version":
			version = c.text("version")
		case "digestAlgorithm":
			algorithm = c.text("digestAlgorithm")
		case "valueDigests":
			sizes, hasDigests = m.readDigests(&c), true
		case "deviceKeyInfo":
			m.readDeviceKeyInfo(&c)
		case "docType":
			signed = c.text("docType")
		case "validityInfo":
			m.readValidity(&c)
			hasValidity = true
		case "status":
			m.status = c.raw("status")
		default:
			c.skip(what, maxDepth)
		}
	}
	if err := c.end(what); err != nil {
		return nil, err
	}
	switch {
	case version == nil || algorithm == nil || signed == nil || !hasDigests || m.deviceKey == nil || !hasValidity:
		return nil, badMSO("a member is missing")
	case !isVersion1(version):
		return nil, reason.Refuse(reason.MdocVersionUnsupported, "MobileSecurityObject version is not 1.x")
	}
	m.digestAlgorithm = string(algorithm)
	size := digestSize(m.digestAlgorithm)
	switch {
	case size == 0:
		return nil, reason.Refuse(reason.MSODigestAlgUnsupported, "digestAlgorithm is not SHA-256, SHA-384 or SHA-512")
	case !sizes.only(size):
		return nil, badMSO("a digest is not of the algorithm's size")
	case string(signed) != docType:
		return nil, reason.Refuse(reason.MdocDocTypeMismatch, "the issuer signed another docType than the document states")
	case m.status != nil && m.status[0]>>5 != majorMap:
		return nil, reason.Refuse(reason.StatusReferenceMalformed, "status is not a map")
	}
	return m, nil
}

func badMSO(what string) error { return reason.Refuse(reason.MSOMalformed, "%s", what) }

// sizeRange is how long the digests are: digestAlgorithm may stand after them.
type sizeRange struct{ min, max int }

func (r *sizeRange) add(n int) {
	if r.max == 0 || n < r.min {
		r.min = n
	}
	r.max = max(r.max, n)
}

// only says that all are of one size; so do none at all.
func (r sizeRange) only(n int) bool { return r.max == 0 && r.min == 0 || r.min == n && r.max == n }

func (m *mso) readDigests(c *cursor) (sizes sizeRange) {
	const what = "valueDigests"
	var keys keySet
	n := c.count(majorMap, what)
	if n > maxNameSpaces {
		c.fail(what, "has too many namespaces")
		return sizes
	}
	m.digests = make([]spaceDigests, 0, n)
	for ; n > 0 && c.err == nil; n-- {
		s := spaceDigests{name: string(c.member(&keys, what))}
		count := c.count(majorMap, what)
		s.digests = make([]digest, 0, count)
		for ; count > 0 && c.err == nil; count-- {
			d := digest{c.uint(what), c.bytes(what)}
			if len(d.sum) == 0 {
				c.fail(what, "holds an empty digest")
			}
			sizes.add(len(d.sum))
			s.digests = append(s.digests, d)
		}
		if !s.sort() {
			c.fail(what, "holds a digestID twice")
		}
		m.digests = append(m.digests, s)
	}
	return sizes
}

// sort says whether every id is there once.
func (s *spaceDigests) sort() bool {
	slices.SortFunc(s.digests, func(a, b digest) int { return cmp.Compare(a.id, b.id) })
	for i := 1; i < len(s.digests); i++ {
		if s.digests[i-1].id == s.digests[i].id {
			return false
		}
	}
	return true
}

// find returns the digest that the issuer signed, nil for none.
func (m *mso) find(space string, id uint64) []byte {
	for i := range m.digests {
		if m.digests[i].name != space {
			continue
		}
		list := m.digests[i].digests
		at, ok := slices.BinarySearchFunc(list, id, func(d digest, id uint64) int { return cmp.Compare(d.id, id) })
		if ok {
			return list[at].sum
		}
	}
	return nil
}

func digestSize(alg string) int {
	switch alg {
	case "SHA-256":
		return sha256.Size
	case "SHA-384":
		return sha512.Size384
	case "SHA-512":
		return sha512.Size
	}
	return 0
}
