package cache

import (
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// The types of events.
const (
	ListChanged    = "list_changed"  // a new version is in force
	ListRefused    = "list_refused"  // a version was refused, or what is held went into quarantine
	ListStale      = "list_stale"    // nobody has looked at its origin for too long, or its successor is late
	ListExpired    = "list_expired"  // its anchors have stopped counting
	ListAccepted   = "list_accepted" // an operator accepted a change that was held
	ListReset      = "list_reset"    // an operator had its history forgotten
	AnchorAdded    = "anchor_added"
	AnchorRemoved  = "anchor_removed"
	StatusChanged  = "status_changed"  // a new version of a status list is in force
	StatusFlood    = "status_flood"    // one that changes a large part of the entries
	StatusTiny     = "status_tiny"     // an issuer's lists are so small that they could point at a person
	StatusTracking = "status_tracking" // an issuer names many lists that are hardly used
	StatusFull     = "status_full"     // a list was kept out by a limit, or did not fit into memory
	StatusEvicted  = "status_evicted"  // a list that was not used lately made room
	Equivocation   = "equivocation"    // two different versions, both signed, with one number
	DiskFailed     = "disk_failed"     // what is admitted from now on does not survive a restart, or a file was damaged
	DiskRestored   = "disk_restored"   // it does again
	ClockBad       = "clock_untrusted"
)

// Event tells what changed.
type Event struct {
	Type   string
	List   string // a source's name; "status" for status lists and identifier lists, "crl", "aggregation"; "unknown" for a name nobody follows
	Code   string // list_refused, equivocation: why
	Detail string
	Ref    artefact.Ref      // of a list event that concerns one version
	Door   artefact.Door     // by which that came
	Anchor *trustlist.Anchor // of an anchor's event
}
