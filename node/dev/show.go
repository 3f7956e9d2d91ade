package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// revoked is the sample whose credential the demonstration revokes.
const revoked = "sdjwt-pid-de"

// shown are the samples of the demonstration: all there are.
func shown() []verifytest.Sample {
	return append(verifytest.Samples(), verifytest.ListedSamples()...)
}

// makeSamples makes one presentation of each sample and writes the requests.
func (d *demo) makeSamples() error {
	for _, s := range shown() {
		made, err := d.world.Make(s.Name, verifytest.Context{StatusBase: d.origin.url}, time.Now())
		if err != nil {
			return err
		}
		b, err := json.MarshalIndent(made.Body(), "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.request(s.Name), append(b, '\n'), 0o600); err != nil {
			return err
		}
		d.made = append(d.made, made)
	}
	return nil
}

func (d *demo) request(sample string) string { return filepath.Join(d.o.Dir, sample+".json") }

// show verifies every sample over HTTP/3, prints the table, then revokes one.
func (d *demo) show(ctx context.Context) error {
	for i, n := range d.nodes {
		fmt.Fprintf(d.o.Out, "%s  https://%s (HTTP/3, HTTP/2, HTTP/1.1), admin http://%s, gossip %s\n", nodeName(i), n.Addr(), n.AdminAddr(), n.GossipAddr())
	}
	fmt.Fprintf(d.o.Out, "origin  %s\n", d.origin.url)
	fmt.Fprintf(d.o.Out, "files   %s (a request per sample, the configuration, its keys)\n\n", d.o.Dir)
	if _, err := d.client[0].Info(ctx); err != nil { // the handshake is not the sample's
		return fmt.Errorf("failed to ask the node: %w", err)
	}
	table := tabwriter.NewWriter(d.o.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SAMPLE\tVERDICT\tREASONS\tLATENCY\t")
	wrong := 0
	for _, m := range d.made {
		answer, took, err := d.ask(ctx, 0, m.Sample.Name)
		if err != nil {
			return err
		}
		mark := ""
		if answer.Verdict != string(m.Sample.Verdict) || !slices.Equal(codes(answer), expected(m.Sample)) {
			mark = fmt.Sprintf("UNEXPECTED, should be %s %s", m.Sample.Verdict, strings.Join(expected(m.Sample), ","))
			wrong++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f ms\t%s\n", m.Sample.Name, answer.Verdict, strings.Join(codes(answer), ","), ms(took), mark)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%w: %d of %d", ErrUnexpected, wrong, len(d.made))
	}
	return d.showRevocation(ctx)
}

// showRevocation revokes a good credential at its issuer, has the first node look, and
// shows when each of them refuses it.
func (d *demo) showRevocation(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for i := range d.client { // a connection to each, and the same answer before
		if answer, _, err := d.ask(ctx, i, revoked); err != nil {
			return err
		} else if answer.Verdict != "valid" {
			return fmt.Errorf("%w: %s at %s: %s", ErrUnexpected, revoked, nodeName(i), answer.Verdict)
		}
	}
	begin := time.Now()
	uri, ok := d.world.Revoke(revoked)
	if !ok {
		return fmt.Errorf("%w: %s has no status to revoke", ErrUnexpected, revoked)
	}
	took := make([]time.Duration, len(d.client))
	failed := make([]error, len(d.client)+1)
	var watching sync.WaitGroup
	for i := range d.client {
		watching.Go(func() { took[i], failed[i] = d.untilRefused(ctx, i, begin) })
	}
	if failed[len(d.client)] = d.refresh(ctx, uri); failed[len(d.client)] != nil {
		cancel()
	}
	watching.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	fmt.Fprintf(d.o.Out, "\n%s revoked at its issuer, list refreshed at %s: invalid status_revoked\n", revoked, nodeName(0))
	for i, t := range took {
		fmt.Fprintf(d.o.Out, "%s refuses it after %.1f ms\n", nodeName(i), ms(t))
	}
	fmt.Fprintf(d.o.Out, "every node refuses it after %.1f ms\n", ms(slices.Max(took)))
	return nil
}

// untilRefused asks a node until it refuses the credential that is revoked, and returns
// how long after begin it did.
func (d *demo) untilRefused(ctx context.Context, i int, begin time.Time) (time.Duration, error) {
	for {
		answer, _, err := d.ask(ctx, i, revoked)
		switch {
		case err != nil:
			return 0, err
		case answer.Verdict == "invalid" && slices.Equal(codes(answer), []string{"status_revoked"}):
			return time.Since(begin), nil
		case answer.Verdict != "valid":
			return 0, fmt.Errorf("%w: the revoked credential at %s: %s %v", ErrUnexpected, nodeName(i), answer.Verdict, codes(answer))
		}
		time.Sleep(time.Millisecond) // they share their cores with the nodes
	}
}

// refresh makes the first node look at a list now.
func (d *demo) refresh(ctx context.Context, url string) error {
	_, err := d.client[0].Refresh(ctx, url)
	return err
}

// ask posts a sample's request to a node over HTTP/3.
func (d *demo) ask(ctx context.Context, i int, sample string) (*client.Answer, time.Duration, error) {
	body, err := os.ReadFile(d.request(sample))
	if err != nil {
		return nil, 0, err
	}
	begin := time.Now()
	answer, err := d.client[i].Verify(ctx, body)
	if err != nil {
		return nil, 0, fmt.Errorf("failed to verify %s: %w", sample, err)
	}
	return answer, time.Since(begin), nil
}

func codes(a *client.Answer) []string {
	list := []string{}
	for _, r := range a.Reasons {
		list = append(list, r.Code)
	}
	for _, c := range a.Credentials {
		for _, r := range c.Reasons {
			list = append(list, r.Code)
		}
	}
	return list
}

func expected(s verifytest.Sample) []string {
	list := make([]string, len(s.Codes))
	for i, c := range s.Codes {
		list[i] = string(c)
	}
	return list
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// hints prints lines that work as they stand.
func (d *demo) hints() {
	p := func(format string, args ...any) { fmt.Fprintf(d.o.Out, format+"\n", args...) }
	node := "https://" + d.nodes[0].Addr()
	admin := "http://" + d.nodes[0].AdminAddr()
	p("\nTry, in another terminal:")
	p("  go run ./cmd/edgectl --node %s --insecure verify %s", node, d.request("mdl"))
	p("  go run ./cmd/edgectl --node %s --insecure lists", node)
	p("  go run ./cmd/edgectl --admin %s members", admin)
	p("  go run ./cmd/edgectl --admin %s lists --all-nodes", admin)
	p("  go run ./cmd/edgectl --admin %s wait --list pid-list --version 1 --all-nodes", admin)
	p("  go run ./cmd/edgectl --admin %s --admin-token-file %s refresh %s/lists/pid", admin, filepath.Join(d.o.Dir, "admin.token"), d.origin.url)
	p("  go run ./cmd/edgectl explain %s", d.request("unknown-issuer"))
	p("  curl -sk %s/v1/verify -H 'Content-Type: application/json' --data @%s", node, d.request("sdjwt-pid-fr"))
	p("A fresh presentation for your own nonce and client_id, and what becomes of it:")
	p("  curl -s %s/dev/present -H 'Content-Type: application/json' -d '{\"sample\": \"sdjwt-pid-de\", \"nonce\": \"n-1\", \"client_id\": \"x509_san_dns:shop.example\"}' |", d.origin.url)
	p("    curl -sk %s/v1/verify -H 'Content-Type: application/json' --data @-", node)
	p("Every sample's name: curl -s %s/dev/samples. Ctrl-C ends the demonstration.", d.origin.url)
}
