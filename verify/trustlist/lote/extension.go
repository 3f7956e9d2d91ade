package lote

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// uniqueIdentifier is the one extension that is understood (…_sie.json).
const uniqueIdentifier = "ServiceUniqueIdentifier"

// extensions checks one array of extensions. An extension that is critical and
// not among known condemns the list (clause 6.3.17).
func (r *reader) extensions(exts []jsontext.Value, known []string) error {
	for _, e := range exts {
		members, ok := members(e)
		if !ok {
			r.warn("an extension is not an object")
			continue
		}
		critical := false
		if c, there := members["Critical"]; there {
			if k := c.Kind(); k != 't' && k != 'f' {
				return malformed("an extension's Critical is not a boolean")
			}
			critical = c.Kind() == 't'
		}
		if critical && !understood(members, known) {
			return reason.Refuse(reason.TrustListCriticalExtensionUnknown, "an extension is critical and not understood")
		}
	}
	return nil
}

// understood: there is something beside Critical, and all of it is known.
func understood(members map[string]jsontext.Value, known []string) bool {
	n := 0
	for _, k := range known {
		if _, ok := members[k]; ok {
			n++
		}
	}
	return n > 0 && n == len(members)-1
}

// hasUniqueIdentifier says whether a service carries its unique identifier.
func hasUniqueIdentifier(exts []jsontext.Value) bool {
	for _, e := range exts {
		if m, ok := members(e); ok && m[uniqueIdentifier].Kind() == '"' {
			return true
		}
	}
	return false
}

func members(e jsontext.Value) (m map[string]jsontext.Value, ok bool) {
	return m, e.Kind() == '{' && json.Unmarshal(e, &m) == nil
}
