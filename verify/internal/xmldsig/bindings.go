package xmldsig

// bindings maps prefixes to namespace names on the way down a tree, and takes
// back on the way up. A lookup costs the same however much has been declared.
type bindings struct {
	now  map[string]string
	past []binding
}

// binding is what a prefix meant before it was set.
type binding struct {
	prefix, uri string
	had         bool
}

func newBindings() *bindings {
	return &bindings{now: map[string]string{"xml": nsXML}}
}

func (b *bindings) get(prefix string) (uri string, ok bool) {
	uri, ok = b.now[prefix]
	return uri, ok
}

func (b *bindings) set(prefix, uri string) {
	old, had := b.now[prefix]
	b.past = append(b.past, binding{prefix, old, had})
	b.now[prefix] = uri
}

// mark is where reset goes back to.
func (b *bindings) mark() int { return len(b.past) }

func (b *bindings) reset(mark int) {
	for len(b.past) > mark {
		last := b.past[len(b.past)-1]
		b.past = b.past[:len(b.past)-1]
		if last.had {
			b.now[last.prefix] = last.uri
		} else {
			delete(b.now, last.prefix)
		}
	}
}

// since says whether prefix was set after mark.
func (b *bindings) since(mark int, prefix string) bool {
	for _, p := range b.past[mark:] {
		if p.prefix == prefix {
			return true
		}
	}
	return false
}
