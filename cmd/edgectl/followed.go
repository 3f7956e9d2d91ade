package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// followed is a list of a running node with its anchors.
type followed struct {
	client.List
	anchors []client.Anchor
	known   bool // the node has told them
}

// followed asks the node for its lists and their anchors, each once.
func (r *run) followed() ([]followed, error) {
	cl, err := r.public()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	lists, err := cl.Lists(r.ctx)
	if err != nil {
		return nil, r.ask(err)
	}
	held := make([]followed, len(lists))
	for i, l := range lists {
		held[i].List = l
		a, err := cl.Anchors(r.ctx, l.Name, client.AnchorFilter{})
		var problem *client.Problem
		switch {
		case err == nil:
			held[i].anchors, held[i].known = a.Anchors, true
		case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
			// An older node: it cannot be told from here.
		default:
			return nil, r.ask(err)
		}
	}
	return held, nil
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
	holds, least := false, []string(nil)
	for _, a := range f.anchors {
		if !isAnchor(e.Issuer, a.Subject, a.SKI, a.CertificateSHA256) {
			continue
		}
		if b := but(a, e); !holds || len(b) < len(least) {
			holds, least = true, b
		}
	}
	state := f.State + ", " + counted(f.Anchors, "anchor")
	switch {
	case f.State == "absent": // what it would hold is not known
		state = "not loaded yet"
	case f.known:
		h.Holds = &holds
	}
	h.Note = strings.Join(append(least, state, "from "+f.URL), ", ")
	return h
}

// but says why an anchor does not serve the presentation; empty when it does.
func but(a client.Anchor, e verify.Explanation) (why []string) {
	kind := trustlist.Kind(a.Kind)
	if kind != e.Kind {
		why = append(why, "for another kind ("+a.Kind+")")
	}
	if a.Purpose != string(trustlist.Issuance) {
		why = append(why, "not for issuance")
	}
	if !(&trustlist.Anchor{Kind: kind, Types: a.Types}).ServesType(e.Type) {
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
