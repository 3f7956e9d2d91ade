package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

type inspectCommand struct {
	File    string   `arg:"" help:"A list as it was published, or compressed with gzip; - is the standard input."`
	Signers []string `placeholder:"F" help:"PEM files of who may sign it: for a list of lists those of the Official Journal, for a VICAL its provider's roots."`
	LOTL    string   `name:"lotl" placeholder:"F" help:"For a national list: the list of lists, which names its signers and is itself checked with --signers."`
	OJ      string   `name:"oj" placeholder:"URL" help:"Notice of the Official Journal that --signers are from (list of lists: the present one)."`
	Pivot   []string `placeholder:"F" help:"Earlier releases that introduce the signer since that notice, in any order."`
	Allow   []string `placeholder:"WORD" enum:"${quirks}" help:"Departures from TS 119 602 to let pass, as allow of a source does: ${quirks}."`
	At      string   `placeholder:"TIME" help:"Judge as at this instant (2026-08-21T12:00:00Z; now)."`
}

// Run explains the list and judges it as a node would that had never seen one.
func (c *inspectCommand) Run(r *run) error {
	j := &judge{at: time.Now(), oj: c.OJ}
	for _, word := range c.Allow {
		j.quirks.Allow(word)
	}
	if c.At != "" {
		var err error
		if j.at, err = time.Parse(time.RFC3339, c.At); err != nil {
			return &usageError{text: "--at: an instant is needed, with its zone (2026-08-21T12:00:00Z)"}
		}
	}
	if err := c.read(r, j); err != nil {
		return err
	}
	b, err := r.readList(c.File)
	if err != nil {
		return err
	}
	s := readSubject(c.File, b)
	info, refusal := j.judge(s)
	i := inspect(s, j, info)
	i.judged(refusal)
	if r.json {
		err = printJSON(r.out, i)
	} else {
		err = i.page(j.at).print(r.out)
	}
	if i.Code == reason.TrustListSignerUnknown && s.kind == artefact.TL && j.lotl == nil && len(j.signers) > 0 {
		r.hint("the list of lists says who signs a national list: --lotl F names it, --signers who signs that one")
	}
	if err == nil && refusal != nil {
		return errNotGood
	}
	return err
}

// read reads what vouches for the list.
func (c *inspectCommand) read(r *run, j *judge) (err error) {
	if len(c.Signers) > 0 {
		if j.signers, err = config.Certificates(c.Signers); err != nil {
			return &usageError{text: "--signers " + err.Error()}
		}
	}
	for _, cert := range j.signers {
		if trustlist.IsTest(cert) {
			r.warn("%q was made by a demonstration: no other node takes it for a signer", cert.Subject.CommonName)
		}
	}
	if c.LOTL != "" {
		if j.lotl, err = r.readBeside("--lotl", c.LOTL); err != nil {
			return err
		}
	}
	for _, path := range c.Pivot {
		p, err := r.readBeside("--pivot", path)
		if err != nil {
			return err
		}
		j.pivots = append(j.pivots, p)
	}
	oldestFirst(j.pivots)
	return nil
}

// readBeside reads a list that another one rests on.
func (r *run) readBeside(flag, path string) (*subject, error) {
	b, err := r.readList(path)
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return nil, &usageError{text: flag + " " + usage.text}
	case err != nil:
		return nil, &usageError{text: fmt.Sprintf("%s %s: %v", flag, path, err)}
	}
	return readSubject(path, b), nil
}
