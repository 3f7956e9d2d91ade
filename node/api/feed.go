package api

import (
	"sync"
	"time"
)

// EventType says what happened. Types are only ever added.
type EventType string

// The types of events.
const (
	ListChanged    EventType = "list_changed"    // another version is in force
	ListRefused    EventType = "list_refused"    // a version was refused; the code says why
	ListStale      EventType = "list_stale"      // nobody has looked at its origin for too long
	ListExpired    EventType = "list_expired"    // its anchors no longer count
	ListAccepted   EventType = "list_accepted"   // an operator confirmed a sudden removal
	ListReset      EventType = "list_reset"      // an operator let a list begin again
	AnchorAdded    EventType = "anchor_added"    // a list names an anchor that it did not name before
	AnchorRemoved  EventType = "anchor_removed"  // a list no longer names an anchor, or withdrew it
	StatusChanged  EventType = "status_changed"  // another status token is in force
	StatusFlood    EventType = "status_flood"    // another status token changes a large part of its entries; it is in force
	StatusTiny     EventType = "status_tiny"     // an issuer's status lists are so small that they could point at a person
	StatusTracking EventType = "status_tracking" // an issuer names many status lists that are hardly used
	StatusFull     EventType = "status_full"     // a status list was kept out by a limit, or did not fit into memory
	StatusEvicted  EventType = "status_evicted"  // a status list that was not used lately made room
	Equivocation   EventType = "equivocation"    // two contents under one sequence number
	DiskFailed     EventType = "disk_failed"     // changes are in memory only
	DiskRestored   EventType = "disk_restored"   // what is in force is on disk again
	ClockUntrusted EventType = "clock_untrusted" // the clock cannot be right
	Missed         EventType = "missed"          // of a stream alone: events before this one were forgotten
)

// Event is one thing that happened to what the node rests on. It says nothing of
// a presentation, and names a status list by its digest, never by its URI.
type Event struct {
	At       time.Time `json:"at"`
	Type     EventType `json:"type"`
	List     string    `json:"list,omitempty"`
	Sequence uint64    `json:"sequence,omitempty"`
	SHA256   string    `json:"sha256,omitempty"` // of the bytes the event is about, hex
	Door     string    `json:"door,omitempty"`
	Code     string    `json:"code,omitempty"`
	Detail   string    `json:"detail,omitempty"`

	// CertificateSHA256, Kind and Territory describe the anchor of an event about
	// one.
	CertificateSHA256 string `json:"certificate_sha256,omitempty"`
	Kind              string `json:"kind,omitempty"`
	Territory         string `json:"territory,omitempty"`

	number uint64
}

// Bounds of a Feed.
const (
	keepEvents = 4096 // remembered, so that a reader can come back
	readEvents = 64   // handed out at once
)

// Feed remembers the latest events, and any number of readers follow it. Adding
// never waits: all readers share one bounded memory, and one that falls behind it
// is told that he missed something.
type Feed struct {
	mu     sync.Mutex // guards what follows
	events []Event    // the latest last
	next   uint64     // number of the next event
	more   chan struct{}
	closed bool
}

// NewFeed returns a Feed without events. Their numbers begin with the microsecond
// of start, so that they rise across restarts and a reader that comes back with
// one of an earlier process is not told that he missed nothing.
func NewFeed(start time.Time) *Feed {
	return &Feed{next: uint64(max(1, start.UnixMicro())), more: make(chan struct{})}
}

// Add gives the event its number and hands it to whoever follows. After Close it
// does nothing.
func (f *Feed) Add(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	e.number = f.next
	f.next++
	f.events = append(f.events, e)
	if len(f.events) > keepEvents {
		f.events = f.events[1:]
	}
	close(f.more)
	f.more = make(chan struct{})
}

// Close ends every stream and lets no other begin, so that a server that drains
// does not wait for readers that would stay for ever.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.more)
	}
}

func (f *Feed) ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// latest is the number of the latest event, or that before the first.
func (f *Feed) latest() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next - 1
}

// read returns events after a number, oldest first; 0 means all that are
// remembered. A number that is not, or never was, gets a Missed event first. When
// there are none, more is closed as soon as there may be. ok is false once the
// feed is closed.
func (f *Feed) read(after uint64) (events []Event, more <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, nil, false
	}
	before := f.next - uint64(len(f.events)) - 1 // the number before the oldest
	if after < before || after >= f.next {
		if after != 0 {
			events = append(events, Event{
				At: time.Now(), Type: Missed, number: before,
				Detail: "events before this one were forgotten; ask /v1/lists for what is in force",
			})
		}
		after = before
	}
	rest := f.events[after-before:]
	return append(events, rest[:min(len(rest), readEvents)]...), f.more, true
}
