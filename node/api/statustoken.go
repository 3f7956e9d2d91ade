package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The media types of a status list's token (Token Status List section 5; ISO/IEC
// 18013-5, second edition).
const (
	StatusListJWT     = "application/statuslist+jwt"
	StatusListCWT     = "application/statuslist+cwt"
	IdentifierListCWT = "application/identifierlist+cwt"
)

// maxURI is the longest address of a status list that is looked for.
const maxURI = 2048

// statusDay is how long a token counts that does not say so itself: as long as this
// node counts it (from its issue), or offers it to others without their asking again
// (from its receipt).
const statusDay = 24 * time.Hour

// StatusToken is the token of a status or identifier list as it was received.
type StatusToken struct {
	Bytes     []byte // not to be changed
	MediaType string // StatusListJWT, StatusListCWT or IdentifierListCWT
	Issued    time.Time
	Expires   time.Time // its exp; zero: it has none
	// Received is when the node had the bytes, or last learnt from their origin that
	// there are no newer ones. Zero: not known, so they are as old as their issue.
	Received time.Time
	TTL      time.Duration // its ttl; 0: it has none
}

// lifetime says for how many seconds from its receipt a token can be used without
// asking again, and how many of these are over. 0 of 0: it has to be asked for each
// time.
//
// A token's ttl counts from when it was fetched, and max-age less Age (RFC 9111
// section 4.2) does the same for whoever asks here: he looks again when he would
// have, had he fetched the token when the node did.
// It never goes beyond exp, which overrides every header of HTTP. Without a ttl only
// the end bounds it, and a day at most, or nobody would hear of a newer token before
// that end. A token without exp ends for others when it does for this node.
func (t StatusToken) lifetime(now time.Time) (maxAge, age int64) {
	received, end := t.Received, t.Expires
	if received.IsZero() {
		received = t.Issued
	}
	if end.IsZero() {
		end = t.Issued.Add(statusDay)
	}
	most := statusDay
	if t.TTL > 0 {
		most = t.TTL
	}
	most = min(most, end.Sub(received))
	// Age is rounded up: of two caches the later one must not believe a second more.
	age = int64(max(0, now.Sub(received)+time.Second-1) / time.Second)
	return int64(max(0, most) / time.Second), age
}

// statusToken answers GET /v1/status-lists?uri=…: the token under that address, if
// the node holds it. It does not fetch one, and does not note that it was asked:
// otherwise whoever may ask could make it call an address of his choice, and an
// issuer could see what is asked for.
func (h *handler) statusToken(x *exchange) {
	uri, p := x.statusURI()
	if p != nil {
		x.problem(p)
		return
	}
	media := acceptedStatus(x.r)
	t, ok := h.o.Holdings.StatusToken(uri, media)
	if !ok {
		x.problem(h.noToken(uri, media))
		return
	}
	sum := sha256.Sum256(t.Bytes)
	maxAge, age := t.lifetime(time.Now())
	header := x.w.Header()
	header.Set("Content-Type", t.MediaType)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	header.Set("Age", strconv.FormatInt(age, 10))
	// Its time is over: it may be kept, and has to be asked for before each use.
	header.Set("Cache-Control", "no-cache")
	if age < maxAge {
		header.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", maxAge))
	}
	// RFC 9211, without the key: that is the address.
	header.Set("Cache-Status", fmt.Sprintf("edgenode; hit; ttl=%d", maxAge-age))
	header.Set("Vary", "Accept")
	secure(header)
	// Not supported only in tests without a connection.
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(artefactTimeout))
	http.ServeContent(&contentWriter{ResponseWriter: x.w, x: x}, x.r, "", time.Time{}, bytes.NewReader(t.Bytes))
}

// noToken says why there is nothing to give: no such list, or none in that form.
func (h *handler) noToken(uri string, media []string) *Problem {
	if media != nil {
		if _, other := h.o.Holdings.StatusToken(uri, nil); other {
			return NewProblem(NotAcceptable, "this node holds the list in another form; without Accept it is given as it was received")
		}
	}
	return NewProblem(NotFound, "this node holds no such list; it fetches none because somebody asks")
}

// statusURI reads the one query parameter. Its value is repeated nowhere.
func (x *exchange) statusURI() (string, *Problem) {
	if x.r.URL.Query().Has("time") {
		return "", NewProblem(MalformedRequest, "historical lists are not supported; without time the newest is given")
	}
	given, p := x.parameters("uri")
	uri := given["uri"]
	switch {
	case p != nil:
		return "", p
	case uri == "":
		return "", NewProblem(MalformedRequest, "the query parameter uri is needed: the list's address exactly as credentials name it, percent-encoded")
	case len(uri) > maxURI:
		return "", NewProblem(MalformedRequest, fmt.Sprintf("the query parameter uri is longer than %d bytes", maxURI))
	}
	return uri, nil
}

// acceptedStatus are the forms that a request takes, the preferred first (RFC 9110
// section 12.5.1: the most specific range that fits says how much). Nil: any,
// whichever it is; empty: none.
func acceptedStatus(r *http.Request) []string {
	ranges := make(map[string]float64)
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			if media, q := weighted(part); media != "" {
				ranges[media] = max(q, ranges[media])
			}
		}
	}
	weight := func(media string) float64 {
		for _, r := range []string{media, "application/*", "*/*"} {
			if q, said := ranges[r]; said {
				return q
			}
		}
		return 0
	}
	all := []string{StatusListJWT, StatusListCWT, IdentifierListCWT}
	least, most := 1.0, 0.0
	for _, media := range all {
		least, most = min(least, weight(media)), max(most, weight(media))
	}
	if len(ranges) == 0 || least == most && most > 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(weight(b), weight(a)) })
	return slices.DeleteFunc(all, func(media string) bool { return weight(media) == 0 })
}
