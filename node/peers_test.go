package node

import (
	"log/slog"
	"os"
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/node/config"
)

// Members are remembered over a restart, and a file that somebody has damaged costs
// those lines alone.
func TestRemembered(t *testing.T) {
	c := config.Default()
	c.DataDir = t.TempDir()
	n := &Node{opts: Options{Config: c}, log: slog.New(slog.DiscardHandler)}
	if got := n.remembered(); got != nil {
		t.Errorf("nothing yet: %v", got)
	}
	want := []string{"192.0.2.1:7946", "[2001:db8::1]:7946"}
	n.remember(want)
	if got := n.remembered(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if fi, err := os.Stat(n.peersPath()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi, err)
	}
	if err := os.WriteFile(n.peersPath(), []byte("garbage\n192.0.2.1:7946\nhost.example:1\n\x00\n192.0.2.7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := n.remembered(); !slices.Equal(got, want[:1]) {
		t.Errorf("damaged: %v", got)
	}
	if err := os.WriteFile(n.peersPath(), make([]byte, maxPeersFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := n.remembered(); got != nil {
		t.Errorf("too large: %d", len(got))
	}
}
