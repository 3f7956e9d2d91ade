package etsitl

import (
	"net/url"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Pivots returns the URIs of the pivots that the unverified document names, newest
// first: in SchemeInformationURI those that stand before oj, the notice of the
// Official Journal that the operator has configured (TS 119 615 4.1). A pivot names
// itself first. What is fetched from there proves itself; these URIs only say
// where to look.
//
// The refusals are trustlist_oj_mismatch, when oj is not among them or a newer
// notice stands before it, and trustlist_pivot_broken for more than MaxPivots or
// what is no http or https URL.
func (u *Unverified) Pivots(oj string) ([]string, error) {
	return pivots(u.scheme.informationURIs, oj)
}

func pivots(uris []string, oj string) ([]string, error) {
	at := slices.IndexFunc(uris, func(uri string) bool { return oj != "" && Same(uri, oj) })
	if at < 0 {
		return nil, reason.Refuse(reason.TrustListOJMismatch, "the notice of the Official Journal that is configured is not among the list's information URIs")
	}
	if at > MaxPivots {
		return nil, reason.Refuse(reason.TrustListPivotBroken, "more than %d pivots", MaxPivots)
	}
	for _, uri := range uris[:at] {
		if !fetchable(uri) {
			return nil, reason.Refuse(reason.TrustListPivotBroken, "a pivot has no http or https URL")
		}
		if isNotice(uri, oj) {
			return nil, reason.Refuse(reason.TrustListOJMismatch, "the list names a newer notice of the Official Journal than the one configured")
		}
	}
	return slices.Clip(uris[:at]), nil
}

// isNotice says whether a URI is another notice of the journal that oj is of. The
// journal has a host of its own, which publishes no lists.
func isNotice(uri, oj string) bool {
	u, errU := url.Parse(uri)
	j, errJ := url.Parse(oj)
	return errU == nil && errJ == nil && strings.EqualFold(u.Host, j.Host) && !strings.HasSuffix(strings.ToLower(u.Path), ".xml")
}

// fetchable says whether a list can be published under a URI: http or https, a
// host, and no credentials.
func fetchable(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
