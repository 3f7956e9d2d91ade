// Command edgenode is the node: it keeps trust lists and status lists in memory
// and answers whether a presentation is good, over HTTP/3, HTTP/2 and HTTP/1.1.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

const about = `A node that verifies EU wallet presentations near their users.

  edgenode dev                          a whole ecosystem on this machine, to try it out
  edgenode check-config --config F      says what is wrong with a configuration
  edgenode run --config F               the node

Flags are also read from the environment: EDGETRUST_CONFIG for --config.
Exit codes: 0 done, 1 refused or failed, 2 wrong use.`

type cli struct {
	Run         runCommand     `cmd:"" help:"Run a node."`
	Dev         devCommand     `cmd:"" help:"Run a demonstration: issuers, lists, a wallet and a cluster of three nodes on loopback."`
	CheckConfig checkCommand   `cmd:"" help:"Check a configuration file and exit."`
	Version     versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	ctx := untilSignalled(context.Background())
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs a command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	exited := -1
	parser, err := newParser(ctx, &streams{stdout, stderr}, func(code int) { exited = code })
	if err != nil {
		fmt.Fprintln(stderr, "edgenode: error:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(stderr, "edgenode: error:", err)
		fmt.Fprintln(stderr, "edgenode: hint: edgenode --help shows the commands")
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		report(stderr, err)
		if errors.Is(err, syscall.EADDRINUSE) {
			fmt.Fprintln(stderr, "edgenode: hint: another process has this port, perhaps another node; stop it, or change the address (port 0 takes a free one)")
		}
		return exitFailed
	}
	return exitDone
}

func newParser(ctx context.Context, s *streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(&cli{},
		kong.Name("edgenode"), kong.Description(about), kong.DefaultEnvars("EDGETRUST"),
		kong.Writers(s.out, s.err), kong.Exit(exit), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s),
	)
}

// streams are where a command writes: results to out, everything else to err.
type streams struct{ out, err io.Writer }

// report prints an error, one line for each of several joined.
func report(w io.Writer, err error) {
	if errors.Is(err, errSilent) {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			report(w, e)
		}
		return
	}
	fmt.Fprintln(w, "edgenode: error:", err)
}

// errSilent says that what went wrong was printed already.
var errSilent = errors.New("failed")
