package main

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

// renewWithin is how long before its end a node certificate is spoken of.
const renewWithin = 7 * 24 * time.Hour

type membersCommand struct{}

// Run prints the cluster as the node sees it.
func (c *membersCommand) Run(r *run) error {
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	raw, report, err := r.members(cl, client.Holdings{})
	if err != nil {
		return err
	}
	if r.json {
		return printRaw(r.out, raw)
	}
	if err := membersPage(report).print(r.out); err != nil {
		return err
	}
	hintMembers(r.streams, report)
	return nil
}

// members asks for the members, and for what they hold.
func (r *run) members(cl *client.Client, of client.Holdings) (raw []byte, report client.MembersReport, err error) {
	resp, err := cl.DoAdmin(r.ctx, http.MethodGet, "/v1/members"+of.Query(), "", "", nil)
	if err != nil {
		return nil, report, r.askAdmin(err)
	}
	if resp.Status != http.StatusOK {
		return nil, report, r.askAdmin(problem(resp))
	}
	report, err = decode[client.MembersReport](resp.Body)
	if err == nil && report.Members == nil {
		err = errors.New("the node's answer names no members")
	}
	if report.LeftOut > 0 {
		r.warn("the node knows %d members more than it shows", report.LeftOut)
	}
	return resp.Body, report, err
}

func membersPage(m client.MembersReport) *page {
	p := &page{}
	settled := "settled"
	if !m.Settled {
		settled = "not settled yet: it is still meeting the others"
	}
	p.line("%s: %s, %s", m.Node, m.Mode, settled)
	p.line("")
	t := p.table("NAME", "ADDRESS", "ZONE", "STATE", "TRUSTED", "CERTIFICATE UNTIL", "AVOIDED UNTIL", "WHY")
	for _, o := range m.Members {
		trusted := "no"
		if o.Trusted {
			trusted = "yes"
		}
		t.row(o.Name, or(o.Addr, "-"), or(o.Zone, "-"), o.State, trusted, or(when(o.CertificateNotAfter), "-"), or(when(o.AvoidedUntil), "-"), or(o.Why, "-"))
	}
	t.end()
	counters := slices.Sorted(maps.Keys(m.Counters))
	counters = slices.DeleteFunc(counters, func(name string) bool { return m.Counters[name] == 0 })
	if len(counters) > 0 {
		p.line("")
		t = p.table("COUNTED SINCE THE START", "")
		for _, name := range counters {
			t.row(name, strconv.FormatUint(m.Counters[name], 10))
		}
		t.end()
	}
	return p
}

// hintMembers says what an operator can do for members that will be trouble.
func hintMembers(s *streams, m client.MembersReport) {
	for _, o := range m.Members {
		left := time.Until(o.CertificateNotAfter)
		switch {
		case o.State == client.MemberDead || o.State == client.MemberLeft:
		case !o.AvoidedUntil.IsZero():
			s.hint("%s delivered what was not good, and is avoided for a while; its own log says what ails it", o.Name)
		case !o.CertificateNotAfter.IsZero() && left < renewWithin:
			s.hint("the certificate of %s ends at %s; replace gossip.tls.cert and key there, they are read again within seconds", o.Name, when(o.CertificateNotAfter))
		}
	}
}
