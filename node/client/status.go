package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The media types of a StatusToken.
const (
	StatusListJWT     = "application/statuslist+jwt"
	StatusListCWT     = "application/statuslist+cwt"
	IdentifierListCWT = "application/identifierlist+cwt"
)

// StatusToken is the signed token of a status list or identifier list. The node
// vouches for nothing: check it as if it had come from its address.
type StatusToken struct {
	Bytes     []byte
	MediaType string
	FreshFor  time.Duration // how long it need not be asked for again; 0: ask before each use
}

// StatusToken returns the token of the list at an address, exactly as credentials
// name it, if the node holds it; media are the forms that will do, the preferred
// first, none for any. A *Problem with status 404 says that it is not held.
func (c *Client) StatusToken(ctx context.Context, uri string, media ...string) (StatusToken, error) {
	r, err := c.Do(ctx, http.MethodGet, "/v1/status-lists?uri="+url.QueryEscape(uri), "", preferred(media), nil)
	if err != nil {
		return StatusToken{}, err
	}
	if r.Status != http.StatusOK {
		return StatusToken{}, problemOf(r)
	}
	return StatusToken{Bytes: r.Body, MediaType: r.MediaType, FreshFor: freshFor(r.Header)}, nil
}

// preferred is the Accept header for media types in order of preference.
func preferred(media []string) string {
	if len(media) == 0 {
		return "*/*"
	}
	parts := slices.Clone(media)
	for i := range parts {
		parts[i] += ";q=" + strconv.FormatFloat(max(1-float64(i)/10, 0.1), 'f', 1, 64)
	}
	return strings.Join(parts, ", ")
}

// freshFor is what is left of max-age (RFC 9111 section 4.2).
func freshFor(h http.Header) time.Duration {
	age, _ := strconv.Atoi(h.Get("Age"))
	for part := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			maxAge, _ := strconv.Atoi(v)
			return time.Duration(max(0, maxAge-age)) * time.Second
		}
	}
	return 0
}

// StatusReport is the operator's view of what says that something is revoked.
type StatusReport struct {
	StatusLists []StatusList `json:"status_lists"`
	CRLs        []CRL        `json:"crls"`
	Memory      StatusMemory `json:"memory"`
	LeftOut     int          `json:"left_out"` // lists beyond those of this answer
}

// StatusList is one status list or identifier list.
type StatusList struct {
	URI        string         `json:"uri"`
	Mechanism  string         `json:"mechanism"` // status_list or identifier_list
	CameBy     string         `json:"came_by"`   // prefetch, aggregation or credential
	State      string         `json:"state"`     // fresh, expired, absent or refused
	Issuer     string         `json:"issuer"`
	Entries    int64          `json:"entries"`
	Bits       int            `json:"bits"`
	Bytes      int64          `json:"bytes"`
	SHA256     string         `json:"sha256"`
	Issued     time.Time      `json:"issued"`
	Expires    time.Time      `json:"expires"`
	TTLSeconds int64          `json:"ttl_seconds"`
	LookedAt   time.Time      `json:"looked_at"`
	AgeSeconds int64          `json:"age_seconds"` // since it was issued
	Durable    *bool          `json:"durable"`     // nil: the node has no data_dir
	Refused    *StatusRefusal `json:"refused"`
	LastError  *Failure       `json:"last_error"`
}

// CRL is one certificate revocation list.
type CRL struct {
	URL        string         `json:"url"`
	State      string         `json:"state"` // fresh, expired, absent or refused
	Issuer     string         `json:"issuer"`
	Number     string         `json:"number"`
	ThisUpdate time.Time      `json:"this_update"`
	NextUpdate time.Time      `json:"next_update"`
	Entries    int64          `json:"entries"`
	Bytes      int64          `json:"bytes"`
	SHA256     string         `json:"sha256"`
	LookedAt   time.Time      `json:"looked_at"`
	AgeSeconds int64          `json:"age_seconds"` // since this_update
	Durable    *bool          `json:"durable"`
	Refused    *StatusRefusal `json:"refused"`
	LastError  *Failure       `json:"last_error"`
}

// StatusRefusal is bytes of a list that were refused.
type StatusRefusal struct {
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
	At     time.Time `json:"at"`
}

// StatusMemory is what all of them take.
type StatusMemory struct {
	UsedBytes int64 `json:"used_bytes"`
	MaxBytes  int64 `json:"max_bytes"`
	Evicted   int64 `json:"evicted"`
	Refused   int64 `json:"refused"`
}

// StatusLists returns the status lists and revocation lists that the node keeps, by
// its private listener.
func (c *Client) StatusLists(ctx context.Context) (StatusReport, error) {
	r, err := c.DoAdmin(ctx, http.MethodGet, "/v1/status-lists", "", JSON, nil)
	if err != nil {
		return StatusReport{}, err
	}
	return decode[StatusReport](r)
}
