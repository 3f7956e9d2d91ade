package node

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A publisher once used a number too high, and begins again below it. An operator
// resets the list, and the node fetches what was refused by itself.
func TestResetLooksAgain(t *testing.T) {
	l := newRealLab(t)
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{Sequence: 9})))
	if code, err := l.look(pidPath); err != nil {
		t.Fatal(code, err)
	}
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{Sequence: 2, Issued: time.Now().Add(-time.Second)})))
	if code, _ := l.look(pidPath); code != "trustlist_rollback" {
		t.Fatalf("an older number: %s", code)
	}
	if _, err := l.client().Reset(t.Context(), "pid"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list is fetched again", func() bool { return l.list("pid").Sequence == 2 })
	l.want("sdjwt-pid-de", "valid")
}
