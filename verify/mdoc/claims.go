package mdoc

import (
	"math"
	"math/big"
	"strconv"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
)

// Elements returns what the issuer signed and the holder presented: namespace →
// identifier → encoded value, in the bytes as received.
func (i *Issued) Elements() map[string]map[string]cbor.RawMessage {
	out := make(map[string]map[string]cbor.RawMessage, len(i.doc.spaces))
	for _, s := range i.doc.spaces {
		m := make(map[string]cbor.RawMessage, len(s.items))
		for n := range s.items {
			m[string(s.items[n].identifier)] = s.items[n].value
		}
		out[s.name] = m
	}
	return out
}

// DeviceElements returns what the device signed, nil when that is nothing. The
// caller must not change it.
func (i *Issued) DeviceElements() map[string]map[string]cbor.RawMessage { return i.doc.device.values }

// Claims turns encoded elements into what an answer shows, which is what JSON can
// say: text, booleans and null as they are; integers as int64, larger ones as
// decimal text; floating-point numbers as float64, those that are none as null;
// byte strings as base64url; a tagged value, such as a date (tags 0 and 1004), as
// what it tags; arrays and maps likewise, integer keys in decimal.
func Claims(elements map[string]map[string]cbor.RawMessage) map[string]any {
	out := make(map[string]any, len(elements))
	for ns, m := range elements {
		space := make(map[string]any, len(m))
		for id, raw := range m {
			c := open(raw)
			if v := c.value(maxDepth); c.end("a value") == nil {
				space[id] = v
			}
		}
		out[ns] = space
	}
	return out
}

// value reads one item as Claims shows it.
func (c *cursor) value(depth int) any {
	if depth < 0 {
		c.fail("a value", "is nested too deeply")
		return nil
	}
	switch c.next() {
	case majorUint:
		return integer(c.uint("a value"), false)
	case majorNegative:
		return integer(c.expect(majorNegative, "a value", "is not an integer"), true)
	case majorBytes:
		return b64.EncodeURL(c.bytes("a value"))
	case majorText:
		return string(c.text("a value"))
	case majorArray:
		n := c.count(majorArray, "a value")
		list := make([]any, 0, n)
		for ; n > 0 && c.err == nil; n-- {
			list = append(list, c.value(depth-1))
		}
		return list
	case majorMap:
		return c.mapValue(depth)
	case majorTag:
		return c.tagValue(depth)
	default:
		return c.simpleValue()
	}
}

func (c *cursor) mapValue(depth int) any {
	n := c.count(majorMap, "a value")
	m := make(map[string]any, n)
	for ; n > 0 && c.err == nil; n-- {
		isText := c.next() == majorText
		var name string
		switch k := c.value(0).(type) {
		case string:
			name = k
		case int64:
			name = strconv.FormatInt(k, 10)
		default:
			c.fail("a value", "has a map key without a name")
		}
		v := c.value(depth - 1)
		// A text key wins over another that reads the same.
		if _, there := m[name]; !there || isText {
			m[name] = v
		}
	}
	return m
}

// tagValue drops the tag, but for the two of large integers (RFC 8949 section
// 3.4.3).
func (c *cursor) tagValue(depth int) any {
	tag := c.expect(majorTag, "a value", "is not a tag")
	if (tag == 2 || tag == 3) && c.next() == majorBytes {
		b := c.bytes("a value")
		if len(b) > maxBignum {
			return nil
		}
		n := new(big.Int).SetBytes(b)
		if tag == 3 {
			n.Not(n)
		}
		return n.String()
	}
	return c.value(depth - 1)
}

// integer is n, or -1-n.
func integer(n uint64, negative bool) any {
	if n > math.MaxInt64 {
		b := new(big.Int).SetUint64(n)
		if negative {
			b.Not(b)
		}
		return b.String()
	}
	if negative {
		return -1 - int64(n)
	}
	return int64(n)
}

func (c *cursor) simpleValue() any {
	if len(c.rest) == 0 {
		c.fail("a value", "is missing")
		return nil
	}
	info := c.rest[0] & 31
	_, n, _, ok := c.head()
	if !ok {
		c.fail("a value", "is not well-formed")
		return nil
	}
	switch info {
	case 20, 21:
		return info == 21
	case 25:
		return number(float16(uint16(n)))
	case 26:
		return number(float64(math.Float32frombits(uint32(n))))
	case 27:
		return number(math.Float64frombits(n))
	default:
		return nil // null, undefined and values without a meaning
	}
}

// float16 decodes a half-precision number (RFC 8949 appendix D).
func float16(h uint16) float64 {
	exp, mant := int(h>>10&31), float64(h&1023)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(mant, -24)
	case 31:
		return math.NaN() // infinite or none: JSON has neither
	default:
		f = math.Ldexp(mant+1024, exp-25)
	}
	if h&0x8000 != 0 {
		return -f
	}
	return f
}

// number keeps what JSON can say.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}
