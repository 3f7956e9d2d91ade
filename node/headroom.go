package node

import (
	"os"
	"runtime/debug"
	"time"
)

// How much garbage may gather, in percent of what is held, before the collector runs.
// Twice what is held, Go's default, is much where that is a country's status lists;
// and they are bits, over which the collector passes quickly.
const (
	gcMost  = 100
	gcLeast = 25
	gcBytes = 32 << 20 // of garbage that are all right however little is held

	headroomTick = time.Second // a country's lists are loaded within a few
)

// gcPercent is the setting for a node whose lists take so many bytes.
func gcPercent(used int64) int {
	return int(min(max(100*gcBytes/max(used, 1), gcLeast), gcMost))
}

// keepHeadroom sets the collector to what the lists take now. Only Run does it, whose
// process it is, and not where the operator has set GOGC.
func (n *Node) keepHeadroom(used int64) {
	if percent := gcPercent(used); n.ownProcess && os.Getenv("GOGC") == "" && percent != n.gcSet {
		debug.SetGCPercent(percent)
		n.gcSet = percent
	}
}
