package origin

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// An outage is warned of at its first failure and then once an hour; each failure
// between is there for whoever asks for details; and its end is told, once.
func TestOutageIsTold(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.origin.Change("/pid", func(d *cachetest.Document) { d.Fault = cachetest.Refuse })
		const back = 150 * time.Minute
		time.AfterFunc(back, func() {
			l.origin.Change("/pid", func(d *cachetest.Document) { d.Fault = cachetest.None })
		})
		l.follow(back + 2*refresh)
		warned, details := l.logged("level=WARN", "list not fetched", "list=pid"), l.logged("level=DEBUG", "list not fetched", "list=pid")
		if warned != 3 || details < 20 {
			t.Errorf("%d warnings, %d details", warned, details)
		}
		if n := l.logged("list not fetched", "list=pid", "since="+l.start.UTC().Format("2006-01-02T15:04:05"), "retry_seconds="); n != warned+details {
			t.Errorf("%d of %d failures say since when, and when the next look is", n, warned+details)
		}
		if n := l.logged("level=INFO", "list fetched again", "list=pid", "after_seconds=9"); n != 1 { // 9000 and some
			t.Errorf("its end was told %d times", n)
		}
		if n := l.logged("list=status", "list fetched again"); n != 0 {
			t.Error("the end of an outage that was none")
		}
	})
}

// logged counts the lines of the log that hold all of the words.
func (l *lab) logged(words ...string) int { return linesWith(l.log.String(), words) }

func linesWith(log string, words []string) (n int) {
lines:
	for line := range strings.Lines(log) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue lines
			}
		}
		n++
	}
	return n
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lines counts those that hold all of the words.
func (b *lockedBuffer) lines(words ...string) int { return linesWith(b.String(), words) }
