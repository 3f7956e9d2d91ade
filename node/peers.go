package node

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
)

// peersFile in data_dir holds the members' addresses, one to a line, so that a node
// finds its cluster again when what gossip.join names is gone.
const (
	peersFile    = "peers"
	maxPeersFile = 64 << 10
)

// remembered are the addresses of the members from before the restart. A file that is
// not as it should be costs the memory, not the start.
func (n *Node) remembered() (addrs []string) {
	b, err := config.ReadFile(n.peersPath(), maxPeersFile)
	if err != nil {
		if !os.IsNotExist(err) {
			n.log.Warn("the members of before are not known", "err", err)
		}
		return nil
	}
	for line := range strings.Lines(string(b)) {
		addr := strings.TrimSpace(line)
		if host, _, err := net.SplitHostPort(addr); err == nil && net.ParseIP(host) != nil {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// remember writes them. What was there is replaced as a whole.
func (n *Node) remember(addrs []string) {
	text := strings.Join(addrs, "\n") + "\n"
	if have, err := config.ReadFile(n.peersPath(), maxPeersFile); err == nil && string(have) == text {
		return
	}
	next := n.peersPath() + ".tmp"
	err := os.WriteFile(next, []byte(text), 0o600)
	if err == nil {
		err = os.Rename(next, n.peersPath())
	}
	if err != nil {
		n.log.Warn("the members are not remembered", "err", err)
	}
}

func (n *Node) peersPath() string { return filepath.Join(n.opts.Config.DataDir, peersFile) }
