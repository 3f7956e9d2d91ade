package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

type publishCommand struct {
	Path string `arg:"" name:"file" help:"A list as it was published, or compressed with gzip, or a folder of them; - is the standard input."`
}

// published is what came of one file.
type published struct {
	File     string `json:"file"`
	List     string `json:"list,omitempty"`
	Outcome  string `json:"outcome"` // admitted, unchanged, refused or not tried
	Sequence uint64 `json:"sequence,omitempty"`
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`

	reason verify.Reason
	read   func() ([]byte, error)
}

const (
	outcomeRefused  = "refused"
	outcomeNotTried = "not tried" // the node failed at an earlier file
)

// Run hands every file to the node and prints what came of each, also when the node
// fails at one: what it took in before stays.
func (c *publishCommand) Run(r *run) error {
	files, err := r.publishable(c.Path)
	if err != nil {
		return err
	}
	cl, err := r.private()
	if err != nil {
		return err
	}
	defer cl.Close()
	failed := r.publishAll(cl, files)
	if failed != nil && !slices.ContainsFunc(files, (*published).tried) {
		return failed
	}
	if r.json {
		err = printJSON(r.out, map[string]any{"files": files})
	} else {
		err = publishedPage(files).print(r.out)
	}
	if failed != nil {
		return failed
	}
	if err == nil && slices.ContainsFunc(files, func(f *published) bool { return f.Outcome == outcomeRefused }) {
		return errNotGood
	}
	return err
}

// publishAll goes through the files until a pass admits nothing new: lists vouch
// for one another, and a folder need not name them in that order. Each pass but the
// last admits a file at least, so there are no more passes than files.
func (r *run) publishAll(cl *client.Client, files []*published) error {
	waiting := files
	for {
		progress := false
		var again []*published
		for _, f := range waiting {
			if err := r.publish(cl, f); err != nil {
				return err
			}
			progress = progress || f.Outcome == "admitted"
			if f.mayFollow() {
				again = append(again, f)
			}
		}
		if !progress || len(again) == 0 {
			return nil
		}
		waiting = again
	}
}

// mayFollow says whether the node may take the file once it holds others.
func (f *published) mayFollow() bool {
	switch reason.Code(f.Code) {
	case reason.ArtefactUnknown, reason.TrustListSignerUnknown, reason.TrustListPivotBroken, reason.StatusSignerUntrusted:
		return f.Outcome == outcomeRefused
	}
	return false
}

func (f *published) tried() bool { return f.Outcome != outcomeNotTried }

// publish hands one file to the node. The error is one that other files would meet,
// too.
func (r *run) publish(cl *client.Client, f *published) error {
	b, err := f.read()
	if refusal, ok := reason.Of(err); ok {
		f.refused(refusal.Code, refusal.Detail)
		return nil
	}
	if err != nil {
		return err
	}
	if len(b) == 0 {
		f.refused(reason.TrustListMalformed, "the file is empty")
		return nil
	}
	resp, err := cl.DoAdmin(r.ctx, http.MethodPost, "/v1/publish", "application/octet-stream", "", b)
	if err != nil {
		return r.askAdmin(err)
	}
	switch resp.Status {
	case http.StatusOK:
		done, err := decode[client.Refreshed](resp.Body)
		if err == nil && done.Outcome == "" {
			err = errors.New("the node's answer names no outcome")
		}
		f.List, f.Outcome, f.Sequence, f.Code, f.Detail = done.List, done.Outcome, done.Sequence, "", ""
		return err
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		p := problem(resp)
		f.refused(reason.Code(p.Code), p.Detail)
		return nil
	}
	return r.askAdmin(problem(resp))
}

func (f *published) refused(code reason.Code, detail string) {
	f.Outcome, f.Code, f.Detail = outcomeRefused, string(code), detail
	f.reason = reasonOfCode(code, detail)
}

// publishedPage is a table, and beneath it why files were refused.
func publishedPage(files []*published) *page {
	p := &page{}
	t := p.table("FILE", "LIST", "OUTCOME", "SEQUENCE", "CODE")
	for _, f := range files {
		t.row(f.File, or(f.List, "-"), f.Outcome, number(f.Sequence), or(f.Code, "-"))
	}
	t.end()
	for _, f := range files {
		if f.Outcome == outcomeRefused {
			p.WriteString("\n")
			p.line("%s", f.File)
			p.refusal("  ", f.reason)
		}
	}
	return p
}
