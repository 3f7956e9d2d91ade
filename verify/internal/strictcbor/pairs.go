package strictcbor

// Pairs returns how many pairs one map of definite length says that it has; ok is
// false for anything else.
func Pairs(item []byte) (n uint64, ok bool) {
	h, _, ok := readHead(item)
	if !ok || h.major != majorMap {
		return 0, false
	}
	return h.arg, true
}

// EachPair calls visit with every key and value of one map, as they were received
// and sharing its memory, until visit returns false. It is for maps of more than
// MaxElements pairs: it keeps nothing, so that whether a key comes twice is the
// caller's to find, and so are limits. Lengths are definite and items nest no deeper
// than MaxDepth, but what a visitor reads of an item it checks with Wellformed
// first. The result is false if visit said so, and if the item is anything but one
// such map with nothing after it.
func EachPair(item []byte, visit func(key, value []byte) bool) bool {
	h, rest, ok := readHead(item)
	if !ok || h.major != majorMap {
		return false
	}
	for ; h.arg > 0; h.arg-- {
		key, ok := skip(rest, MaxDepth)
		if !ok {
			return false
		}
		value, ok := skip(rest[key:], MaxDepth)
		if !ok || !visit(rest[:key:key], rest[key:key+value:key+value]) {
			return false
		}
		rest = rest[key+value:]
	}
	return len(rest) == 0
}
