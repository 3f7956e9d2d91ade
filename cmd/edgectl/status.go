package main

import (
	"encoding/json"
	"fmt"

	"github.com/edgetrust/edgetrust/node/client"
)

type statusCommand struct {
	Lists bool `help:"Show the status lists and certificate revocation lists that it keeps instead; needs its private listener."`
}

// nodeStatus is what status --json prints.
type nodeStatus struct {
	Ready     bool            `json:"ready"`
	Reasons   []string        `json:"reasons,omitempty"`  // why not
	Degraded  []string        `json:"degraded,omitempty"` // what is wrong nevertheless
	Info      json.RawMessage `json:"info"`               // /v1/info
	ListsFrom json.RawMessage `json:"lists"`              // /v1/lists
}

// Run prints how the node is. Readiness is the private listener's to tell; where
// that is not known, what the public one says has to do.
func (c *statusCommand) Run(r *run) error {
	if c.Lists {
		return r.statusLists()
	}
	cl, err := r.public()
	if err != nil {
		return err
	}
	defer cl.Close()
	var s nodeStatus
	if s.Info, err = r.get(cl, "/v1/info"); err != nil {
		return err
	}
	info, err := decode[client.Info](s.Info)
	if err != nil {
		return err
	}
	raw, err := r.get(cl, "/v1/lists")
	if err != nil {
		return err
	}
	lists, err := decode[listsAnswer](raw)
	if err != nil {
		return err
	}
	var inner map[string]json.RawMessage
	if inner, err = decode[map[string]json.RawMessage](raw); err != nil {
		return err
	}
	s.ListsFrom = inner["lists"]
	if err := r.readiness(cl, &s, info); err != nil {
		return err
	}
	if r.json {
		err = printJSON(r.out, s)
	} else {
		err = s.page(info, lists).print(r.out)
	}
	if err == nil && !s.Ready {
		return errNotGood
	}
	return err
}

func (r *run) readiness(cl *client.Client, s *nodeStatus, info client.Info) error {
	if r.adminURL() == "" {
		s.Ready = info.Seeded
		if !s.Ready {
			s.Reasons = []string{"its lists are not loaded yet"}
		}
		r.hint("readiness by the public listener; --admin URL asks the private one, which knows more")
		return nil
	}
	ready, err := cl.Ready(r.ctx)
	if err != nil {
		return r.askAdmin(err)
	}
	s.Ready, s.Reasons, s.Degraded = ready.Ready, ready.Reasons, ready.Degraded
	return nil
}

func (s nodeStatus) page(info client.Info, lists listsAnswer) *page {
	p := &page{}
	state := "ready"
	if !s.Ready {
		state = "not ready"
	}
	p.line("%s", state)
	for _, why := range s.Reasons {
		p.line("not ready: %s", why)
	}
	for _, what := range s.Degraded {
		p.line("degraded: %s", what)
	}
	test := ""
	if info.Test {
		test = ", a demonstration"
	}
	p.line("node %s, version %s, since %s%s", info.Node, info.Version, or(when(info.Started), "not said"), test)
	for _, l := range lists.Lists {
		line := fmt.Sprintf("list %s: %s, %s, looked at %s", l.Name, l.State, counted(l.Anchors, "anchor"), lookedAt(l))
		if failure := lastFailure(l); failure != "" && l.State != "fresh" {
			line += "; " + failure
		}
		p.line("%s", line)
	}
	return p
}
