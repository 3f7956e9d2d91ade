package verifytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// The validity of an ordinary credential, around the time it is issued.
const (
	validBefore = time.Hour
	validAfter  = 14 * day
)

// NamespaceMDL holds the elements of a driving licence.
const NamespaceMDL = "org.iso.18013.5.1"

// SDJWT returns what an authority issues at now as an SD-JWT VC of a type, ready
// to be changed and handed to IssueSDJWT. A status is not in it.
func (w *World) SDJWT(a *Authority, typ string, now time.Time) (SDJWTOptions, error) {
	from, to := span(now, validBefore, validAfter)
	o := SDJWTOptions{VCT: typ, IssuedAt: from, NotBefore: from, NotAfter: to}
	switch {
	case isPID(typ):
		o.Claims = a.person.pidJSON(pictureURL(w.portrait))
	case typ == TypeResidence:
		o.Claims = a.person.residence()
		o.Open = map[string]any{"category": "urn:etsi:esi:eaa:eu:pub"}
	case typ == TypeDiploma:
		o.Claims = a.person.diploma()
		o.Open = map[string]any{"category": "urn:etsi:esi:eaa:eu:qualified"}
	case typ == TypeMembership:
		o.Claims = a.person.membership()
	case typ == TypePayment:
		o.Claims = a.person.payment()
	default:
		return o, fmt.Errorf("no authority issues %q as an SD-JWT VC", typ)
	}
	return o, nil
}

// Mdoc returns what an authority issues at now as an mdoc of a type, ready to be
// changed and handed to IssueMdoc. A status is not in it.
func (w *World) Mdoc(a *Authority, typ string, now time.Time) (MdocOptions, error) {
	from, to := span(now, validBefore, validAfter)
	o := MdocOptions{DocType: typ, Signed: from, ValidFrom: from, ValidUntil: to}
	switch typ {
	case TypePIDMdoc:
		o.NameSpaces = map[string]map[string]any{TypePIDMdoc: a.person.pidMdoc(w.portrait)}
	case TypeMDL:
		o.NameSpaces = map[string]map[string]any{NamespaceMDL: a.person.mdl(w.portrait, a.State)}
	default:
		return o, fmt.Errorf("no authority issues %q as an mdoc", typ)
	}
	return o, nil
}

// kindOf is the kind a type stands for.
func kindOf(typ string) trustlist.Kind {
	switch {
	case isPID(typ) || typ == TypePIDMdoc:
		return trustlist.KindPID
	case typ == TypeMDL:
		return trustlist.KindMDL
	case typ == TypeResidence:
		return trustlist.KindPubEAA
	case typ == TypeDiploma:
		return trustlist.KindQEAA
	default:
		return trustlist.KindEAA
	}
}

func isPID(typ string) bool { return strings.HasPrefix(typ, "urn:eudi:pid:") }
