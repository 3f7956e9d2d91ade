package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/config"
)

// nodeProcess names, in the environment, the configuration of the node that this
// program is then: tests that kill a node need one in a process of its own.
const nodeProcess = "EDGETRUST_TEST_NODE"

// otherVersion names, in the environment, the test binary of another version of this
// package (go test -c): every fleet's second node is then of that version.
const otherVersion = "EDGETRUST_TEST_OTHER_VERSION"

func TestMain(m *testing.M) {
	if path := os.Getenv(nodeProcess); path != "" {
		if err := runProcess(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runProcess is edgenode run for anchors of a test ecosystem.
func runProcess(path string) error {
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, Options{Config: c, Version: "0.0.0-test", Logger: slog.New(slog.NewJSONHandler(os.Stderr, nil)), UnsafeDev: true})
}

// process is a node in a process of its own.
type process struct {
	cmd     *exec.Cmd
	client  *client.Client
	started time.Time
	log     *syncBuffer

	gossip, transfer, public string // addresses; "" if it has none
}

// startProcess starts a node from a folder's edgenode.yaml and returns when it
// listens. wrap is a command that runs it.
func startProcess(t testing.TB, dir string, wrap ...string) *process {
	t.Helper()
	self := append(wrap, os.Args[0])
	if other := os.Getenv(otherVersion); other != "" && strings.HasSuffix(dir, "-1") {
		self[len(self)-1] = other
	}
	p := &process{cmd: exec.Command(self[0], self[1:]...), started: time.Now(), log: &syncBuffer{}}
	p.cmd.Env = append(os.Environ(), nodeProcess+"="+filepath.Join(dir, "edgenode.yaml"))
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	lines := bufio.NewReader(io.TeeReader(out, p.log))
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the node ended: %v\n%s", err, p.log)
		}
		var l struct{ Msg, Public, Admin, Gossip, Transfer string }
		if json.Unmarshal(line, &l) == nil && l.Msg == "in the cluster" {
			p.gossip, p.transfer = l.Gossip, l.Transfer
		}
		if json.Unmarshal(line, &l) == nil && l.Msg == "listening" {
			p.public = l.Public
			p.client, err = client.New(client.Options{
				URL: "https://" + l.Public, AdminURL: "http://" + l.Admin, AdminToken: labToken, Protocol: client.HTTP2, UnsafeInsecure: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return p
		}
	}
}

// kill ends the process as a crash does; it may be called twice.
func (p *process) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	if p.client != nil {
		_ = p.client.Close()
	}
}

// sequences are the versions that the node serves, by list.
func (p *process) sequences(t testing.TB) map[string]uint64 {
	t.Helper()
	lists, err := p.client.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]uint64)
	for _, l := range lists {
		out[l.Name] = l.Sequence
	}
	return out
}

// publish hands a list to the node; refused says that it answered and would not
// have it, which is not what a crash looks like.
func (p *process) publish(ctx context.Context, b []byte) (refused bool, err error) {
	_, err = p.client.Publish(ctx, b)
	var problem *client.Problem
	return errors.As(err, &problem), err
}
