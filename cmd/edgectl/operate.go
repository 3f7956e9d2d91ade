package main

import (
	"net/http"
	"net/url"
)

type acceptCommand struct {
	Name string `arg:"" help:"Name of the list, as edgectl lists shows it."`
}

// Run tells the node that a change it holds back is right.
func (c *acceptCommand) Run(r *run) error { return r.operate(c.Name, "accept") }

type resetCommand struct {
	Name string `arg:"" help:"Name of the list, as edgectl lists shows it."`
}

// Run has the node forget the sequence number of a list.
func (c *resetCommand) Run(r *run) error { return r.operate(c.Name, "reset") }

// operate does something to a list and prints what was done.
func (r *run) operate(list, act string) error {
	if list == "" {
		return &usageError{text: "a list has a name; edgectl lists shows them"}
	}
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	resp, err := cl.DoAdmin(r.ctx, http.MethodPost, "/v1/lists/"+url.PathEscape(list)+"/"+act, "", "", nil)
	if err != nil {
		return r.askAdmin(err)
	}
	if resp.Status != http.StatusOK {
		return r.askAdmin(problem(resp))
	}
	if r.json {
		return printRaw(r.out, resp.Body)
	}
	done, err := decode[struct{ List, Detail string }](resp.Body)
	if err != nil {
		return err
	}
	p := &page{}
	p.line("%s: %s", or(done.List, list), or(done.Detail, act+" done"))
	return p.print(r.out)
}
