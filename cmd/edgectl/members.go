package main

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

// renewWithin is how long before its end a node certificate is spoken of.
const renewWithin = 7 * 24 * time.Hour

type membersCommand struct {
	Counters bool `help:"Show also what was counted since the start, and what it means."`
}

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
	if err := membersPage(report, c.Counters).print(r.out); err != nil {
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

func membersPage(m client.MembersReport, counters bool) *page {
	p := &page{}
	settled := "settled"
	if !m.Settled {
		settled = "not settled yet: it is still meeting the others"
	}
	p.line("%s: %s, %s", m.Node, m.Mode, settled)
	for _, line := range m.Degraded {
		p.line("degraded: %s", line)
	}
	if len(m.GossipKeys) > 0 {
		p.line("gossip keys, by fingerprint, the one in use first: %s", strings.Join(m.GossipKeys, ", "))
	}
	p.line("")
	address := "GOSSIP ADDRESS"
	if m.Mode == "leaf" { // which knows of its hubs nothing but where to ask
		address = "TRANSFER ADDRESS"
	}
	t := p.table("NAME", address, "ZONE", "STATE", "TRUSTED", "CERTIFICATE UNTIL", "AVOIDED UNTIL", "WHY")
	for _, o := range m.Members {
		trusted := "no"
		if o.Trusted {
			trusted = "yes"
		}
		t.row(o.Name, or(o.Addr, "-"), or(o.Zone, "-"), o.State, trusted, or(when(o.CertificateNotAfter), "-"), or(when(o.AvoidedUntil), "-"), or(o.Why, "-"))
	}
	t.end()
	if counters {
		p.line("")
		t = p.table("COUNTED SINCE THE START", "", "")
		for _, name := range slices.Sorted(maps.Keys(m.Counters)) {
			t.row(name, strconv.FormatUint(m.Counters[name], 10), counterMeanings[name])
		}
		t.end()
	}
	return p
}

// counterMeanings say what the counters of a report count.
var counterMeanings = map[string]string{
	"announced":         "news of this node's own that it sent to others",
	"forwarded":         "news of others that it passed on",
	"heard":             "news that reached it for the first time",
	"repeated":          "news that it had heard already: usual, it comes by several ways",
	"implausible":       "news of lists that it does not follow, or of versions that cannot be",
	"rate_limited":      "news beyond what one member may send",
	"forged":            "news with a signature that is not its sender's",
	"unknown":           "news of a member that it has not met yet",
	"avoided":           "news from a member that is avoided, since it delivered what was not good",
	"compared":          "comparisons of what it and others hold",
	"told":              "versions that it told others of in comparisons",
	"pulled":            "bodies that it fetched from others",
	"pull_failed":       "bodies that did not come; another member was asked then",
	"queue_full":        "packets dropped because there were too many at once",
	"stranger":          "packets of nobody it has met: usual while members start",
	"malformed":         "packets of members that make no sense",
	"name_conflicts":    "times that a second node came with a name that another has",
	"exchanges":         "conversations with other members that it began",
	"exchanges_failed":  "of those, how many broke off: usual where members stop and start",
	"exchanges_skipped": "of those, how many were left out because too many were under way",
}

// hintMembers says what an operator can do for members that will be trouble.
func hintMembers(s *streams, m client.MembersReport) {
	for _, o := range m.Members {
		left := time.Until(o.CertificateNotAfter)
		switch {
		case o.State == client.MemberDead || o.State == client.MemberLeft || o.State == client.MemberSilent:
		case !o.AvoidedUntil.IsZero():
			s.hint("%s delivered what was not good, and is avoided for a while; its own log says what ails it", o.Name)
		case !o.CertificateNotAfter.IsZero() && left < renewWithin:
			s.hint("the certificate of %s ends at %s; replace gossip.tls.cert and key there, they are read again within seconds", o.Name, when(o.CertificateNotAfter))
		}
	}
}
