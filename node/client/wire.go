package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Problem is an RFC 9457 problem detail, as an error.
type Problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Code       string `json:"code"`
	Member     string `json:"member"`
	RetryAfter string `json:"-"` // the header, as it was sent
}

func (p *Problem) Error() string {
	s := fmt.Sprintf("%d %s", p.Status, or(p.Code, http.StatusText(p.Status)))
	if p.Member != "" {
		s += " at " + p.Member
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}

func problemOf(r *Response) *Problem {
	p := &Problem{}
	if r.MediaType == "application/problem+json" {
		_ = json.Unmarshal(r.Body, p) // what cannot be read stays empty
	}
	p.Status = r.Status
	p.RetryAfter = r.Header.Get("Retry-After")
	return p
}

// Reason is one reason or warning. An unknown code is to be treated by its class.
type Reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Class  string `json:"class"`
	Retry  string `json:"retry"`
}

// Answer is the answer to one request. Raw holds all of it.
type Answer struct {
	Verdict     string       `json:"verdict"`
	EvaluatedAt time.Time    `json:"evaluated_at"`
	RequestID   string       `json:"request_id"`
	Node        string       `json:"node"`
	Version     string       `json:"version"`
	Test        bool         `json:"test"`
	Credentials []Credential `json:"credentials"`
	Reasons     []Reason     `json:"reasons"`
	Basis       []Basis      `json:"basis"`

	Raw json.RawMessage `json:"-"`
}

// Credential is the outcome for one credential.
type Credential struct {
	ID       string          `json:"id"`
	Index    int             `json:"index"`
	Document int             `json:"document"`
	Format   string          `json:"format"`
	Type     string          `json:"type"`
	Kind     string          `json:"kind"`
	Verdict  string          `json:"verdict"`
	Reasons  []Reason        `json:"reasons"`
	Warnings []Reason        `json:"warnings"`
	Issuer   *Issuer         `json:"issuer"`
	Claims   json.RawMessage `json:"claims"`
}

// Issuer is who issued a credential.
type Issuer struct {
	Subject           string `json:"subject"`
	Territory         string `json:"territory"`
	Entity            string `json:"entity"`
	CertificateSHA256 string `json:"certificate_sha256"`
}

// Basis is a list that the answer rests on.
type Basis struct {
	List       string    `json:"list"`
	URL        string    `json:"url"`
	Sequence   uint64    `json:"sequence"`
	SHA256     string    `json:"sha256"`
	Issued     time.Time `json:"issued"`
	NextUpdate time.Time `json:"next_update"`
	Stale      bool      `json:"stale"`
}

// Info is what a node says of itself.
type Info struct {
	Node     string    `json:"node"`
	Version  string    `json:"version"`
	Test     bool      `json:"test"`
	Started  time.Time `json:"started"`
	Seeded   bool      `json:"seeded"`
	Features []string  `json:"features"`
	Flows    []string  `json:"flows"`
	Formats  []string  `json:"formats"`
	Policies []string  `json:"policies"`
}

// Code is one row of the registry of reason codes.
type Code struct {
	Code    string `json:"code"`
	Class   string `json:"class"`
	Retry   string `json:"retry"`
	Verdict string `json:"verdict"`
	Text    string `json:"text"`
}

// Refreshed is what a refresh or a publication came to.
type Refreshed struct {
	List     string `json:"list"`
	Outcome  string `json:"outcome"` // admitted or unchanged
	Sequence uint64 `json:"sequence"`
}

// Operated is what an operator's decision about a list came to.
type Operated struct {
	List   string `json:"list"`
	Done   string `json:"done"` // accept or reset
	Detail string `json:"detail"`
}

// Readiness says whether a node serves, and what is wrong with it.
type Readiness struct {
	Ready    bool     `json:"-"`
	Status   string   `json:"status"`
	Reasons  []string `json:"reasons"`
	Degraded []string `json:"degraded"`
}
