package etsitl

import (
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
)

// parts are what a caller wants to see of a list; a nil part is passed over.
type parts struct {
	scheme    func(*xmldsig.Reader) error
	providers func(*xmldsig.Reader) error
}

// walk goes through a list: the scheme first, then the providers, as the schema
// orders them, so that a list is judged before its services are read.
func walk(r *xmldsig.Reader, p parts) error {
	return refusal(r.Children(func(root xmldsig.Element) error {
		if root != (xmldsig.Element{Space: nsList, Local: "TrustServiceStatusList"}) {
			return malformed("the root is not a TrustServiceStatusList of TS 119 612")
		}
		scheme := false
		err := members(r, "the list", func(local string) error {
			switch local {
			case "SchemeInformation":
				scheme = true
				return p.scheme(r)
			case "TrustServiceProviderList":
				if !scheme {
					return malformed("TrustServiceProviderList stands before SchemeInformation")
				}
				if p.providers != nil {
					return p.providers(r)
				}
			}
			return nil
		})
		if err == nil && !scheme {
			return malformed("there is no SchemeInformation")
		}
		return err
	}))
}

// members visits the elements of the list's namespace inside what holds each of them
// once, and refuses a second: of two one reader takes the first and another the last.
// Elements of other namespaces say nothing about the list.
func members(r *xmldsig.Reader, what string, visit func(local string) error) error {
	var seen []string // few, so that a map would cost more
	return r.Children(func(e xmldsig.Element) error {
		switch {
		case e.Space != nsList:
			return nil
		case slices.Contains(seen, e.Local):
			return malformed("a member of %s stands twice", what)
		case len(seen) == MaxMembers:
			return malformed("%s has more than %d members", what, MaxMembers)
		}
		seen = append(seen, e.Local)
		return visit(e.Local)
	})
}

// each visits those elements that have this name, and passes over others.
func each(r *xmldsig.Reader, local string, visit func() error) error {
	return r.Children(func(e xmldsig.Element) error {
		if e != (xmldsig.Element{Space: nsList, Local: local}) {
			return nil
		}
		return visit()
	})
}

// value reads the text of an element, without the white space around it.
func value(r *xmldsig.Reader) (string, error) {
	s, err := r.Text(MaxText)
	return strings.Trim(s, " \t\r\n"), err
}

// name is a text in one language.
type name struct{ lang, text string }

// readNames reads the children of an element that holds texts in several
// languages: Name, URI.
func readNames(r *xmldsig.Reader, local string) (names []name, err error) {
	err = each(r, local, func() error {
		if len(names) == MaxValues {
			return malformed("a member has more than %d names or URIs", MaxValues)
		}
		lang, _ := r.Attr(nsXML, "lang")
		text, err := value(r)
		names = append(names, name{lang, strings.Join(strings.Fields(text), " ")})
		return err
	})
	return names, err
}

// texts returns the names without their languages.
func texts(names []name) []string {
	var out []string
	for _, n := range names {
		out = append(out, n.text)
	}
	return out
}

// english returns the English one of some names, else the first.
func english(names []name) string {
	for _, n := range names {
		if lang, _, _ := strings.Cut(n.lang, "-"); strings.EqualFold(lang, "en") {
			return n.text
		}
	}
	return names[0].text
}
