package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/edgetrust/edgetrust/node/client"
)

type refreshCommand struct {
	URL string `arg:"" name:"url" help:"URL of a trust list or status list that the node follows."`
}

// Run has the node look and prints the outcome.
func (c *refreshCommand) Run(r *run) error {
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	body, err := json.Marshal(map[string]string{"url": c.URL})
	if err != nil {
		return err
	}
	resp, err := cl.DoAdmin(r.ctx, http.MethodPost, "/v1/refresh", "", "", body)
	if err != nil {
		return r.askAdmin(err)
	}
	if resp.Status != http.StatusOK {
		return r.askAdmin(problem(resp))
	}
	if r.json {
		return printRaw(r.out, resp.Body)
	}
	done, err := decode[client.Refreshed](resp.Body)
	if err != nil {
		return err
	}
	p := &page{}
	switch {
	case done.Outcome == "":
		return errors.New("the node's answer names no outcome")
	case done.Sequence != 0:
		p.line("%s: %s, sequence %d", done.List, done.Outcome, done.Sequence)
	default:
		p.line("%s: %s", done.List, done.Outcome)
	}
	return p.print(r.out)
}
