package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

type verifyCommand struct {
	File   string `arg:"" help:"Body of a POST /v1/verify; - is the standard input."`
	Claims bool   `help:"Print the claims, too, if the request asks for them."`
}

// Run sends the request as it is and prints the answer.
func (c *verifyCommand) Run(r *run) error {
	body, err := readRequest(r.streams, c.File)
	if err != nil {
		return err
	}
	cl, err := r.public()
	if err != nil {
		return err
	}
	defer cl.Close()
	resp, err := cl.Do(r.ctx, http.MethodPost, "/v1/verify", "", "", body)
	if err != nil {
		return r.ask(err)
	}
	if resp.Status != http.StatusOK {
		return r.ask(problem(resp))
	}
	a, err := decode[answer](resp.Body)
	if err != nil {
		return err
	}
	if a.Test {
		r.warn("a test's answer: this node trusts a demonstration's issuers")
	}
	if c.Claims && !a.hasClaims() && a.Verdict == verify.Valid {
		r.hint(`the answer has no claims; the request asks for them with "include": ["claims"]`)
	}
	if r.json {
		raw := resp.Body
		if !c.Claims {
			if raw, err = withoutClaims(raw); err != nil {
				return err
			}
		}
		err = printRaw(r.out, raw)
	} else {
		err = a.page(c.Claims).print(r.out)
	}
	if err == nil && a.Verdict != verify.Valid {
		return errNotGood
	}
	return err
}

// answer is the body of a 200.
type answer struct {
	verify.Result
	RequestID string `json:"request_id"`
	Node      string `json:"node"`
	Version   string `json:"version"`
	Test      bool   `json:"test"`
}

func (a *answer) hasClaims() bool {
	for _, c := range a.Credentials {
		if c.Claims != nil {
			return true
		}
	}
	return false
}

// page is the answer for a person.
func (a *answer) page(claims bool) *page {
	p := &page{}
	p.line("%s", a.Verdict)
	toDo := advice
	if a.faulty() { // then a better request alone does not make it good
		toDo = func(r verify.Reason) string { return strings.TrimSuffix(advice(r), "; the presentation may be good") }
	}
	for _, r := range a.Reasons {
		p.reasonToDo("  ", r, toDo(r))
	}
	for _, c := range a.Credentials {
		p.WriteString("\n")
		p.credential(c, toDo)
		if claims && c.Claims != nil {
			b, _ := json.MarshalIndent(c.Claims, "    ", "  ") // decoded from JSON
			p.line("  claims")
			p.WriteString("    " + printable(string(b)) + "\n")
		}
	}
	if len(a.Basis) > 0 {
		p.WriteString("\nrests on\n")
	}
	for _, b := range a.Basis {
		p.basis(b)
	}
	p.WriteString("\n")
	p.line("answered by %s %s, request %s", a.Node, a.Version, a.RequestID)
	return p
}

// faulty says that something is wrong with what was presented, whatever the request
// lacks.
func (a *answer) faulty() bool {
	wrong := func(r verify.Reason) bool { return r.Class != reason.ClassContext && r.Retry == reason.RetryNever }
	return slices.ContainsFunc(a.Reasons, wrong) ||
		slices.ContainsFunc(a.Credentials, func(c verify.Credential) bool { return slices.ContainsFunc(c.Reasons, wrong) })
}

func (p *page) credential(c verify.Credential, toDo func(verify.Reason) string) {
	p.line("%s[%d] %s", c.ID, c.Index, c.Verdict)
	p.field("type", "%s %s", c.Type, bracketed(c.Format))
	p.field("kind", "%s", c.Kind)
	if i := c.Issuer; i != nil {
		p.field("issuer", "%s %s %s", i.Subject, bracketed(i.Territory), i.Entity)
	}
	if h := c.HolderBinding; h != nil {
		state := "not verified"
		if h.Verified {
			state = "verified"
		}
		p.field("holder", "%s, %s", h.Method, state)
	}
	if v := c.Validity; v != nil {
		p.field("validity", "%s to %s", or(when(v.NotBefore), "…"), or(when(v.NotAfter), "…"))
	}
	if s := c.Status; s != nil {
		p.field("status", "%s", statusLine(s))
	}
	for _, r := range c.Reasons {
		p.line("  reason")
		p.reasonToDo("    ", r, toDo(r))
	}
	for _, r := range c.Warnings {
		p.line("  warning")
		p.reason("    ", r)
	}
}

func statusLine(s *verify.Status) string {
	line := s.State
	if s.AgeSeconds != nil {
		line += ", " + age(*s.AgeSeconds) + " old"
	}
	if e := when(s.Expires); e != "" {
		line += ", good until " + e
	}
	return line
}

func (p *page) basis(b verify.Basis) {
	line := "  " + b.List
	switch {
	case b.Sequence != 0:
		p.line("%s sequence %d, next update %s, sha256 %s%s", line, b.Sequence, or(when(b.NextUpdate), "not said"), b.SHA256, stale(b.Stale))
	default:
		p.line("%s issued %s, sha256 %s%s", line, or(when(b.Issued), "not said"), b.SHA256, stale(b.Stale))
	}
}

func stale(yes bool) string {
	if yes {
		return ", stale"
	}
	return ""
}

func bracketed(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}
