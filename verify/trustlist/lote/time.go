package lote

import (
	"regexp"
	"time"
)

// utc is RFC 3339 in UTC. Package time alone would also take a comma, and hours of
// one digit.
var utc = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|\+00:00)$`)

// parseTime reads a date-time of clause 6.1.3: YYYY-MM-DDThh:mm:ssZ. Fractions of
// a second and the offset +00:00 are tolerated; exact tells them apart.
func parseTime(s string) (t time.Time, exact, ok bool) {
	if !utc.MatchString(s) {
		return time.Time{}, false, false
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, false, false
	}
	return t.UTC(), len(s) == len("2006-01-02T15:04:05Z"), true
}

// addMonths is n calendar months later; the last day of a month that is too short
// stands for the days it lacks (31 August and six months is the end of February).
func addMonths(t time.Time, n int) time.Time {
	later := t.AddDate(0, n, 0)
	if later.Day() != t.Day() {
		later = later.AddDate(0, 0, -later.Day())
	}
	return later
}
