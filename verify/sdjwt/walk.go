package sdjwt

import "github.com/edgetrust/edgetrust/verify/reason"

// value processes v and returns what takes its place.
func (p *processor) value(v any, depth int, pl place) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return v, p.object(v, depth, pl)
	case []any:
		return p.array(v, depth, pl)
	default:
		return v, nil
	}
}

func (p *processor) object(obj map[string]any, depth int, pl place) error {
	if depth > maxDepth {
		return errDepth()
	}
	var digests any
	concealed := false
	for name, v := range obj {
		switch name {
		case digestsKey:
			digests, concealed = v, true
			continue
		case elementsKey:
			return reason.Refuse(reason.SDDigestMalformed, "an object with the member ... that is no array element")
		case hashKey:
			return reason.Refuse(reason.SDAlgNested, "_sd_alg below the top level")
		}
		switch v := v.(type) {
		case map[string]any:
			if err := p.object(v, depth+1, pl.below(name, v)); err != nil {
				return err
			}
		case []any:
			a, err := p.array(v, depth+1, pl.below(name, v))
			if err != nil {
				return err
			}
			if len(a) < len(v) {
				obj[name] = a
			}
		}
	}
	if !concealed {
		return nil
	}
	delete(obj, digestsKey)
	return p.properties(obj, digests, depth, pl)
}

// properties inserts the disclosed properties of obj.
func (p *processor) properties(obj map[string]any, digests any, depth int, pl place) error {
	if pl != top && pl != open {
		return errGuarded()
	}
	list, ok := digests.([]any)
	if !ok {
		return reason.Refuse(reason.SDDigestMalformed, "_sd is not an array")
	}
	for _, digest := range list {
		d, err := p.take(digest)
		if err != nil {
			return err
		}
		if d == nil {
			continue // not disclosed, or a decoy: they look the same
		}
		if err := p.property(obj, d, depth, pl); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) property(obj map[string]any, d *disclosure, depth int, pl place) error {
	if d.element {
		return reason.Refuse(reason.DisclosureMalformed, "a disclosure of two members for an object property")
	}
	switch d.name {
	case digestsKey, elementsKey:
		return reason.Refuse(reason.DisclosureNameForbidden, "a disclosure is named %s", d.name)
	case hashKey:
		return reason.Refuse(reason.SDAlgNested, "_sd_alg in a disclosure")
	}
	if _, ok := obj[d.name]; ok {
		return reason.Refuse(reason.DisclosureClaimCollision, "a disclosed name exists already at its level")
	}
	if pl == top && neverDisclosable(d.name) {
		return reason.Refuse(reason.ClaimMustNotBeDisclosable, "%s came from a disclosure", d.name)
	}
	v, err := p.value(d.value, depth+1, open)
	if err != nil {
		return err
	}
	obj[d.name] = v
	return nil
}

// array puts disclosed elements in place and drops the others, within a's memory.
func (p *processor) array(a []any, depth int, pl place) ([]any, error) {
	if depth > maxDepth {
		return nil, errDepth()
	}
	within := pl
	if pl == audience {
		within = guarded
	}
	kept := a[:0]
	for _, v := range a {
		if digest, ok := concealedElement(v); ok {
			d, err := p.element(v, digest, pl)
			if err != nil {
				return nil, err
			}
			if d == nil {
				continue
			}
			v = d.value
		}
		w, err := p.value(v, depth+1, within)
		if err != nil {
			return nil, err
		}
		kept = append(kept, w)
	}
	clear(a[len(kept):])
	return kept, nil
}

func concealedElement(v any) (digest any, ok bool) {
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	digest, ok = obj[elementsKey]
	return digest, ok
}

// element returns the disclosure of a concealed array element, nil if it was not
// disclosed.
func (p *processor) element(v, digest any, pl place) (*disclosure, error) {
	if pl == guarded {
		return nil, errGuarded()
	}
	if len(v.(map[string]any)) != 1 {
		return nil, reason.Refuse(reason.SDDigestMalformed, "an array element has ... and other members")
	}
	d, err := p.take(digest)
	if err == nil && d != nil && !d.element {
		return nil, reason.Refuse(reason.DisclosureMalformed, "a disclosure of three members for an array element")
	}
	return d, err
}
