package etsitl

import (
	"regexp"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// utc is RFC 3339 in UTC, as TS 119 612 clause 5.1.4 wants times; a fraction of a
// second is tolerated.
var utc = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|\+00:00)$`)

func parseTime(s string) (time.Time, bool) {
	if !utc.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err == nil
}

// times reads the times of a list.
func (r *reader) times(s *scheme) (err error) {
	var ok bool
	if r.out.Issued, ok = parseTime(s.values["ListIssueDateTime"]); !ok {
		return malformed("ListIssueDateTime is not a UTC time")
	}
	if s.values["NextUpdate"] == "" {
		r.out.Closed = true
		return nil
	}
	if r.out.NextUpdate, ok = parseTime(s.values["NextUpdate"]); !ok {
		return malformed("NextUpdate is not a UTC time")
	}
	return nil
}

// window: NextUpdate lies after the issue and at most six months after it, and a
// day. Operators count months by the local clock, so that most lists which run over
// a change to or from summer time have an hour more, and six months after 31 May
// were 1 December for the LOTL of 2024.
func (r *reader) window() error {
	issued, next := r.out.Issued, r.out.NextUpdate
	switch {
	case r.out.Closed:
		return nil
	case !next.After(issued):
		return reason.Refuse(reason.TrustListExpired, "NextUpdate does not lie after ListIssueDateTime, so the list was never valid")
	case next.After(issued.AddDate(0, MaxMonths, 1)):
		return reason.Refuse(reason.TrustListValidityTooLong, "NextUpdate lies more than %d months and a day after ListIssueDateTime", MaxMonths)
	}
	return nil
}

// version5End is when version 5 of the format ended: Implementing Decision (EU)
// 2025/2164 applies from then.
var version5End = time.Date(2026, 4, 29, 0, 0, 0, 0, time.UTC)

// version wants version 6 with a signature as that wants it, or version 5 of a list
// from before it ended, which stays in use until its next issue.
func (r *reader) version(allow5 bool) error {
	switch {
	case r.out.Version == 6 && !r.signed.SigningCertificateV2:
		return reason.Refuse(reason.TrustListProfileViolation, "a list of version 6 does not name its signer by SigningCertificateV2")
	case r.out.Version == 6, r.out.Version == 5 && (allow5 || r.out.Issued.Before(version5End)):
		return nil
	case r.out.Version == 5:
		return reason.Refuse(reason.TrustListVersionUnsupported, "a list of version 5 was issued after 28 April 2026")
	}
	return reason.Refuse(reason.TrustListVersionUnsupported, "TSLVersionIdentifier is neither 6 nor 5")
}
