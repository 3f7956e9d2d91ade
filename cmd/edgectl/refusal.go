package main

import (
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// reasonOfCode is a reason with what the registry says of its code.
func reasonOfCode(code reason.Code, detail string) verify.Reason {
	r := verify.Reason{Code: code, Detail: detail}
	if e, known := reason.Lookup(code); known {
		r.Class, r.Retry = e.Class, e.Retry
	}
	return r
}

// refusal prints why a list was refused, with what the code means and what an
// operator can do.
func (p *page) refusal(indent string, r verify.Reason) { p.reasonToDo(indent, r, listAdvice(r.Code)) }

// listAdvice says what an operator can do about a list that was refused. The list
// in force stays so.
func listAdvice(c reason.Code) string {
	switch c {
	case reason.ArtefactUnknown:
		return "name the list in trust.sources of the node; a national list needs its list of lists first"
	case reason.ListUnsigned:
		return "name the file in trust.sources of the node, as a source of type anchors"
	case reason.TrustListSignerUnknown:
		return "get the present signers from where they are published, never from the list: for the EU the Official Journal, for a country the list of lists"
	case reason.VICALSignerUntrusted:
		return "get the provider's present root from the provider, never from the VICAL, and compare the clock"
	case reason.TrustListPivotBroken:
		return "give the earlier releases that the list names as pivots, too"
	case reason.TrustListOJMismatch, reason.TrustListLocationConflict, reason.TrustListWrongType, reason.TrustListWrongTerritory:
		return "compare the source in the configuration with what its publisher says of the list"
	case reason.TrustListExpired, reason.VICALExpired, reason.TrustListNotYetValid:
		return "get a newer release, and compare the clock"
	case reason.TrustListRollback, reason.VICALRollback, reason.TrustListConflict, reason.VICALConflict:
		return "ask the publisher which release is right; edgectl lists reset NAME if it is this one"
	case reason.TrustListSequenceJump:
		return "ask the publisher whether the number is right; edgectl lists accept NAME if it is"
	case reason.StatusSignerUntrusted:
		return "publish the trust lists first that name the signer's issuer"
	default:
		return "get the list once more; if it stays so, only its publisher can put it right"
	}
}
