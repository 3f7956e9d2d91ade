package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/node/client"
)

const (
	maxColumns = 8 // nodes that have columns of their own
	maxNamed   = 5 // nodes that a cell names
)

// allNodes prints which version of each list the nodes of the cluster hold.
func (r *run) allNodes(of client.Holdings) error {
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	raw, report, err := r.members(cl, of)
	if err != nil {
		return err
	}
	if r.json {
		return printRaw(r.out, raw)
	}
	nodes := present(report)
	for _, n := range nodes {
		if n.why != "" {
			r.warn("%s does not say what it holds: %s", n.name, n.why)
		}
	}
	if err := allNodesPage(nodes, of.Name != "").print(r.out); err != nil {
		return err
	}
	if soaks(nodes) {
		r.hint("what is soaking is in force there, and the others hear of it once trust.soak is over; edgectl refresh URL at that node ends it")
	}
	if partly := slices.ContainsFunc(nodes, func(n holdings) bool { return n.partly }); partly {
		r.warn("the nodes hold more status and revocation lists than an answer has room for: edgectl lists --all-nodes --list URL shows one of them")
	}
	return nil
}

// soaks says whether a node keeps a version to itself for now.
func soaks(nodes []holdings) bool {
	for _, n := range nodes {
		for _, v := range n.held {
			if v.soaking {
				return true
			}
		}
	}
	return false
}

// holdings are what a node holds, by the name of the list.
type holdings struct {
	name   string
	why    string // it did not say
	partly bool   // it holds more than it said
	held   map[string]version
}

// version is what is held of a list: the newest sequence, and of it one digest, or two
// when both count.
type version struct {
	typ      string
	sequence uint64
	digests  string
	soaking  bool // it is held, and kept from the others for a while
}

// bare is what is held, however long.
func (v version) bare() version {
	v.soaking = false
	return v
}

// present are the nodes of a cluster that have not left it.
func present(m client.MembersReport) (nodes []holdings) {
	for _, o := range m.Members {
		if o.State == client.MemberLeft {
			continue
		}
		n := holdings{name: o.Name, partly: o.LeftOut > 0, held: make(map[string]version)}
		switch {
		case o.Error != "":
			n.why = o.Error
		case o.State != client.MemberAlive:
			n.why = strings.TrimSuffix("it is "+o.State+": "+o.Why, ": ")
		}
		// Sorted, so that two digests of one sequence stand in one order everywhere.
		lists := slices.SortedFunc(slices.Values(o.Lists), func(a, b client.MemberList) int {
			return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.SHA256, b.SHA256))
		})
		for _, l := range lists {
			v := version{l.Type, l.Sequence, l.SHA256, l.Soaking}
			if had, ok := n.held[l.Name]; ok && had.sequence == l.Sequence {
				v.digests = had.digests + " " + l.SHA256
			}
			n.held[l.Name] = v
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// newest is the version of a list that the others are held against: of the highest
// sequence that anybody holds, what most nodes hold.
func newest(nodes []holdings, list string) version {
	count := make(map[version]int)
	for _, n := range nodes {
		if v, ok := n.held[list]; ok {
			count[v.bare()]++
		}
	}
	return slices.MaxFunc(slices.Collect(maps.Keys(count)), func(a, b version) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(count[a], count[b]), cmp.Compare(b.digests, a.digests))
	})
}

// standing says how a node stands to the newest version of a list: "" it holds it.
func (n holdings) standing(list string, newest version) string {
	v, ok := n.held[list]
	switch {
	case n.why != "", !ok && n.partly:
		return "unknown"
	case !ok:
		return "without"
	case v.sequence < newest.sequence:
		return "behind"
	case v.digests != newest.digests:
		return "differs"
	}
	return ""
}

// cell shows what a node holds of a list, and how that stands.
func (n holdings) cell(list string, newest version) string {
	switch s := n.standing(list, newest); s {
	case "unknown":
		return "?"
	case "without":
		return "-"
	default:
		if n.held[list].soaking {
			s = strings.TrimSpace(s + " soaking")
		}
		return strings.TrimSpace(fmt.Sprintf("%d %s", n.held[list].sequence, s))
	}
}

// trustLists are the types that always have a row. Others are many and change all the
// time, so they have one only where nodes differ, or when they were asked for.
var trustLists = []string{"lotl", "tl", "lote", "vical"}

func allNodesPage(nodes []holdings, all bool) *page {
	named := make(map[string]bool)
	for _, n := range nodes {
		for name := range n.held {
			named[name] = true
		}
	}
	p := &page{}
	heads := []string{"LIST", "NEWEST"}
	if len(nodes) <= maxColumns {
		for _, n := range nodes {
			heads = append(heads, n.name)
		}
	}
	t := p.table(append(heads, "NOT THE SAME")...)
	others, differ := 0, 0
	for _, list := range slices.Sorted(maps.Keys(named)) {
		best := newest(nodes, list)
		odd := oddOnes(nodes, list, best)
		if !slices.Contains(trustLists, best.typ) {
			others++
			if odd == "" && !all {
				continue
			}
			if odd != "" {
				differ++
			}
		}
		cells := []string{list, number(best.sequence)}
		if len(nodes) <= maxColumns {
			for _, n := range nodes {
				cells = append(cells, n.cell(list, best))
			}
		}
		t.row(append(cells, or(odd, "-"))...)
	}
	t.end()
	if others > 0 && !all {
		p.line("")
		p.line("%s of status and revocation: %d not the same everywhere", counted(others, "list"), differ)
	}
	return p
}

// oddOnes names the nodes that do not hold the newest version. Those that did not say
// are named once, elsewhere.
func oddOnes(nodes []holdings, list string, newest version) string {
	var odd []string
	for _, n := range nodes {
		if s := n.standing(list, newest); s != "" && s != "unknown" {
			odd = append(odd, n.name+" "+s)
		}
	}
	if more := len(odd) - maxNamed; more > 0 {
		odd = append(odd[:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(odd, ", ")
}
