package origin

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// reminder is how often an outage that goes on is told of: an origin that is gone
// for days must not fill the log that it is to be found in.
const reminder = time.Hour

// outage is a target whose looks fail at the moment. The zero value is none.
type outage struct {
	since time.Time // the first of the failures
	told  time.Time // when a warning last said so
}

// notice is a line of the log that is yet to be written. The zero value is none.
type notice struct {
	level slog.Level
	text  string
	attrs []any
}

func (n notice) log(log *slog.Logger) {
	if n.text != "" {
		log.Log(context.Background(), n.level, n.text, n.attrs...)
	}
}

// hear is what there is to tell of a look at a target. The caller holds mu.
func (f *Follower) hear(g *following, err error, retry time.Duration) notice {
	name := nameOf(g.target.ID)
	if c := f.crowdOf(g); c != nil {
		return c.hear(&g.gone, name, err, retry)
	}
	return g.gone.hear(name, err, retry)
}

// hear tells what a look says of its origin: that it cannot be had, once and then
// every so often, and that it can be had again. A refusal was logged where it was
// made.
func (o *outage) hear(list string, err error, retry time.Duration) notice {
	var fetch *FetchError
	now := time.Now()
	switch {
	case errors.As(err, &fetch):
		level := slog.LevelDebug
		if o.since.IsZero() {
			o.since = now
		}
		if now.Sub(o.told) >= reminder {
			level, o.told = slog.LevelWarn, now
		}
		return notFetched(level, list, fetch, o.since, retry)
	case !o.since.IsZero():
		since := o.since
		*o = outage{}
		return fetchedAgain(list, now.Sub(since))
	}
	return notice{}
}

func notFetched(level slog.Level, list string, err *FetchError, since time.Time, retry time.Duration, more ...any) notice {
	return notice{level, "list not fetched", append([]any{"list", list, "err", err.Err,
		"since", since.UTC(), "retry_seconds", retry.Seconds()}, more...)}
}

func fetchedAgain(list string, after time.Duration) notice {
	return notice{slog.LevelInfo, "list fetched again", []any{"list", list, "after_seconds", after.Seconds()}}
}
