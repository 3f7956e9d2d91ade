// Command edgectl asks a node: it verifies a presentation, shows the lists a node
// keeps, how it is and who else is in its cluster, has it look at a list now, and
// explains offline what a presentation would need to be trusted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

const about = `Asks a node, and explains what it answers.

  edgectl verify request.json                           is this presentation good?
  edgectl --node https://edge-1:8443 --ca ca.pem lists  the trust lists of a node
  edgectl --token-file token status                     is the node ready, and what ails it?
  edgectl inspect --signers oj.pem eu-lotl.xml          offline: what is this list, and is it good?
  edgectl explain --config edgenode.yaml request.json   offline: what would it take to trust this?
  edgectl --admin-token-file admin.token refresh https://lists.example.eu/pid.json
  edgectl --admin-token-file admin.token status --lists            what it keeps to know what is revoked
  edgectl members                                                  who is in the cluster
  edgectl lists --all-nodes                                        who holds which version, and who is behind
  edgectl wait --list pid --version 12 --all-nodes --timeout 1m    until the last node has it
  edgectl --admin-token-file admin.token lists accept eu-lotl:DE   a change held back is right
  edgectl --admin-token-file admin.token publish lists/            feed a node that reaches no origin

FILE is the body of a POST /v1/verify; - is the standard input. Results are printed
on stdout, everything else on stderr. Flags are also read from the environment:
EDGETRUST_NODE for --node, EDGETRUST_TOKEN_FILE for --token-file, and so on.
Exit codes: 0 done or valid, 1 refused, failed or not valid, 2 wrong use.`

type cli struct {
	connection

	JSON bool `name:"json" help:"Print results as JSON."`

	Verify  verifyCommand  `cmd:"" help:"Verify a presentation; exit 0 if it is valid, 1 if not."`
	Lists   listsCommand   `cmd:"" help:"Show the trust lists of a node, or decide what waits for an operator (accept, reset)."`
	Status  statusCommand  `cmd:"" help:"Show whether a node is ready; exit 0 if it is, 1 if not."`
	Members membersCommand `cmd:"" help:"Show the nodes of a cluster, as one of them sees them."`
	Wait    waitCommand    `cmd:"" help:"Wait until a node, or all of a cluster, hold a version of a list; exit 0 if they do, 1 if not within --timeout."`
	Refresh refreshCommand `cmd:"" help:"Have a node look at the origin of a list now."`
	Publish publishCommand `cmd:"" help:"Hand a node a list, or a folder of lists; exit 0 if it takes all, 1 if not."`
	Inspect inspectCommand `cmd:"" help:"Explain a list file offline; exit 0 if a node would admit it, 1 if not."`
	Explain explainCommand `cmd:"" help:"Explain offline what a presentation needs to be trusted."`
}

// connection is how a node is reached.
type connection struct {
	Node           string        `placeholder:"URL" help:"Public listener of the node (default: https://localhost:8443)."`
	Admin          string        `placeholder:"URL" help:"Private listener of the node (default: http://localhost:9443, unless --node is given)."`
	TokenFile      string        `placeholder:"F" help:"File with the bearer token for --node."`
	AdminTokenFile string        `placeholder:"F" help:"File with the bearer token for --admin."`
	CA             string        `name:"ca" placeholder:"F" xor:"trust" help:"PEM file of the certificates that vouch for the node."`
	Insecure       bool          `xor:"trust" help:"Accept any certificate of the node (labs)."`
	Protocol       string        `enum:"h3,h2,h1" default:"h3" help:"h3, h2 or h1; h3 falls back to h2 if nothing answers over UDP."`
	Timeout        time.Duration `default:"30s" help:"Longest time for one request; of wait, for all of it."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], &streams{os.Stdin, os.Stdout, os.Stderr}))
}

// streams are where a command reads and writes: results to out, everything else to
// err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func (s *streams) warn(format string, args ...any) { s.say("warning", format, args...) }
func (s *streams) hint(format string, args ...any) { s.say("hint", format, args...) }

func (s *streams) say(level, format string, args ...any) {
	fmt.Fprintf(s.err, "edgectl: %s: %s\n", level, printable(fmt.Sprintf(format, args...)))
}

// run is what every command is given.
type run struct {
	*streams
	*connection
	ctx  context.Context
	json bool
}

// execute runs a command line and returns its exit code.
func execute(ctx context.Context, args []string, s *streams) int {
	exited := -1
	c := &cli{}
	parser, err := newParser(c, s, func(code int) { exited = code })
	if err != nil {
		s.say("error", "%v", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err == nil && c.Timeout <= 0 {
		err = errors.New("--timeout: a time above zero is needed (10s)")
	}
	if err != nil {
		s.say("error", "%v", err)
		s.hint("edgectl --help shows the commands")
		return exitUsage
	}
	return s.finish(parsed.Run(&run{streams: s, connection: &c.connection, ctx: ctx, json: c.JSON}))
}

func newParser(c *cli, s *streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("edgectl"), kong.Description(about), kong.DefaultEnvars("EDGETRUST"), kong.Vars{"quirks": strings.Join(lote.QuirkNames(), ",")},
		kong.Writers(s.out, s.err), kong.Exit(exit), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}
