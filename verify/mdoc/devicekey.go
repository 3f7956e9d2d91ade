package mdoc

// readDeviceKeyInfo reads deviceKeyInfo (12.3.2). The key itself is read when a
// signature is checked with it.
func (m *mso) readDeviceKeyInfo(c *cursor) {
	const what = "deviceKeyInfo"
	var keys keySet
	for n := c.count(majorMap, what); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, what)) {
		case "deviceKey":
			if c.next() != majorMap {
				c.fail("deviceKey", "is not a COSE_Key")
			}
			m.deviceKey = c.raw("deviceKey")
		case "keyAuthorizations":
			m.authorizations.read(c)
		default:
			c.skip(what, maxDepth)
		}
	}
}

func (a *authorizations) read(c *cursor) {
	const what = "keyAuthorizations"
	var keys keySet
	for n := c.count(majorMap, what); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, what)) {
		case "nameSpaces":
			a.nameSpaces = c.names(what)
		case "dataElements":
			var spaces keySet
			count := c.count(majorMap, what)
			a.dataElements = make(map[string][]string, min(count, maxNameSpaces))
			for ; count > 0 && c.err == nil; count-- {
				space := string(c.member(&spaces, what))
				a.dataElements[space] = c.names(what)
			}
		default:
			c.skip(what, maxDepth)
		}
	}
}

func (c *cursor) names(what string) (list []string) {
	for n := c.count(majorArray, what); n > 0 && c.err == nil; n-- {
		list = append(list, string(c.name(what)))
	}
	return list
}
