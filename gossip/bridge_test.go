package gossip

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What memberlist logs says what an operator can do.
func TestBridgeSaysWhatToDo(t *testing.T) {
	var out bytes.Buffer
	log := slog.NewLogLogger(newBridge(slog.NewTextHandler(&out, nil)), slog.LevelInfo)
	log.Print("[ERR] memberlist: Decrypt packet failed: no installed keys could decrypt the message from=192.0.2.1:7946")
	if s := out.String(); !strings.Contains(s, "level=WARN") || !strings.Contains(s, "from=192.0.2.1:7946; gossip.key_file differs there") {
		t.Errorf("%s", s)
	}
	out.Reset()
	log.Print("[WARN] memberlist: a packet got lost")
	if out.Len() > 0 {
		t.Errorf("%s", out.String())
	}
}
