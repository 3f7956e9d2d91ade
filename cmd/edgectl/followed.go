package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// followed is a list of a running node with its anchors.
type followed struct {
	list
	anchors []anchor
	all     bool // anchors are all it has
}

// anchor is an anchor as /v1/lists/{name}/anchors shows it.
type anchor struct {
	CertificateSHA256 string            `json:"certificate_sha256"`
	SKI               string            `json:"ski"`
	Subject           string            `json:"subject"`
	Kind              trustlist.Kind    `json:"kind"`
	Purpose           trustlist.Purpose `json:"purpose"`
	Territory         string            `json:"territory"`
	Types             []string          `json:"types"`
	Standing          string            `json:"standing"`
}

// followed asks the node for its lists and their anchors, each once.
func (r *run) followed() ([]followed, error) {
	cl, err := r.public()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	raw, err := r.get(cl, "/v1/lists")
	if err != nil {
		return nil, err
	}
	a, err := decode[listsAnswer](raw)
	if err != nil {
		return nil, err
	}
	var held []followed
	for _, l := range a.nested() {
		f := followed{list: l}
		if f.anchors, f.all, err = r.anchorsOf(cl, l.Name); err != nil {
			return nil, err
		}
		held = append(held, f)
	}
	return held, nil
}

// anchorsOf returns the first page of a list's anchors. A node that does not serve
// them is none the worse: then it cannot be told from here.
func (r *run) anchorsOf(cl *client.Client, name string) (list []anchor, all bool, err error) {
	raw, err := r.get(cl, "/v1/lists/"+url.PathEscape(name)+"/anchors")
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	a, err := decode[struct {
		Anchors []anchor `json:"anchors"`
		Next    int      `json:"next"`
	}](raw)
	return a.Anchors, a.Next == 0, err
}

// heldBy says of each list of a node whether it holds the anchor. National lists of
// other countries that do not are passed over: there are many.
func heldBy(lists []followed, e verify.Explanation) (out []holder) {
	cc := trustlist.Territory(e.Issuer.Country)
	for _, f := range lists {
		h := f.holder(e)
		if f.Parent != "" && f.Territory != cc && (h.Holds == nil || !*h.Holds) {
			continue
		}
		out = append(out, h)
	}
	return out
}

func (f *followed) holder(e verify.Explanation) holder {
	h := holder{Name: f.Name, Type: f.Type}
	note := fmt.Sprintf("%s, %d anchors, from %s", f.State, f.Anchors, f.URL)
	var best *anchor
	for i, a := range f.anchors {
		if isAnchor(e.Issuer, a.Subject, a.SKI, a.CertificateSHA256) && (best == nil || len(a.but(e)) < len(best.but(e))) {
			best = &f.anchors[i]
		}
	}
	if holds := best != nil; holds || f.all {
		h.Holds = &holds
	}
	if best != nil {
		note = strings.Join(append(best.but(e), note), ", ")
	}
	h.Note = note
	return h
}

// but says why an anchor does not serve the presentation; empty when it does.
func (a anchor) but(e verify.Explanation) (why []string) {
	if a.Kind != e.Kind {
		why = append(why, "for another kind ("+string(a.Kind)+")")
	}
	if a.Purpose != trustlist.Issuance {
		why = append(why, "not for issuance")
	}
	if !(&trustlist.Anchor{Kind: a.Kind, Types: a.Types}).ServesType(e.Type) {
		why = append(why, "limited to other types")
	}
	if a.Territory != "" && e.Issuer.Country != "" && a.Territory != trustlist.Territory(e.Issuer.Country) {
		why = append(why, "for another territory ("+a.Territory+")")
	}
	if a.Standing != "in_force" {
		why = append(why, "which is "+strings.ReplaceAll(a.Standing, "_", " "))
	}
	return why
}
