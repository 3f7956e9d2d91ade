package etsitl

import (
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
		schemes, providers := 0, 0
		err := children(r, func(local string) error {
			switch local {
			case "SchemeInformation":
				if schemes++; schemes > 1 {
					return malformed("SchemeInformation stands twice")
				}
				return p.scheme(r)
			case "TrustServiceProviderList":
				if providers++; providers > 1 || schemes == 0 {
					return malformed("TrustServiceProviderList stands twice, or before SchemeInformation")
				}
				if p.providers != nil {
					return p.providers(r)
				}
			}
			return nil
		})
		if err == nil && schemes == 0 {
			return malformed("there is no SchemeInformation")
		}
		return err
	}))
}

// children visits the elements of the list's namespace; others say nothing about
// it.
func children(r *xmldsig.Reader, visit func(local string) error) error {
	return r.Children(func(e xmldsig.Element) error {
		if e.Space != nsList {
			return nil
		}
		return visit(e.Local)
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
	err = children(r, func(got string) error {
		if got != local {
			return nil
		}
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
