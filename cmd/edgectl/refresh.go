package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/edgetrust/edgetrust/node/client"
)

type refreshCommand struct {
	URL    string `arg:"" name:"url" help:"URL of a trust list or status list that the node follows."`
	Public bool   `help:"Ask the public listener, as an issuer of status lists does; --token-file has a token of public.refresh."`
}

// Run has the node look and prints the outcome.
func (c *refreshCommand) Run(r *run) error {
	dial, send, fail := r.private, (*client.Client).DoAdmin, r.askAdmin
	if c.Public {
		dial, send, fail = r.public, (*client.Client).Do, r.ask
	}
	cl, err := dial()
	if err != nil {
		return err
	}
	defer cl.Close()
	body, err := json.Marshal(map[string]string{"url": c.URL})
	if err != nil {
		return err
	}
	resp, err := send(cl, r.ctx, http.MethodPost, "/v1/refresh", "", "", body)
	if err != nil {
		return fail(err)
	}
	if resp.Status != http.StatusOK {
		return fail(problem(resp))
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
