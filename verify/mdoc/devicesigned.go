package mdoc

import (
	"github.com/fxamacker/cbor/v2"
)

// deviceSigned is the device's part of a document (10.3.3). Its zero value stands
// for a document without one.
type deviceSigned struct {
	spaces    cbor.RawMessage                       // DeviceNameSpacesBytes as received
	values    map[string]map[string]cbor.RawMessage // what they hold; nil when empty
	present   bool                                  // deviceAuth has a member
	signature cbor.RawMessage
	mac       cbor.RawMessage
}

// readDeviceSigned reads deviceSigned. Which member of deviceAuth is there is
// judged when the device is checked.
func (d *Document) readDeviceSigned(c *cursor, l Limits) {
	var keys keySet
	var content []byte
	for n := c.count(majorMap, "deviceSigned"); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, "deviceSigned")) {
		case "nameSpaces":
			d.device.spaces, content = c.embedded("the device's nameSpaces")
		case "deviceAuth":
			d.device.readAuth(c)
		default:
			c.skip("deviceSigned", maxDepth)
		}
	}
	switch {
	case c.err != nil:
	case d.device.spaces == nil:
		c.fail("deviceSigned", "has no nameSpaces")
	default:
		c.refuse(d.readDeviceNameSpaces(content, l))
	}
}

func (s *deviceSigned) readAuth(c *cursor) {
	var keys keySet
	for n := c.count(majorMap, "deviceAuth"); n > 0 && c.err == nil; n-- {
		s.present = true
		switch string(c.member(&keys, "deviceAuth")) {
		case "deviceSignature":
			s.signature = c.raw("deviceSignature")
		case "deviceMac":
			s.mac = c.raw("deviceMac")
		default:
			c.skip("deviceAuth", maxDepth)
		}
	}
}

// readDeviceNameSpaces reads DeviceNameSpaces: nearly always the empty map.
func (d *Document) readDeviceNameSpaces(content []byte, l Limits) error {
	const what = "the device's nameSpaces"
	c := open(content)
	n := c.count(majorMap, what)
	if n > maxNameSpaces {
		c.fail(what, "has too many members")
	}
	var keys keySet
	for ; n > 0 && c.err == nil; n-- {
		space := string(c.member(&keys, what))
		count := c.count(majorMap, what)
		if !d.addElements(&c, count, l) {
			break
		}
		elements := make(map[string]cbor.RawMessage, count)
		var ids keySet
		for ; count > 0 && c.err == nil; count-- {
			id := string(c.member(&ids, what))
			elements[id] = c.raw(what)
		}
		if d.device.values == nil {
			d.device.values = make(map[string]map[string]cbor.RawMessage)
		}
		d.device.values[space] = elements
	}
	return c.end(what)
}
