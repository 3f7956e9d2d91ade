package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/edgetrust/edgetrust/node"
	"github.com/edgetrust/edgetrust/node/config"
)

// drainDelay is how long a node goes on serving after readiness fell.
const drainDelay = 2 * time.Second

type runCommand struct {
	Config string `required:"" placeholder:"F" help:"Configuration file."`
}

// Run runs a node until a signal comes.
func (c *runCommand) Run(ctx context.Context, s *streams) error {
	cfg, err := load(c.Config)
	if err != nil {
		return err
	}
	log := logger(cfg.Log, s.err)
	warn(cfg, log)
	if err := cfg.CheckDataDir(); err != nil {
		log.Error("lists will not survive a restart", "err", err)
	}
	defer heedHangups(log)()
	return node.Run(ctx, node.Options{Config: cfg, Version: version(), Logger: log, DrainDelay: drainDelay})
}

type checkCommand struct {
	Config string `required:"" placeholder:"F" help:"Configuration file."`
}

// Run checks a configuration and every file it names, as run would, and that data_dir
// can be written to, which run does not insist on.
func (c *checkCommand) Run(s *streams) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	if err := errors.Join(cfg.CheckFiles(), cfg.CheckDataDir()); err != nil {
		return err
	}
	n, err := node.New(node.Options{Config: cfg, Version: version()})
	if err != nil {
		return err
	}
	defer n.Close()
	for _, w := range node.Warnings(cfg) {
		fmt.Fprintln(s.err, "edgenode: warning:", w)
	}
	fmt.Fprintf(s.out, "%s is good: %s, %s, %s\n", c.Config,
		counted(len(cfg.Trust.Sources), "trust list", "trust lists"), counted(len(cfg.Status.Prefetch), "status list", "status lists"), counted(len(cfg.Policies), "policy", "policies"))
	return nil
}

// counted is a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print as JSON, with the build's settings."`
}

// Run prints the version.
func (c *versionCommand) Run(s *streams) error {
	if !c.JSON {
		fmt.Fprintln(s.out, "edgenode", version())
		return nil
	}
	return writeJSON(s.out, buildInfo())
}

func load(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return cfg, cfg.CheckFiles()
}

// warn says loudly at start what weakens this node.
func warn(cfg *config.Config, log *slog.Logger) {
	for _, w := range node.Warnings(cfg) {
		log.Warn(w)
	}
}

// logger writes to stderr: text for a person at a terminal, JSON for a collector.
func logger(c config.Log, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "text" || c.Format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// release is the version of a tagged build; set by the linker.
var release string

// version names this build: the release, else the commit.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+changes"
		}
	}
	if revision == "" {
		return "devel"
	}
	return "devel-" + revision + modified
}
