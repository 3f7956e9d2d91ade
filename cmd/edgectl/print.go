package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// printable replaces what could drive a terminal: names and details come from
// certificates and lists that others wrote.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, s)
}

// page collects lines for stdout.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	p.WriteString(strings.ReplaceAll(printable(fmt.Sprintf(format, args...)), "\n", " ") + "\n")
}

// field prints a name and a value, if there is one.
func (p *page) field(name, format string, args ...any) {
	if s := strings.TrimSpace(fmt.Sprintf(format, args...)); s != "" {
		p.line("  %-9s %s", name, s)
	}
}

func (p *page) print(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// reason prints a reason with what it means and whether a later try may help.
func (p *page) reason(indent string, r verify.Reason) { p.reasonToDo(indent, r, advice(r)) }

func (p *page) reasonToDo(indent string, r verify.Reason, toDo string) {
	p.line("%s%s: %s", indent, r.Code, r.Detail)
	p.means(indent, r, toDo)
}

// means prints what a code means and what to do.
func (p *page) means(indent string, r verify.Reason, toDo string) {
	if e, known := reason.Lookup(r.Code); known && e.Text != r.Detail {
		p.line("%s  meaning: %s", indent, e.Text)
	} else if !known {
		p.line("%s  a code this edgectl does not know, of class %s", indent, or(string(r.Class), "unknown"))
	}
	p.line("%s  to do: %s", indent, toDo)
}

// advice says what a caller can do, by class and retry.
func advice(r verify.Reason) string {
	switch {
	case r.Retry == reason.RetryLater:
		return "the same request may succeed later"
	case r.Retry == reason.RetryOtherNode:
		return "ask another node, or this one later"
	}
	switch r.Class {
	case reason.ClassContext:
		return "correct the request; the presentation may be good"
	case reason.ClassPresentation:
		return "ask the wallet for a new presentation, and check what the request says of nonce, audience and flow"
	case reason.ClassIssuer:
		return "refuse; only the issuer can put it right"
	case reason.ClassStatus:
		return "refuse; only the issuer can put its status right"
	case reason.ClassTrust:
		return "refuse; edgectl explain says which anchor is needed, edgectl lists which lists there are"
	default:
		return "trying again does not help"
	}
}

// age is a duration for a person.
func age(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// ago is how long ago something was, for a person.
func ago(t time.Time) string { return age(int64(max(0, time.Since(t).Seconds()))) + " ago" }

// counted is a number with what it counts.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// or returns s, or d if s is empty.
func or(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

// printRaw prints JSON as it came.
func printRaw(w io.Writer, b []byte) error {
	_, err := fmt.Fprintln(w, strings.TrimRight(string(b), "\n"))
	return err
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// decode reads an answer of the node.
func decode[T any](b []byte) (v T, err error) {
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("the node's answer cannot be read: %w", err)
	}
	return v, nil
}

// problem is the problem of an answer that is none.
func problem(r *client.Response) *client.Problem {
	p := &client.Problem{}
	_ = json.Unmarshal(r.Body, p) // what cannot be read stays empty
	p.Status, p.RetryAfter = r.Status, r.Header.Get("Retry-After")
	if p.Title == "" {
		p.Title = http.StatusText(r.Status)
	}
	return p
}
