package verify

import (
	"strings"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Types of the built-in table (PID Rulebook 1.7, mDL Rulebook, EU age
// verification profile).
const (
	TypePID     = "urn:eudi:pid:1"
	TypePIDMdoc = "eu.europa.ec.eudi.pid.1"
	TypeMDL     = "org.iso.18013.5.1.mDL"
	TypeAge     = "eu.europa.ec.av.1"
	pidPrefix   = "urn:eudi:pid:"
)

// kindOf says what a type counts as: configured types first, then the built-in
// table.
func (v *Verifier) kindOf(typ string) (trustlist.Kind, bool) {
	if k, ok := v.kinds[typ]; ok {
		return k, true
	}
	switch typ {
	case TypePID, TypePIDMdoc:
		return trustlist.KindPID, true
	case TypeMDL:
		return trustlist.KindMDL, true
	case TypeAge:
		return trustlist.KindEAA, true
	}
	if _, ok := nationalPID(typ); ok {
		return trustlist.KindPID, true
	}
	return "", false
}

// nationalPID returns the country of a type of the form urn:eudi:pid:<cc>:<n>.
func nationalPID(typ string) (country string, ok bool) {
	rest, ok := strings.CutPrefix(typ, pidPrefix)
	if !ok {
		return "", false
	}
	cc, version, ok := strings.Cut(rest, ":")
	if !ok || len(cc) != 2 || strings.ToLower(cc) != cc || version == "" || strings.Trim(version, "0123456789") != "" {
		return "", false
	}
	return trustlist.Territory(cc), true
}

// basePID returns the type that a national PID type extends, "" for other types.
func basePID(typ string) string {
	if _, ok := nationalPID(typ); !ok {
		return ""
	}
	return pidPrefix + typ[strings.LastIndexByte(typ, ':')+1:]
}

// satisfies says whether a credential of the types presented is one of type
// asked. A national PID extends the base type of the same version (PID Rulebook
// 1.7); that its issuer may use it is checked against the anchor's country.
func satisfies(asked string, presented []string) bool {
	for _, t := range presented {
		if t == asked {
			return true
		}
		if base := basePID(t); base != "" && asked == base {
			return true
		}
	}
	return false
}

// kind decides which anchors count: what expect names, else what the types asked
// for stand for. The presented type only picks among kinds the caller allowed.
func (c *check) kind(w wanted, p presented) (trustlist.Kind, error) {
	if w.expect != nil && w.expect.Kind != "" {
		return w.expect.Kind, nil
	}
	var kinds []trustlist.Kind
	for _, t := range w.types() {
		k, ok := c.kindOf(t)
		if !ok {
			continue
		}
		if satisfies(t, []string{p.unverifiedType()}) {
			return k, nil
		}
		if len(kinds) == 0 || kinds[0] != k {
			kinds = append(kinds, k)
		}
	}
	switch len(kinds) {
	case 1:
		return kinds[0], nil
	case 0:
		return "", reason.Refuse(reason.RequestContextIncomplete, "the kind of credential is not known: send expect.<id>.kind, or have the operator name the type in trust.kinds")
	default:
		return "", reason.Refuse(reason.VCTMismatch, "the credential is of none of the types asked for")
	}
}
