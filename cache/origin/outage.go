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

// tell logs what a look says of its origin: that it cannot be had, once and then
// every so often, and that it can be had again. A refusal was logged where it was
// made.
func (o *outage) tell(log *slog.Logger, list string, err error, retry time.Duration) {
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
		log.Log(context.Background(), level, "list not fetched", "list", list, "err", fetch.Err,
			"since", o.since.UTC(), "retry_seconds", retry.Seconds())
	case !o.since.IsZero():
		log.Info("list fetched again", "list", list, "after_seconds", now.Sub(o.since).Seconds())
		*o = outage{}
	}
}
