package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

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
