package cache_test

import (
	"bytes"
	"testing"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Bytes that are lost while the node runs cost their durability and nothing else.
func TestLostBytes(t *testing.T) {
	k := keptWorld(t, nil)
	b := k.list("pid", verifytest.ListOptions{})
	k.must(k.admit(artefact.LoTE, "pid", artefact.Origin, b, k.Now))
	k.admitList("mdl", verifytest.ListOptions{}, k.Now)
	if err := k.fs.Remove("data/bodies/" + artefact.Sum(b).String()); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := k.store.Artefact(artefact.Sum(b)); ok {
		t.Fatal("the bytes are not lost")
	}
	if k.info("pid", k.Now).Durable {
		t.Error("durability is claimed for bytes that are lost")
	}
	// Their record is written without them, and those of other lists are.
	k.store.Looked(artefact.ID{Kind: artefact.LoTE, Name: "pid"}, k.Now)
	k.admitList("mdl", verifytest.ListOptions{Sequence: 2}, k.Now)
	if d, _ := k.store.Disk(); d.Err != nil || !k.info("mdl", k.Now).Durable {
		t.Errorf("the disk takes nothing more: %v", d.Err)
	}
	k.wantNoStatus("sdjwt-pid-fr", k.Now, "indeterminate", "node_not_seeded") // served from memory, valid but for that
	// Whoever has them may bring them back.
	if out := k.must(k.store.Offer(b, artefact.Publish, k.Now)); !out.Unchanged || !k.info("pid", k.Now).Durable {
		t.Errorf("%+v, and not durable again", out)
	}
	k.restart(k.Now)
	if got, _, ok := k.store.Artefact(artefact.Sum(b)); !ok || !bytes.Equal(got, b) {
		t.Error("not there after a restart")
	}
}
