package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

// statusLists prints what the node keeps to know what is revoked. Addresses of
// status lists are the private listener's alone to tell.
func (r *run) statusLists() error {
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	resp, err := cl.DoAdmin(r.ctx, http.MethodGet, "/v1/status-lists", "", "", nil)
	if err != nil {
		return r.askAdmin(err)
	}
	if resp.Status != http.StatusOK {
		return r.askAdmin(problem(resp))
	}
	if r.json {
		return printRaw(r.out, resp.Body)
	}
	report, err := decode[client.StatusReport](resp.Body)
	if err != nil {
		return err
	}
	if report.LeftOut > 0 {
		r.warn("the node keeps %s more than it shows", counted(report.LeftOut, "list"))
	}
	return statusPage(report).print(r.out)
}

func statusPage(s client.StatusReport) *page {
	p := &page{}
	t := p.table("STATUS LIST", "MECHANISM", "CAME BY", "STATE", "ENTRIES", "BITS", "SIZE", "ISSUER", "ISSUED", "EXPIRES", "LOOKED AT", "LAST FAILURE")
	for _, l := range s.StatusLists {
		t.row(l.URI, or(l.Mechanism, "-"), l.CameBy, l.State, number(uint64(max(0, l.Entries))), number(uint64(max(0, l.Bits))), size(l.Bytes), or(l.Issuer, "-"),
			or(when(l.Issued), "-"), or(when(l.Expires), "-"), looked(l.LookedAt), or(failure(l.LastError, l.Refused), "-"))
	}
	t.end()
	p.line("")
	t = p.table("REVOCATION LIST", "STATE", "ISSUER", "NUMBER", "ENTRIES", "SIZE", "THIS UPDATE", "NEXT UPDATE", "LOOKED AT", "LAST FAILURE")
	for _, c := range s.CRLs {
		t.row(c.URL, c.State, or(c.Issuer, "-"), or(c.Number, "-"), strconv.FormatInt(c.Entries, 10), size(c.Bytes),
			or(when(c.ThisUpdate), "-"), or(when(c.NextUpdate), "-"), looked(c.LookedAt), or(failure(c.LastError, c.Refused), "-"))
	}
	t.end()
	p.line("")
	m := s.Memory
	p.line("memory: %s of %s used, %s given up for others, %s did not fit", size(m.UsedBytes), size(m.MaxBytes), counted(int(m.Evicted), "list"), counted(int(m.Refused), "list"))
	return p
}

func looked(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return ago(at)
}

// failure says what last kept a list from being renewed, as lastFailure does.
func failure(f *client.Failure, refused *client.StatusRefusal) string {
	switch {
	case f != nil && (refused == nil || !f.At.Before(refused.At)):
		return ago(f.At) + ": not fetched: " + f.Detail
	case refused != nil:
		return ago(refused.At) + ": " + refused.Code + ": " + refused.Detail
	}
	return ""
}

// size is a number of bytes for a person.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d B", n)
	}
}
