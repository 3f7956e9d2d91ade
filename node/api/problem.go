package api

import (
	"net/http"
	"strconv"
	"strings"
)

// ProblemCode names a way in which a request could not be answered. It is the last
// part of the problem's type.
type ProblemCode string

// The problem codes. They speak of requests; what is wrong with a presentation
// is a reason of an answer.
const (
	MalformedRequest     ProblemCode = "malformed_request"
	Unauthorized         ProblemCode = "unauthorized"
	Forbidden            ProblemCode = "forbidden"
	NotFound             ProblemCode = "not_found"
	MethodNotAllowed     ProblemCode = "method_not_allowed"
	NotAcceptable        ProblemCode = "not_acceptable"
	BodyTimeout          ProblemCode = "body_timeout"
	NothingToDo          ProblemCode = "nothing_to_do"
	TooLarge             ProblemCode = "too_large"
	UnsupportedMediaType ProblemCode = "unsupported_media_type"
	RangeNotSatisfiable  ProblemCode = "range_not_satisfiable"
	Refused              ProblemCode = "refused"
	TooEarly             ProblemCode = "too_early"
	RateLimited          ProblemCode = "rate_limited"
	InternalError        ProblemCode = "internal_error"
	OriginFailed         ProblemCode = "origin_failed"
	Overloaded           ProblemCode = "overloaded"
	DeadlineExceeded     ProblemCode = "deadline_exceeded"
)

// ProblemType is the prefix of every problem's type.
const ProblemType = "urn:edgetrust:problem:"

// problems maps each code to its status and title.
var problems = map[ProblemCode]struct {
	status int
	title  string
}{
	MalformedRequest:     {http.StatusBadRequest, "The request is malformed"},
	Unauthorized:         {http.StatusUnauthorized, "A token is needed"},
	Forbidden:            {http.StatusForbidden, "Not permitted"},
	NotFound:             {http.StatusNotFound, "Nothing is served here"},
	MethodNotAllowed:     {http.StatusMethodNotAllowed, "Another method is needed"},
	NotAcceptable:        {http.StatusNotAcceptable, "Not held in a form that is accepted"},
	BodyTimeout:          {http.StatusRequestTimeout, "The body arrived too slowly"},
	NothingToDo:          {http.StatusConflict, "There is nothing to do"},
	TooLarge:             {http.StatusRequestEntityTooLarge, "The request passes a limit"},
	UnsupportedMediaType: {http.StatusUnsupportedMediaType, "Another media type is needed"},
	RangeNotSatisfiable:  {http.StatusRequestedRangeNotSatisfiable, "The range is beyond the end"},
	Refused:              {http.StatusUnprocessableEntity, "What was fetched or sent was refused"},
	TooEarly:             {http.StatusTooEarly, "Sent before the handshake was complete"},
	RateLimited:          {http.StatusTooManyRequests, "Too many requests"},
	InternalError:        {http.StatusInternalServerError, "The node failed"},
	OriginFailed:         {http.StatusBadGateway, "The origin could not be reached"},
	Overloaded:           {http.StatusServiceUnavailable, "The node is overloaded"},
	DeadlineExceeded:     {http.StatusGatewayTimeout, "The deadline has passed"},
}

// Problem is an RFC 9457 problem detail. Detail and Member never hold a value of
// the request.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	// Member is the JSON pointer (RFC 6901) of the member at fault.
	Member string `json:"member,omitempty"`

	retryAfter int    // seconds; Retry-After
	allow      string // Allow
	challenge  string // WWW-Authenticate
}

func (p *Problem) Error() string {
	if p.Member != "" {
		return p.Code + ": " + p.Member + ": " + p.Detail
	}
	return p.Code + ": " + p.Detail
}

// NewProblem returns the problem of a code. The detail says what to do.
func NewProblem(code ProblemCode, detail string) *Problem {
	k := problems[code]
	return &Problem{Type: ProblemType + string(code), Title: k.title, Status: k.status, Detail: detail, Code: string(code)}
}

// WithReason replaces the code by the reason of a refusal; type and status stay.
func (p *Problem) WithReason(code string) *Problem {
	p.Code = code
	return p
}

// WithRetryAfter says in how many seconds to come back.
func (p *Problem) WithRetryAfter(seconds int) *Problem {
	p.retryAfter = seconds
	return p
}

// malformed is the problem of a body whose member is at fault.
func malformed(member, detail string) *Problem {
	p := NewProblem(MalformedRequest, detail)
	p.Member = member
	return p
}

func tooLarge(member, detail string) *Problem {
	p := NewProblem(TooLarge, detail)
	p.Member = member
	return p
}

// WriteProblem answers with the problem, in the form the request accepts.
func WriteProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	h := w.Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	f := accepted(r)
	body, err := f.encode(p)
	if err != nil { // a struct of strings cannot fail to encode
		http.Error(w, p.Title, p.Status)
		return
	}
	write(w, r, p.Status, f.problem, body)
}

// below extends a JSON pointer by a member's name, if the name is fit to be
// repeated: short and plain. Otherwise the pointer stays with the parent, so that
// a value sent in the place of a name is not echoed.
func below(at, name string) string {
	if !plain(name) {
		return at
	}
	return at + "/" + name
}

func plain(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	return strings.IndexFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.')
	}) < 0
}

func item(at string, i int) string { return at + "/" + strconv.Itoa(i) }
