package main

import (
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

type listsCommand struct{}

// Run prints the lists of the node.
func (c *listsCommand) Run(r *run) error {
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
	return lists.page().print(r.out)
}

type listsAnswer struct {
	Lists []client.List `json:"lists"`
}

func (a listsAnswer) page() *page {
	p := &page{}
	table := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				_, _ = table.Write([]byte("\t")) // into memory
			}
			_, _ = table.Write([]byte(printable(c)))
		}
		_, _ = table.Write([]byte("\n"))
	}
	row("NAME", "TYPE", "STATE", "SEQUENCE", "ANCHORS", "LOOKED AT", "NEXT UPDATE", "LAST REFUSAL")
	for _, l := range a.Lists {
		row(l.Name, l.Type, l.State, sequence(l), strconv.Itoa(l.Anchors), lookedAt(l), or(when(l.NextUpdate), "-"), lastRefusal(l))
	}
	_ = table.Flush()
	return p
}

func sequence(l client.List) string {
	if l.Sequence == 0 {
		return "-"
	}
	return strconv.FormatUint(l.Sequence, 10)
}

func lookedAt(l client.List) string {
	if l.LookedAt.IsZero() {
		return "never"
	}
	return age(l.AgeSeconds) + " ago"
}

func lastRefusal(l client.List) string {
	if len(l.Refused) == 0 {
		return "-"
	}
	last := l.Refused[len(l.Refused)-1]
	return age(int64(max(0, time.Since(last.At).Seconds()))) + " ago: " + last.Code + ": " + last.Detail
}
