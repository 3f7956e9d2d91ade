package admin

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the report on status lists. Texts are as long as whoever signed them
// liked, and there can be as many lists as issuers.
const (
	maxReported = 10_000 // lists of a kind
	maxText     = 2048   // bytes of a text
)

// StatusKeeper knows the status lists, identifier lists and certificate revocation
// lists that a node holds or misses.
type StatusKeeper interface {
	// StatusLists describes them by address, those that are followed and not held
	// among them. The handler bounds the answer.
	StatusLists() StatusReport
}

// StatusReport is the operator's view of what says that something is revoked. It
// names the addresses of lists, which the public listener never does.
type StatusReport struct {
	StatusLists []StatusList `json:"status_lists"`
	CRLs        []CRL        `json:"crls"`
	Memory      StatusMemory `json:"memory"`
	LeftOut     int          `json:"left_out,omitempty"` // lists beyond those that an answer holds; set by the handler
}

// The mechanisms of a StatusList.
const (
	StatusListMechanism     = "status_list"
	IdentifierListMechanism = "identifier_list"
)

// How a node came by the address of a StatusList.
const (
	CameByPrefetch    = "prefetch"
	CameByAggregation = "aggregation"
	CameByCredential  = "credential"
)

// The states of a StatusList or CRL.
const (
	StateFresh   = "fresh"
	StateExpired = "expired"
	StateAbsent  = "absent"  // nothing was had yet
	StateRefused = "refused" // what was had was refused, and nothing else is held
)

// StatusList is one status list or identifier list.
type StatusList struct {
	URI       string `json:"uri"`
	Mechanism string `json:"mechanism,omitempty"` // "": not known before it is held
	CameBy    string `json:"came_by"`
	State     string `json:"state"`

	Issuer     string    `json:"issuer,omitempty"` // for a person: the entity under whose anchor it was verified
	Entries    int64     `json:"entries"`          // of a status list; identifiers of an identifier list
	Bits       int       `json:"bits,omitempty"`   // of each entry; 0: an identifier list
	Bytes      int64     `json:"bytes"`            // of memory that it takes
	SHA256     string    `json:"sha256,omitempty"` // of the token as received, hex
	Issued     time.Time `json:"issued,omitzero"`
	Expires    time.Time `json:"expires,omitzero"`
	TTLSeconds int64     `json:"ttl_seconds,omitempty"`
	LookedAt   time.Time `json:"looked_at,omitzero"`
	AgeSeconds int64     `json:"age_seconds"`       // since it was issued
	Durable    *bool     `json:"durable,omitempty"` // the token in force is on disk; nil: there is no data_dir, or it is not kept there

	Refused   *StatusRefusal `json:"refused,omitempty"`    // the newest token that was refused since the one in force
	LastError *StatusFailure `json:"last_error,omitempty"` // of the latest look, if it failed
}

// CRL is one certificate revocation list.
type CRL struct {
	URL   string `json:"url"`
	State string `json:"state"`

	Issuer     string    `json:"issuer,omitempty"` // subject of the authority
	Number     string    `json:"number,omitempty"` // decimal: up to 20 octets (RFC 5280 section 5.2.3)
	ThisUpdate time.Time `json:"this_update,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	Entries    int64     `json:"entries"`
	Bytes      int64     `json:"bytes"`
	SHA256     string    `json:"sha256,omitempty"`
	LookedAt   time.Time `json:"looked_at,omitzero"`
	AgeSeconds int64     `json:"age_seconds"` // since this_update
	Durable    *bool     `json:"durable,omitempty"`

	Refused   *StatusRefusal `json:"refused,omitempty"`
	LastError *StatusFailure `json:"last_error,omitempty"`
}

// StatusRefusal is bytes of a list that were refused.
type StatusRefusal struct {
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
	At     time.Time `json:"at"`
}

// StatusFailure is a look at an origin that brought nothing.
type StatusFailure struct {
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

// StatusMemory is what all of them take of status.max_memory.
type StatusMemory struct {
	UsedBytes int64 `json:"used_bytes"`
	MaxBytes  int64 `json:"max_bytes"`
	Evicted   int64 `json:"evicted"` // lists given up for others, since the start
	Refused   int64 `json:"refused"` // lists that did not fit, since the start
}

func (h *handler) statusLists(w http.ResponseWriter, _ *http.Request) {
	answer(w, h.o.StatusKeeper.StatusLists().sayable())
}

// sayable returns a copy with nothing in it that JSON could not say, and every text
// and table within its bound.
func (s StatusReport) sayable() StatusReport {
	lists, crls := min(len(s.StatusLists), maxReported), min(len(s.CRLs), maxReported)
	s.LeftOut = len(s.StatusLists) - lists + len(s.CRLs) - crls
	s.StatusLists = append([]StatusList{}, s.StatusLists[:lists]...)
	s.CRLs = append([]CRL{}, s.CRLs[:crls]...)
	for i := range s.StatusLists {
		l := &s.StatusLists[i]
		l.URI, l.Issuer = shown(l.URI), shown(l.Issuer)
		l.Issued, l.Expires, l.LookedAt = utc(l.Issued), utc(l.Expires), utc(l.LookedAt)
		l.Refused, l.LastError = l.Refused.sayable(), l.LastError.sayable()
	}
	for i := range s.CRLs {
		c := &s.CRLs[i]
		c.URL, c.Issuer, c.Number = shown(c.URL), shown(c.Issuer), shown(c.Number)
		c.ThisUpdate, c.NextUpdate, c.LookedAt = utc(c.ThisUpdate), utc(c.NextUpdate), utc(c.LookedAt)
		c.Refused, c.LastError = c.Refused.sayable(), c.LastError.sayable()
	}
	return s
}

func (r *StatusRefusal) sayable() *StatusRefusal {
	if r == nil {
		return nil
	}
	return &StatusRefusal{r.Code, shown(r.Detail), utc(r.At)}
}

func (f *StatusFailure) sayable() *StatusFailure {
	if f == nil {
		return nil
	}
	return &StatusFailure{utc(f.At), shown(f.Detail)}
}

// shown is a text within its bound, and valid UTF-8.
func shown(s string) string {
	if len(s) > maxText {
		end := maxText
		for !utf8.RuneStart(s[end]) && end > maxText-utf8.UTFMax {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// utc returns the time as RFC 3339 can say it; a year beyond 9999 is left out.
func utc(t time.Time) time.Time {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}
