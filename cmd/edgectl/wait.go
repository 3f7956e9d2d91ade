package main

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

// How long wait leaves between two questions, to one node and to a cluster.
const (
	nodePeriod    = 250 * time.Millisecond
	clusterPeriod = time.Second
)

type waitCommand struct {
	List     string `required:"" placeholder:"NAME" help:"Name of a trust list, as edgectl lists shows it, or URL of a status or revocation list."`
	Version  uint64 `required:"" placeholder:"N" help:"Sequence number; of a status list the second it was issued, of a revocation list its number."`
	AllNodes bool   `help:"Wait for all members of the cluster, dead ones too, not for those that left nor for leaves. Asked at a leaf: for it and its hubs. Needs the private listener."`
}

// waited is what wait --json prints.
type waited struct {
	List    string        `json:"list"`
	Version uint64        `json:"version"` // that was waited for
	Reached bool          `json:"reached"` // all nodes hold it or a newer one
	Nodes   []nodeHolding `json:"nodes"`
}

// nodeHolding is what a node holds of the list that is waited for.
type nodeHolding struct {
	Name     string `json:"name,omitempty"` // "": the node that was asked
	Held     bool   `json:"held"`
	Sequence uint64 `json:"sequence,omitempty"`
	Soaking  bool   `json:"soaking,omitempty"` // it is in force there, and kept from the others for now
	Why      string `json:"why,omitempty"`     // why nothing is known
}

// Run waits until the version or a newer one is held. --timeout is how long.
func (c *waitCommand) Run(r *run) error {
	if c.List == "" {
		return &usageError{text: "--list: a list has a name; edgectl lists shows them"}
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.Timeout)
	defer cancel()
	w := &waiter{run: *r, c: c}
	w.ctx = ctx
	defer w.close()
	var last waited
	var failure error
	for {
		found, err := w.ask()
		switch {
		case err == nil:
			last, failure = found, nil
			if last.Reached {
				return last.print(r)
			}
		case isFinal(err):
			return err
		case failure == nil || ctx.Err() == nil: // the end itself is no news
			failure = err
		}
		if !sleep(ctx, w.period()) {
			break
		}
	}
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case last.Nodes == nil:
		return failure
	}
	if err := last.print(r); err != nil {
		return err
	}
	if failure != nil {
		r.warn("it was like that when it was last asked; since then: %v", failure)
	}
	return errNotGood
}

// waiter asks again and again over one connection.
type waiter struct {
	run
	c  *waitCommand
	cl *client.Client
}

func (w *waiter) close() {
	if w.cl != nil {
		_ = w.cl.Close()
	}
}

func (w *waiter) period() time.Duration {
	if w.c.AllNodes {
		return clusterPeriod
	}
	return nodePeriod
}

// ask finds out who holds what now.
func (w *waiter) ask() (waited, error) {
	found := waited{List: w.c.List, Version: w.c.Version, Reached: true}
	ask := w.askNode
	switch {
	case w.c.AllNodes:
		ask = w.askCluster
	case strings.Contains(w.c.List, "://"):
		ask = w.askStatus
	}
	var err error
	if found.Nodes, err = ask(); err != nil {
		return found, err
	}
	for _, n := range found.Nodes {
		found.Reached = found.Reached && n.has(w.c.Version)
	}
	return found, nil
}

func (h nodeHolding) has(version uint64) bool { return h.Held && h.Sequence >= version }

// dialed returns the client that dial makes, the same one once it has made one.
func (w *waiter) dialed(dial func() (*client.Client, error)) (*client.Client, error) {
	var err error
	if w.cl == nil {
		w.cl, err = dial()
	}
	return w.cl, err
}

// askNode asks for a trust list. Everybody may know which ones there are.
func (w *waiter) askNode() ([]nodeHolding, error) {
	cl, err := w.dialed(w.public)
	if err != nil {
		return nil, err
	}
	raw, err := w.get(cl, "/v1/lists")
	if err != nil {
		return nil, err
	}
	lists, err := decode[listsAnswer](raw)
	h := nodeHolding{}
	for _, l := range lists.Lists {
		if l.Name == w.c.List {
			h.Held, h.Sequence = l.State != "absent", l.Sequence
		}
	}
	return []nodeHolding{h}, err
}

// askStatus asks for a status list or revocation list.
func (w *waiter) askStatus() ([]nodeHolding, error) {
	cl, err := w.dialed(w.private)
	if err != nil {
		return nil, err
	}
	resp, err := cl.DoAdmin(w.ctx, http.MethodGet, "/v1/status-lists", "", "", nil)
	if err != nil {
		return nil, w.askAdmin(err)
	}
	if resp.Status != http.StatusOK {
		return nil, w.askAdmin(problem(resp))
	}
	report, err := decode[client.StatusReport](resp.Body)
	h := nodeHolding{}
	for _, l := range report.StatusLists {
		if l.URI == w.c.List && !l.Issued.IsZero() {
			h.Held, h.Sequence = true, uint64(max(0, l.Issued.Unix()))
		}
	}
	for _, l := range report.CRLs {
		if l.URL == w.c.List && l.Number != "" {
			h.Held, h.Sequence = true, crlNumber(l.Number)
		}
	}
	return []nodeHolding{h}, err
}

// crlNumber reads a number of up to 20 octets; beyond 64 bits all are the same.
func crlNumber(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxUint64
	}
	return n
}

// askCluster asks a node what it and the others hold.
func (w *waiter) askCluster() ([]nodeHolding, error) {
	cl, err := w.dialed(w.private)
	if err != nil {
		return nil, err
	}
	_, report, err := w.members(cl, client.Holdings{Name: w.c.List})
	all := []nodeHolding{}
	for _, n := range present(report) {
		v, held := n.held[w.c.List]
		all = append(all, nodeHolding{n.name, held, v.sequence, v.soaking, n.why})
	}
	return all, err
}

// print prints what came of it, and on stderr who lacks the version.
func (f waited) print(r *run) error {
	if r.json {
		return printJSON(r.out, f)
	}
	if f.Reached {
		p := &page{}
		p.line("%s: sequence %d or a newer one is held by %s", f.List, f.Version, counted(len(f.Nodes), "node"))
		return p.print(r.out)
	}
	soaking := ""
	for _, n := range f.Nodes {
		if n.Soaking && n.has(f.Version) {
			soaking = n.Name
		}
		name := or(n.Name, "the node")
		switch {
		case n.has(f.Version):
		case n.Why != "":
			r.say("error", "%s does not say whether it holds %s: %s", name, f.List, n.Why)
		case n.Held:
			r.say("error", "%s holds sequence %d of %s, not %d", name, n.Sequence, f.List, f.Version)
		default:
			r.say("error", "%s holds nothing of %s", name, f.List)
		}
	}
	if soaking != "" {
		r.hint("%s soaks the version: the others hear of it once trust.soak is over; edgectl refresh URL at %s ends it", soaking, soaking)
	}
	r.hint("--timeout D waits longer than %s; edgectl lists and edgectl status --lists show which lists there are, and what ails them", r.Timeout)
	return nil
}

// isFinal says that asking again cannot help: the command line is wrong, or the node
// refuses to tell. A node that starts answers later.
func isFinal(err error) bool {
	var usage *usageError
	var problem *client.Problem
	switch {
	case errors.As(err, &usage), isUntrusted(err), errors.Is(err, http.ErrSchemeMismatch):
		return true
	case errors.As(err, &problem):
		return problem.Status < 500 && problem.Status != http.StatusTooManyRequests
	}
	return false
}

// sleep waits; false: ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
