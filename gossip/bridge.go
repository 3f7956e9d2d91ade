package gossip

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// bridge hands on what memberlist logs: lines that begin with their level. Somebody who
// sends garbage to the port causes many, so that their number has a bound.
type bridge struct {
	slog.Handler
	limit *rate.Limiter
}

func newBridge(h slog.Handler) *bridge {
	return &bridge{h, rate.NewLimiter(rate.Every(time.Second), 20)}
}

var bridgeLevels = []struct {
	prefix string
	level  slog.Level
}{
	{"[DEBUG] ", slog.LevelDebug},
	{"[INFO] ", slog.LevelInfo},
	{"[WARN] ", slog.LevelDebug}, // packets that got lost and peers that are slow: not for the operator to act on
	{"[ERR] ", slog.LevelWarn},
}

func (b *bridge) Enabled(context.Context, slog.Level) bool { return true }

func (b *bridge) Handle(ctx context.Context, r slog.Record) error {
	text := strings.TrimSpace(r.Message)
	level := slog.LevelInfo
	for _, l := range bridgeLevels {
		if rest, ok := strings.CutPrefix(text, l.prefix); ok {
			text, level = rest, l.level
		}
	}
	if strings.Contains(text, "no installed keys could decrypt the message") {
		text += "; gossip.key_file differs there"
	}
	if !b.Handler.Enabled(ctx, level) || !b.limit.Allow() {
		return nil
	}
	return b.Handler.Handle(ctx, slog.NewRecord(r.Time, level, text, 0))
}
