package xmldsig

import (
	"github.com/beevik/etree"
)

// signedInfo is what SignedInfo says, read from its canonical bytes.
type signedInfo struct {
	method     method
	document   digest
	properties digest
	// inclusive: the reference to the signed properties names no transform.
	inclusive bool
}

// readSignedInfo reads the canonical bytes of SignedInfo, which are what the
// signature value is over, and holds the references against the elements that the
// profile lets them mean: the root and the signed properties of this signature.
func readSignedInfo(b []byte, root, properties *etree.Element) (*signedInfo, error) {
	d, err := Parse(b)
	if err != nil {
		return nil, err
	}
	parts, err := elements(d.root)
	if err != nil {
		return nil, err
	}
	if len(parts) < 2 || !is(parts[0], nsDSig, "CanonicalizationMethod") || !is(parts[1], nsDSig, "SignatureMethod") {
		return nil, malformed("SignedInfo without its methods")
	}
	if alg, err := algorithm(parts[0]); err != nil {
		return nil, err
	} else if alg != algExclusive {
		return nil, forbidden("the canonicalisation of SignedInfo")
	}
	info := &signedInfo{}
	if info.method, err = readMethod(parts[1]); err != nil {
		return nil, err
	}
	references := parts[2:]
	if len(references) != 2 {
		return nil, wrapping("not exactly two references")
	}
	// Their order is free. Both kinds are wanted, so each comes once.
	if typ, _ := plain(references[0], "Type"); typ == typeSignedProperties {
		references[0], references[1] = references[1], references[0]
	}
	if err := info.documentReference(references[0], root); err != nil {
		return nil, err
	}
	return info, info.propertiesReference(references[1], properties)
}

// documentReference wants the whole document without its signature, in exclusive
// form, and nothing else done to it.
func (i *signedInfo) documentReference(e, root *etree.Element) error {
	uri, ok := plain(e, "URI")
	if typ, _ := plain(e, "Type"); typ != "" || !ok || uri != "" && !refersTo(uri, root) {
		return wrapping("no reference to the whole document")
	}
	transforms, d, err := readReference(e)
	if err != nil {
		return err
	}
	if len(transforms) != 2 || transforms[0] != algEnveloped || transforms[1] != algExclusive {
		return wrapping("transforms of the document")
	}
	i.document = d
	return nil
}

// propertiesReference wants the signed properties of this signature, in exclusive
// form or, as some lists before 2020 have it, without any transform.
func (i *signedInfo) propertiesReference(e, properties *etree.Element) error {
	uri, _ := plain(e, "URI")
	if typ, _ := plain(e, "Type"); typ != typeSignedProperties || !refersTo(uri, properties) {
		return wrapping("no reference to the signed properties of this signature")
	}
	transforms, d, err := readReference(e)
	if err != nil {
		return err
	}
	i.inclusive = len(transforms) == 0
	if !i.inclusive && (len(transforms) != 1 || transforms[0] != algExclusive) {
		return wrapping("transforms of the signed properties")
	}
	i.properties = d
	return nil
}

// readReference returns the transforms of a Reference and its digest.
func readReference(e *etree.Element) (transforms []string, d digest, err error) {
	if !is(e, nsDSig, "Reference") {
		return nil, d, malformed("SignedInfo holds something else than references")
	}
	parts, err := elements(e)
	if err != nil {
		return nil, d, err
	}
	if len(parts) == 3 && is(parts[0], nsDSig, "Transforms") {
		if transforms, err = readTransforms(parts[0]); err != nil {
			return nil, d, err
		}
		parts = parts[1:]
	}
	if len(parts) != 2 {
		return nil, d, malformed("a reference")
	}
	d, err = readDigest(parts[0], parts[1])
	return transforms, d, err
}

// readTransforms returns the algorithms; a transform with parameters, an
// InclusiveNamespaces or an XPath, is none of the profile.
func readTransforms(e *etree.Element) ([]string, error) {
	parts, err := elements(e)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 || len(parts) > 2 {
		return nil, wrapping("the number of transforms")
	}
	var out []string
	for _, part := range parts {
		alg, err := algorithm(part)
		if err != nil {
			return nil, wrapping("a transform with parameters")
		}
		if !is(part, nsDSig, "Transform") {
			return nil, malformed("a transform")
		}
		out = append(out, alg)
	}
	return out, nil
}

// algorithm returns the Algorithm of an element that has no parameters.
func algorithm(e *etree.Element) (string, error) {
	parts, err := elements(e)
	if err != nil {
		return "", err
	}
	if len(parts) > 0 {
		return "", forbidden("an algorithm with parameters")
	}
	alg, ok := plain(e, "Algorithm")
	if !ok {
		return "", malformed("a method without its algorithm")
	}
	return alg, nil
}
