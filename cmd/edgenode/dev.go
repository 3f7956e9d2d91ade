package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/edgetrust/edgetrust/node/dev"
)

type devCommand struct {
	Once   bool   `help:"End after the demonstration; exit 0 only if every sample came out as it should."`
	Dir    string `placeholder:"DIR" help:"Folder for the sample requests (default: a temporary one)."`
	Listen string `default:"127.0.0.1:8443" help:"The node's public address; another port if it is taken."`
	Admin  string `default:"127.0.0.1:9443" help:"The node's private address; another port if it is taken."`
	Origin string `default:"127.0.0.1:8080" help:"The origin's address; another port if it is taken."`
	Log    bool   `help:"Show the node's log on stderr."`
}

// Run runs the demonstration.
func (c *devCommand) Run(ctx context.Context, s *streams) error {
	o := dev.Options{Dir: c.Dir, Once: c.Once, Version: version(), Out: s.out, Logger: slog.New(slog.DiscardHandler)}
	if c.Log {
		o.Logger = slog.New(slog.NewTextHandler(s.err, nil))
	}
	if !c.Once {
		o.Listen, o.Admin, o.Origin = free(c.Listen), free(c.Admin), free(c.Origin)
	}
	err := dev.Run(ctx, o)
	if errors.Is(err, dev.ErrUnexpected) {
		fmt.Fprintln(s.err, "edgenode: error:", err)
		return errSilent
	}
	return err
}

// free returns the address if nothing listens there, else one with a free port: a
// demonstration should start beside whatever else runs.
func free(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			return net.JoinHostPort(host, "0")
		}
		return addr
	}
	_ = l.Close()
	return addr
}
