package origin

import (
	"errors"
	"log/slog"
	"time"
)

// crowd is the targets of one kind, of which there may be thousands. What is told of
// their outages is told of all together, and names none of them: a warning at the
// first failure, one an hour with how many there are, and the end if one was told of
// the beginning. That is two lines an hour at most. The zero value is ready.
type crowd struct {
	down   int       // how many cannot be had
	failed int       // looks since the last warning
	since  time.Time // when there was none last
	told   time.Time // when a warning last said so
	open   bool      // a warning has no end yet
}

// crowdOf is the crowd that a target is one of; nil: it speaks for itself. The caller
// holds mu.
func (f *Follower) crowdOf(g *following) *crowd {
	if stageOf(g.target.ID.Kind) < statusLists {
		return nil
	}
	kind := nameOf(g.target.ID)
	if f.crowds[kind] == nil {
		f.crowds[kind] = new(crowd)
	}
	return f.crowds[kind]
}

// hear is what there is to tell of a look at one of the crowd. A failure that needs
// no warning is there for whoever asks for details.
func (c *crowd) hear(o *outage, kind string, err error, retry time.Duration) notice {
	var fetch *FetchError
	now := time.Now()
	switch {
	case errors.As(err, &fetch):
		if c.down == 0 {
			c.since = now
		}
		if o.since.IsZero() {
			o.since = now
			c.down++
		}
		c.failed++
		if now.Sub(c.told) < reminder {
			return notFetched(slog.LevelDebug, kind, fetch, o.since, retry)
		}
		told := notFetched(slog.LevelWarn, kind, fetch, c.since, retry, "lists", c.down, "failed_looks", c.failed)
		c.told, c.open, c.failed = now, true, 0
		return told
	case !o.since.IsZero():
		if c.without(o); c.down == 0 && c.open {
			c.open = false
			return fetchedAgain(kind, now.Sub(c.since))
		}
	}
	return notice{}
}

// without takes one out of the count of those that cannot be had.
func (c *crowd) without(o *outage) {
	if !o.since.IsZero() {
		*o = outage{}
		c.down--
	}
}
