package node_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/edgetrust/edgetrust/"

// table says which packages of ours a room may import, and why. A trailing /...
// stands for everything below. A package that is missing here, or a row whose
// package has vanished, fails the test.
var table = []struct {
	pkg    string
	may    []string
	reason string
}{
	{"verify/...", []string{"verify/..."}, "verification is pure: nothing of ours but itself, so that it can be reused and repeated"},
	{"cache/artefact", nil, "leaf types that every room may name"},
	{"cache", []string{"cache/artefact", "cache/disk", "verify", "verify/crl", "verify/reason", "verify/statuslist", "verify/trustlist/..."}, "the cache judges lists, so it knows their verification, its disk, and nothing that fetches or serves"},
	{"cache/disk", nil, "a folder that survives crashes; what lies in it is the cache's to judge"},
	{"cache/disk/disktest", []string{"cache/disk"}, "a disk whose power can be cut; it is one of that package's file layers"},
	{"cache/origin", []string{"cache", "cache/artefact", "verify/reason"}, "fetching hands bytes to Admit and knows no format; one refusal asks it for pivots"},
	{"cache/cachetest", nil, "a publisher that misbehaves; it knows no format and no store"},
	{"node/config", []string{"verify", "verify/...", "cache/artefact", "gossip/identity"}, "the file format names policies, kinds and limits of verification; the node's certificate is checked as it is when it starts"},
	{"node/api", []string{"verify", "verify/dcql", "verify/reason", "verify/trustlist"}, "handlers see interfaces, neither QUIC nor the cache"},
	{"node/admin", []string{"verify/reason", "node/api"}, "the private listener answers in the same problem form as the public one"},
	{"node/serve", nil, "listeners know net/http handlers only"},
	{"node/client", nil, "a client knows the wire, not the server"},
	{"node/dev", []string{"node", "node/...", "cache/...", "gossip/identity/identitytest", "verify/..."}, "a demonstration is nodes with an ecosystem and an authority beside them"},
	{"node", []string{"node/...", "cache", "cache/...", "gossip", "gossip/...", "verify", "verify/..."}, "the only package that wires"},
	{"cmd/...", []string{"node", "node/...", "verify", "verify/...", "cache/artefact"}, "flags and files become node.Options; nothing is decided here"},
	{"cmd/edgectl", []string{"node", "node/...", "verify", "verify/...", "cache", "cache/artefact"}, "inspect has a list judged by the very store that a node has, in memory"},
	{"gossip", []string{"cache/artefact", "gossip/socket", "gossip/transfer"}, "the spread of references knows their names and who fetches, and neither formats nor the store"},
	{"gossip/gossiptest", []string{"gossip", "gossip/transfer", "cache/artefact"}, "a network in memory for whole clusters"},
	{"gossip/socket", nil, "packets and connections, whatever is in them; a gossip key is all it knows"},
	{"gossip/transfer", []string{"cache/artefact", "gossip/identity"}, "bodies travel by digest; what they are is for whoever asked to judge; who asks is in the certificate"},
	{"gossip/identity", nil, "files become both sides of TLS; who the peers are and what is sent is for others to know"},
	{"gossip/identity/identitytest", nil, "an authority that issues what it is asked for; it knows no rules"},
	{"bench", []string{"node/...", "verify/...", "gossip", "cache/artefact"}, "a benchmark drives what users drive, and simulates the spread with its own code"},
	{"deploy", []string{"node/config"}, "examples are loaded by a test"},
}

// Packages that verification must never reach: no network, files, logger.
var forbiddenInVerify = []string{"net/http", "os", "log", "log/slog", "net", "testing"}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	packages := list(t)
	seen := make(map[string]bool)
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		row := rowOf(name)
		if row < 0 {
			t.Errorf("%s: no row in the import table; say what it may import and why", name)
			continue
		}
		seen[table[row].pkg] = true
		for _, imp := range p.Imports {
			if dep, ours := strings.CutPrefix(imp, module); ours && !allowed(table[row].may, dep) {
				t.Errorf("%s imports %s; its row allows %v, because %s", name, dep, table[row].may, table[row].reason)
			}
			if strings.HasPrefix(name, "verify") && !strings.HasPrefix(name, "verify/verifytest") && slices.Contains(forbiddenInVerify, imp) {
				t.Errorf("%s imports %s: verification has no I/O and no logger", name, imp)
			}
		}
	}
	for _, row := range table {
		if row.reason == "" {
			t.Errorf("%s: a row needs a reason", row.pkg)
		}
		if !seen[row.pkg] {
			t.Errorf("%s: the package has vanished; take its row out of the table", row.pkg)
		}
	}
}

// rowOf finds the most exact row.
func rowOf(name string) int {
	best, length := -1, -1
	for i, r := range table {
		if matches(r.pkg, name) && len(r.pkg) > length {
			best, length = i, len(r.pkg)
		}
	}
	return best
}

func allowed(may []string, dep string) bool {
	return slices.ContainsFunc(may, func(p string) bool { return matches(p, dep) })
}

func matches(pattern, name string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == root || strings.HasPrefix(name, root+"/")
	}
	return pattern == name
}

func list(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
