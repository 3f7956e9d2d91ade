// Package reason is the vocabulary of refusals: one enumerated type, Code, and
// for each code its class, whether a later try can end differently, and what it
// does to a verdict.
//
// The codes are stable API strings (lower snake case, additive only). They come
// from the tables of the two specification documents (credentials, presentations
// and status; trust lists and anchors) and from this product's own contract. A
// Refusal pairs a code with a detail for a person; a detail never quotes what
// was presented, so that it may be logged.
package reason

import (
	"errors"
	"fmt"
)

// Code names one way in which a presentation, a list or a status token is not
// good enough.
type Code string

// Class says whose fault a reason is. A client that does not know a code acts on
// its class.
type Class string

// The classes.
const (
	ClassPresentation Class = "presentation" // the holder's side: what was sent, and how it is bound
	ClassIssuer       Class = "issuer"       // the credential as its issuer made it
	ClassStatus       Class = "status"       // revocation and suspension
	ClassTrust        Class = "trust"        // trust lists, anchors and certificate chains
	ClassContext      Class = "context"      // the caller did not say enough, or asked for something else
	ClassNode         Class = "node"         // this node cannot tell
)

// Retry says whether the same presentation can get another answer.
type Retry string

// The retries.
const (
	RetryNever     Retry = "never"      // a new presentation or a corrected request is needed
	RetryLater     Retry = "later"      // the same request may succeed here later
	RetryOtherNode Retry = "other_node" // another node may know more right now
)

// Verdict is the three-way outcome of a verification.
type Verdict string

// The verdicts, best first.
const (
	Valid         Verdict = "valid"
	Indeterminate Verdict = "indeterminate" // we cannot know now
	Invalid       Verdict = "invalid"       // the presentation or its issuer is at fault
)

// Worse returns the worse of two verdicts.
func Worse(a, b Verdict) Verdict {
	if rank(a) >= rank(b) {
		return a
	}
	return b
}

func rank(v Verdict) int {
	switch v {
	case Valid:
		return 0
	case Indeterminate:
		return 1
	default:
		return 2
	}
}

// Entry is one row of the registry.
type Entry struct {
	Code    Code    `json:"code"`
	Class   Class   `json:"class"`
	Retry   Retry   `json:"retry"`
	Verdict Verdict `json:"verdict"` // what the code makes of a verdict when it is a reason, not a warning
	Text    string  `json:"text"`    // what it means and, where somebody can act, what to do
}

// Lookup returns the registry row of a code.
func Lookup(c Code) (Entry, bool) {
	e, ok := byCode[c]
	return e, ok
}

// Registry returns every row, in the order of the specification's tables.
func Registry() []Entry {
	return append([]Entry(nil), registry...)
}

// Refusal is an error with a code. Detail is for a person and never holds a
// value that was presented.
type Refusal struct {
	Code   Code
	Detail string
}

func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Code)
	}
	return string(r.Code) + ": " + r.Detail
}

// Refuse returns a *Refusal as an error.
func Refuse(c Code, format string, args ...any) error {
	if len(args) == 0 {
		return &Refusal{Code: c, Detail: format}
	}
	return &Refusal{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// Of returns the refusal inside err. An error without one is our own fault:
// callers treat ok == false as an internal error, never as a verdict.
func Of(err error) (r *Refusal, ok bool) {
	ok = errors.As(err, &r)
	return r, ok
}

// CodeOf returns the code inside err, or "".
func CodeOf(err error) Code {
	if r, ok := Of(err); ok {
		return r.Code
	}
	return ""
}
