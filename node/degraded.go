package node

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/node/config"
)

// aloneFor is how long nobody is reached until that is worth a word.
const aloneFor = time.Minute

// degradedCluster says what ails this node's place in its cluster, for /readyz and
// edgectl members.
func (n *Node) degradedCluster(now time.Time) (lines []string) {
	if n.cluster == nil || n.cluster.gossip == nil {
		return nil
	}
	r := n.cluster.gossip.Report()
	lines = n.alone(r.Alone, now)
	for _, name := range slices.Sorted(maps.Keys(r.Conflicting)) {
		lines = append(lines, fmt.Sprintf("gossip: %s: %s", name, r.Conflicting[name]))
	}
	return lines
}

// alone tells that nobody is reached whom gossip.join names, since when.
func (n *Node) alone(since, now time.Time) (lines []string) {
	if len(n.opts.Config.Gossip.Join) == 0 {
		return nil
	}
	if since.IsZero() || now.Sub(since) < aloneFor {
		return nil
	}
	what, port := "other member", "their UDP and TCP ports are"
	if n.opts.Config.Gossip.Mode == config.Leaf {
		what, port = "hub", "this node may open connections to them"
	} else {
		port += " open and gossip.key_file is the same everywhere"
	}
	return []string{fmt.Sprintf("gossip: no %s is reached since %s: see that gossip.join is right and that %s", what, since.UTC().Format(time.RFC3339), port)}
}
