package gossip

// Event is what happens to a Core: one of the types below.
type Event any

// Tick says that time has passed.
type Tick struct{}

// Members says who is in the cluster now, this member apart. Dead are remembered ones
// that may come back.
type Members struct {
	Alive []Member
	Dead  []Member
}

// Member is a member of the cluster.
type Member struct {
	Name string
	Zone string
}

// Held says that this node holds a head from now on: its body was admitted, by
// whatever door. A body of an older version is not held any more.
type Held struct {
	Head
	// Minor says that nothing has changed but the signature.
	Minor bool
	// Quiet says that it is not to be announced, as when the disk is read at the start.
	Quiet bool
}

// Left says that nothing of a list is held any more that others may have.
type Left struct{ List ListID }

// Heard says that an announcement came from a member.
type Heard struct {
	From string
	Announcement
}

// Compared says that a member sent its summary.
type Compared struct {
	From string
	Summary
}

// Told says that a member sent heads that it holds.
type Told struct {
	From string
	// Parts are those of the summary, one bit each, of which Heads is all that the
	// member holds: what else is held here of them is news to it. 0: none.
	Parts uint64
	Heads []Head
	// Stamps are when the heads were announced, as far as the member was told; nil, or
	// as many as Heads.
	Stamps []int64
}

// HeardLooks says that news of looks came from a member.
type HeardLooks struct {
	From string
	LookNews
}

// Look says that this node has looked at origins. So many as fit are told of at once.
type Look struct{ Seen []Seen }

// Beat has a beacon sent.
type Beat struct{}

// Pulled says what came of a Pull.
type Pulled struct {
	Head
	From    string
	Outcome Outcome
}

// Outcome of a pull.
type Outcome int

// The outcomes.
const (
	Admitted Outcome = iota // a Held comes, or has come
	Failed                  // the peer could not be reached, or broke off
	Busy                    // the peer is, and can be asked again soon
	Missing                 // the peer has it not, and did not get it within PullPatience
	Bad                     // what came has not the digest that was asked for: the peer's fault
	False                   // what came has it, and is not what was announced, or signed by nobody: the fault of who spoke of it first
	Declined                // what came is good, and not wanted here: nobody's fault
	Waits                   // who signed it is not known yet: asked for again after Retry
)

// Retry says that what was not known may be known now, as after a change of anchors.
type Retry struct{}

// Effect is what a Core wants done: one of the types below.
type Effect any

// Announce is to be sent as one packet, which may get lost.
type Announce struct {
	To string
	Announcement
}

// Compare is to be sent to a member over a connection, which may fail.
type Compare struct {
	To string
	Summary
}

// Tell likewise.
type Tell struct {
	To     string
	Parts  uint64
	Heads  []Head
	Stamps []int64
}

// Pull is to be fetched from a member; a Pulled says what came of it.
type Pull struct {
	Head
	From  string
	Stamp int64 // when it was announced; 0: not known
}

// TellLooks is to be sent as one packet, which may get lost.
type TellLooks struct {
	To string
	LookNews
}

// Looked says what another member has seen at origins.
type Looked struct {
	Origin string
	Seen   []Seen
}

// Beaten says that another member's beacon has come.
type Beaten struct {
	Origin string
	Stamp  int64
}
