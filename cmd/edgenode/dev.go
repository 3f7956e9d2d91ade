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
	Listen string `placeholder:"127.0.0.1:8443" help:"The first node's public address; another port if it is taken. With --once: a free port."`
	Admin  string `placeholder:"127.0.0.1:9443" help:"Its private address, likewise."`
	Origin string `placeholder:"127.0.0.1:8080" help:"The origin's address, likewise."`
	Log    bool   `help:"Show the node's log on stderr."`
}

// Validate is called by the parser: an address that cannot be one is wrong use.
func (c *devCommand) Validate() error {
	for _, f := range []struct{ flag, addr string }{{"--listen", c.Listen}, {"--admin", c.Admin}, {"--origin", c.Origin}} {
		if f.addr == "" {
			continue
		}
		if _, err := net.ResolveTCPAddr("tcp", f.addr); err != nil {
			return fmt.Errorf("%s: an address with a port is needed (127.0.0.1:8443; port 0 takes a free one): %v", f.flag, err)
		}
	}
	return nil
}

// Run runs the demonstration.
func (c *devCommand) Run(ctx context.Context, s *streams) error {
	o := dev.Options{Dir: c.Dir, Once: c.Once, Version: version(), Out: s.out, Logger: slog.New(slog.DiscardHandler)}
	if c.Log {
		o.Logger = slog.New(slog.NewTextHandler(s.err, nil))
	}
	for _, a := range []struct {
		addr       *string
		given, use string
	}{{&o.Listen, c.Listen, "127.0.0.1:8443"}, {&o.Admin, c.Admin, "127.0.0.1:9443"}, {&o.Origin, c.Origin, "127.0.0.1:8080"}} {
		switch {
		case a.given != "":
			*a.addr = free(a.given)
		case !c.Once: // what ends by itself needs no address that one can remember
			*a.addr = free(a.use)
		}
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
