package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// untilSignalled returns a context that ends with the first SIGINT or SIGTERM. The
// second ends the process at once: no signal is caught any more by the time the
// context ends, so that none is lost to a drain that has begun.
func untilSignalled(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel()
	}()
	return ctx
}

// heedHangups keeps SIGHUP from ending the node, until stop is called. To many
// daemons it means reload, and scripts send it: a node that died of it would drop
// what is in flight. What can change without a restart is read again by itself.
func heedHangups(log *slog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			log.Info("SIGHUP: certificates, tokens and local anchors are read again by themselves; a change of the configuration needs a restart")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}
