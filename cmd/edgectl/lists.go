package main

import (
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

type listsCommand struct {
	Show   showLists     `cmd:"" default:"withargs" help:"Show the lists of a node; the word show may be left out."`
	Accept acceptCommand `cmd:"" help:"Confirm a change that a node holds back: removed anchors, a jump of the sequence number."`
	Reset  resetCommand  `cmd:"" help:"Have a node forget which sequence number it had, when a publisher once used one too high."`
}

type showLists struct {
	AllNodes bool   `help:"Show which version each node of the cluster holds, and who is behind: its members, dead ones too, not its leaves. Asked at a leaf: it and its hubs. Needs the private listener."`
	List     string `placeholder:"NAME" env:"-" help:"With --all-nodes: of this list alone; of a status or revocation list its URL."`
}

// Run prints the lists of the node.
func (c *showLists) Run(r *run) error {
	if c.AllNodes {
		return r.allNodes(client.Holdings{All: true, Name: c.List})
	}
	if c.List != "" {
		return &usageError{text: "--list goes with --all-nodes"}
	}
	cl, err := r.public()
	if err != nil {
		return err
	}
	defer cl.Close()
	raw, err := r.get(cl, "/v1/lists")
	if err != nil {
		return err
	}
	if r.json {
		return printRaw(r.out, raw)
	}
	lists, err := decode[listsAnswer](raw)
	if err != nil {
		return err
	}
	if err := lists.page().print(r.out); err != nil {
		return err
	}
	lists.hint(r.streams)
	return nil
}

type listsAnswer struct {
	Lists []client.List `json:"lists"`
}

func (a listsAnswer) page() *page {
	p := &page{}
	t := p.table("NAME", "TYPE", "TERRITORY", "VERSION", "STATE", "SEQUENCE", "ANCHORS", "CAME FROM", "LOOKED AT", "NEXT UPDATE", "LAST FAILURE")
	for _, l := range a.nested() {
		t.row(l.indent+l.Name, l.Type, or(l.Territory, "-"), number(uint64(l.Version)), l.State, number(l.Sequence), strconv.Itoa(l.Anchors),
			or(cameFrom(l.List), "-"), lookedAt(l.List), or(when(l.NextUpdate), "-"), or(lastFailure(l.List), "-"))
	}
	t.end()
	return p
}

// nested is a list with where it stands in the table.
type nested struct {
	client.List
	indent string
}

// nested puts national lists behind the list that names them.
func (a listsAnswer) nested() (all []nested) {
	children := make(map[string][]nested)
	for _, l := range a.Lists {
		if l.Parent != "" {
			children[l.Parent] = append(children[l.Parent], nested{l, "  "})
		}
	}
	for _, l := range a.Lists {
		switch {
		case l.Parent == "":
			all = append(append(all, nested{l, ""}), children[l.Name]...)
		case !a.has(l.Parent):
			all = append(all, nested{l, ""})
		}
	}
	return all
}

func (a listsAnswer) has(name string) bool {
	return slices.ContainsFunc(a.Lists, func(l client.List) bool { return l.Name == name })
}

// hint says what an operator can do for lists that wait for one.
func (a listsAnswer) hint(s *streams) {
	for _, l := range a.Lists {
		if !l.HeldUntil.IsZero() {
			s.hint("%s lost many anchors at once, which count as unknown until %s, or until: edgectl lists accept %s", l.Name, when(l.HeldUntil), l.Name)
		}
		if q := l.Quarantined; q != nil {
			s.hint("sequence %d of %s waits (%s); if its publisher confirms it: edgectl lists accept %s", q.Sequence, l.Name, q.Code, l.Name)
		}
	}
}

func number(n uint64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatUint(n, 10)
}

// cameFrom is the door that the version came in by, and of a peer who it was and how
// long that took.
func cameFrom(l client.List) string {
	s := strings.TrimSpace(l.CameFrom + " " + l.From)
	if l.SpreadSeconds > 0 {
		s += ", " + time.Duration(l.SpreadSeconds*float64(time.Second)).Round(time.Millisecond).String()
	}
	return s
}

func lookedAt(l client.List) string {
	if l.LookedAt.IsZero() {
		return "never"
	}
	return age(l.AgeSeconds) + " ago"
}

// lastFailure says what last kept a list from being renewed: its origin could not be
// had, or what it sent was refused. Empty: nothing has.
func lastFailure(l client.List) string {
	var refused client.RefusedList
	if n := len(l.Refused); n > 0 {
		refused = l.Refused[n-1]
	}
	switch f := l.LastError; {
	case f != nil && !f.At.Before(refused.At):
		return ago(f.At) + ": not fetched: " + f.Detail
	case len(l.Refused) > 0:
		return ago(refused.At) + ": " + refused.Code + ": " + refused.Detail
	}
	return ""
}

// table aligns columns on a page.
type table struct{ w *tabwriter.Writer }

func (p *page) table(heads ...string) table {
	t := table{tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

// row writes the cells of a line. The page is in memory, so nothing can fail.
func (t table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(printable(c), "\n", " ")
	}
	_, _ = t.w.Write([]byte(strings.Join(cells, "\t") + "\n"))
}

func (t table) end() { _ = t.w.Flush() }
