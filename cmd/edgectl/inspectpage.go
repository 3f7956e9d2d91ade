package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// page is the inspection for a person.
func (i *inspection) page(at time.Time) *page {
	p := &page{}
	p.line("%s, %d bytes, %s", i.form, i.Size, i.vouched())
	p.fact("sha256", "%s", i.SHA256)
	p.fact("type", "%s", i.Type)
	p.fact("territory", "%s", i.Territory)
	p.fact("operator", "%s", i.Operator)
	p.fact("version", "%s", unlessZero(uint64(i.Version)))
	p.fact("sequence", "%s", unlessZero(i.Sequence))
	p.instant("issued", i.Issued, at)
	p.instant("next update", i.NextUpdate, at)
	p.instant("ends", i.NotAfter, at)
	if i.State != "" {
		p.fact("state", "%s at %s", i.State, when(at))
	}
	if s := i.Signer; s != nil {
		p.fact("signer", "%s", s.Subject)
		p.fact("", "sha256 %s, good from %s to %s", s.SHA256, when(s.NotBefore), when(s.NotAfter))
		p.fact("", "%s", s.Trusted)
	}
	for n, uri := range i.Pivots {
		p.fact(first(n, "pivots"), "%s", uri)
	}
	i.contents(p)
	for n, s := range i.Skipped {
		p.fact(first(n, "skipped"), "%d: %s", s.Count, s.Why)
	}
	for n, w := range i.Warnings {
		p.fact(first(n, "warnings"), "%s", w)
	}
	i.tables(p)
	p.WriteString("\n")
	i.verdict(p)
	return p
}

// vouched says how far what follows can be relied on.
func (i *inspection) vouched() string {
	switch {
	case i.Verified:
		return "signature verified"
	case i.Kind == string(artefact.Anchors):
		return "not signed"
	default:
		return "UNVERIFIED: this is what the file says of itself"
	}
}

func (i *inspection) contents(p *page) {
	named, inForce := 0, 0
	for _, a := range i.Anchors {
		named, inForce = named+a.Named, inForce+a.InForce
	}
	of := "services"
	if i.Kind == string(artefact.VICAL) {
		of = "certificates"
	}
	p.fact(of, "%s", unlessZero(uint64(i.Services)))
	switch {
	case named > 0:
		p.fact("anchors", "%d, of which %d are in force", named, inForce)
	case i.Verified && i.Kind == string(artefact.TL):
		p.fact("anchors", "none: no service issues attestations (EAA/Q, EAA)")
	case i.Verified && i.Kind != string(artefact.LOTL):
		p.fact("anchors", "none")
	}
}

func (i *inspection) tables(p *page) {
	if len(i.Anchors) > 0 {
		p.WriteString("\n")
		t := p.table("KIND", "TERRITORY", "PURPOSE", "ANCHORS", "IN FORCE")
		for _, a := range i.Anchors {
			t.row(or(string(a.Kind), "as configured"), or(a.Territory, "-"), or(string(a.Purpose), "as configured"), strconv.Itoa(a.Named), strconv.Itoa(a.InForce))
		}
		t.end()
	}
	if len(i.Pointers) > 0 {
		p.WriteString("\n")
		t := p.table("TERRITORY", "SIGNERS", "LOCATION")
		for _, o := range i.Pointers {
			t.row(o.Territory, strconv.Itoa(o.Signers), o.Location)
		}
		t.end()
	}
}

func (i *inspection) verdict(p *page) {
	switch {
	case i.Verdict == outcomeRefused:
		r := reasonOfCode(i.Code, i.Detail)
		p.line("refused: %s: %s", r.Code, r.Detail)
		p.means("", r, listAdvice(r.Code))
	case i.Kind == string(artefact.Anchors):
		p.line("would be admitted, as a source of type anchors and from a local file alone")
	case i.State == "expired":
		p.line("would be admitted, but has expired: its anchors do not count")
	default:
		p.line("would be admitted")
	}
}

// fact prints a name and a value, if there is one.
func (p *page) fact(name, format string, args ...any) {
	if s := strings.TrimSpace(fmt.Sprintf(format, args...)); s != "" {
		p.line("  %-12s %s", name, s)
	}
}

// instant prints a time and how far from at it is.
func (p *page) instant(name string, t, at time.Time) {
	if !t.IsZero() {
		p.fact(name, "%s (%s)", when(t), distance(t.Sub(at)))
	}
}

// distance is a time before or after, for a person.
func distance(d time.Duration) string {
	if d < 0 {
		return span(-d) + " ago"
	}
	return "in " + span(d)
}

func span(d time.Duration) string {
	const days = 24 * time.Hour
	switch {
	case d < 60*days:
		return age(int64(d / time.Second))
	case d < 730*days:
		return fmt.Sprintf("%d months", int(d/(30*days)))
	default:
		return fmt.Sprintf("%d years", int(d/(365*days)))
	}
}

// first is a name on the first of several lines.
func first(n int, name string) string {
	if n > 0 {
		return ""
	}
	return name
}

func unlessZero(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
