package node

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A territory that is asked for and that the list of lists does not name is told of:
// it might be a typing mistake. The rest is served.
func TestTerritoryThatNobodyNames(t *testing.T) {
	l := newDeadLab(t)
	yaml := strings.Replace(l.yaml(), "type: lotl,", "type: lotl, territories: [DE, EL, XX],", 1)
	if err := os.WriteFile(filepath.Join(l.dir, "edgenode.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	l.start()
	const greece, nowhere = "list eu-lotl names no list for GR, which its territories ask for", "list eu-lotl names no list for XX, which its territories ask for"
	if got := l.node.readiness().Degraded; slices.Contains(got, nowhere) {
		t.Errorf("before the list of lists is there: %q", got)
	}
	l.publish()
	for _, path := range []string{lotlPath, dePath, vicalPath, pidPath} {
		if code, err := l.look(path); err != nil {
			t.Fatal(path, code, err)
		}
	}
	if got := l.node.readiness(); len(got.NotReady) > 0 || !slices.Equal(got.Degraded, []string{greece, nowhere}) {
		t.Errorf("%+v", got)
	}
	l.want("qeaa-diploma-de", "valid")
}
