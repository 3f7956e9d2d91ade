package cache_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// loadAll admits every list of a world.
func (w *world) loadAll(at time.Time) {
	w.t.Helper()
	for _, p := range verifytest.Profiles() {
		w.admitList(p, verifytest.ListOptions{}, at)
	}
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle(), at))
	w.loadNational(at)
	w.admitVICAL(verifytest.VICALOptions{}, at)
}

// A node that starts without its origins is what it was: the same lists, the same
// ages, the same marks, through Admit and by the door of the disk.
func TestRestore(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	before := k.infos(k.Now)
	at := k.Now.Add(3 * time.Hour)
	k.restart(at)
	for name, was := range before {
		is := k.info(name, at)
		if was.Source.Type == artefact.Anchors {
			if is.Door != artefact.File {
				t.Errorf("%s: an unsigned bundle came from %s", name, is.Door)
			}
			continue
		}
		if is.List == nil || is.Ref != was.Ref || is.Door != artefact.Disk || !is.Durable || at.Sub(is.LookedAt) != 3*time.Hour || is.State != verify.Fresh {
			t.Errorf("%s: %+v", name, is)
		}
		b, kind, ok := k.store.Artefact(is.Ref.Digest)
		if !ok || kind != is.Source.Type || artefact.Sum(b) != is.Ref.Digest {
			t.Errorf("%s: its bytes are not to be had", name)
		}
	}
	for _, sample := range []string{"sdjwt-pid-de", "qeaa-diploma-de", "qeaa-diploma-nl", "mdl-vical", "pubeaa-residence"} {
		k.wantNoStatus(sample, at, "valid")
	}
	k.refuse(artefact.TL, tlName("DE"), artefact.Peer, k.tl("DE", verifytest.TLOptions{Without: []string{"qeaa-de"}}), at, reason.TrustListConflict)
	// Nothing was looked at for eight days, the restart included.
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(7*day-time.Second), "valid")
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(7*day), "indeterminate", "anchor_list_stale")
}

// A list that expired while the node was down is held as what it is.
func TestRestoreExpired(t *testing.T) {
	k := keptWorld(t, nil)
	k.admitList("pid", verifytest.ListOptions{NextUpdate: k.Now.Add(day)}, k.Now)
	k.restart(k.Now.Add(day))
	if got := k.info("pid", k.Now.Add(day)); got.State != verify.Expired || got.List == nil {
		t.Errorf("%+v", got)
	}
	v, codes := k.noStatus("sdjwt-pid-de", k.Now.Add(day))
	if v != verify.Indeterminate || !slices.Contains(codes, reason.AnchorListStale) {
		t.Errorf("%s %v", v, codes)
	}
}

// High-water marks and the newest signed time outlive the bytes.
func TestRestoreMarks(t *testing.T) {
	k := keptWorld(t, nil)
	k.admitList("pid", verifytest.ListOptions{Sequence: 7}, k.Now)
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 8}, k.Now)
	k.admitTL("DE", verifytest.TLOptions{Sequence: 9}, k.Now)
	k.admitVICAL(verifytest.VICALOptions{IssueID: 10}, k.Now)
	k.fs = k.fs.Restart()
	k.fs.Fault(func(op disktest.Op, name string) error { // the bytes cannot be read
		if op == disktest.Read && bytes.Contains([]byte(name), []byte("bodies")) {
			return errTest
		}
		return nil
	})
	k.start(k.Now)
	k.fs.Fault(nil)
	if got := k.info("pid", k.Now); got.List != nil {
		t.Fatalf("%+v", got)
	}
	k.refuse(artefact.LoTE, "pid", artefact.Origin, k.list("pid", verifytest.ListOptions{Sequence: 6}), k.Now, reason.TrustListRollback)
	k.refuse(artefact.LoTE, "pid", artefact.Origin, k.list("pid", verifytest.ListOptions{Sequence: 7, Without: []string{"DE"}}), k.Now, reason.TrustListConflict)
	k.refuse(artefact.LOTL, lotl, artefact.Origin, k.lotl(verifytest.LOTLOptions{Sequence: 7}), k.Now, reason.TrustListRollback)
	k.refuse(artefact.VICAL, vical, artefact.Origin, k.vical(verifytest.VICALOptions{IssueID: 9}), k.Now, reason.VICALRollback)
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 8}, k.Now) // the very version that was lost
	k.refuse(artefact.TL, tlName("DE"), artefact.Origin, k.tl("DE", verifytest.TLOptions{Sequence: 8}), k.Now, reason.TrustListRollback)
	k.admitList("pid", verifytest.ListOptions{Sequence: 8}, k.Now)
	if len(k.store.Degraded(k.Now)) == 0 {
		t.Error("nothing is said of the damage")
	}
}

// A node that starts with its clock set back knows it by what it has on disk.
func TestRestoreClock(t *testing.T) {
	for _, c := range []struct {
		back time.Duration
		want bool
	}{{cache.ClockBehind, true}, {cache.ClockBehind + time.Second, false}, {time.Hour, false}, {365 * day, false}} {
		k := keptWorld(t, nil)
		k.loadAll(k.Now)
		at := k.Now.Add(-c.back)
		k.restart(at)
		if got := k.store.View().ClockTrusted(at); got != c.want {
			t.Errorf("%v back: trusted %v", c.back, got)
		}
		if v, _ := k.noStatus("sdjwt-pid-de", at); v == verify.Valid && !c.want {
			t.Errorf("%v back: valid", c.back)
		}
	}
}

// Removed anchors that are held stay held over a restart, until the same moment.
func TestRestoreHeld(t *testing.T) {
	k := keptWorld(t, nil)
	crowd := k.crowd("DE", 10)
	all := append(k.Authorities(), crowd...)
	k.admitList("pid", verifytest.ListOptions{Authorities: all}, k.Now)
	for _, p := range verifytest.Profiles() {
		if p != "pid" {
			k.admitList(p, verifytest.ListOptions{}, k.Now)
		}
	}
	k.must(k.admit(artefact.Anchors, "eaa", artefact.File, k.EAA().Bundle(), k.Now))
	k.loadNational(k.Now)
	k.admitVICAL(verifytest.VICALOptions{}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all, Without: append(ids(crowd), "de")}, k.Now)
	for _, after := range []time.Duration{time.Minute, hold - time.Second} {
		k.restart(k.Now.Add(after))
		k.wantNoStatus("sdjwt-pid-de", k.Now.Add(after), "indeterminate", "anchor_change_held")
		k.wantNoStatus("sdjwt-pid-de", k.Now.Add(hold), "invalid", "anchor_withdrawn")
	}
	if _, err := k.store.Accept("pid", k.Now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	k.restart(k.Now.Add(2 * time.Minute))
	if v, _ := k.noStatus("sdjwt-pid-de", k.Now.Add(2*time.Minute)); v != verify.Invalid {
		t.Errorf("accepted, and %s after a restart", v)
	}
}

// What the origin noted with a list comes back with it, and goes when the list's
// signers change: the bytes are then to be fetched and verified anew.
func TestRestoreNote(t *testing.T) {
	k := keptWorld(t, onlyLOTL)
	k.admitLOTL(verifytest.LOTLOptions{}, k.Now)
	de := artefact.NationalID(lotl, "DE")
	k.must(k.store.Admit(artefact.Raw{ID: de, Door: artefact.Origin, Bytes: k.tl("DE", verifytest.TLOptions{}), At: k.Now, Note: "note"}))
	k.restart(k.Now)
	if got := k.store.Note(de); got != "note" {
		t.Errorf("note %q after a restart", got)
	}
	if got := k.store.Note(artefact.NationalID(lotl, "NL")); got != "" {
		t.Errorf("note %q of a list that is not held", got)
	}
	successor := k.listSigner(k.Now.Add(-time.Hour), k.Now.Add(time.Hour))
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 2, PointerSigners: map[string][]*verifytest.Key{"DE": {successor}}}, k.Now)
	if got := k.store.Note(de); got != "" {
		t.Errorf("note %q under another signer", got)
	}
}

// A source that was configured otherwise since takes nothing from disk that it
// would not take from its origin.
func TestRestoreReconfigured(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	for i := range k.opts.Sources {
		if k.opts.Sources[i].Name == "pid" {
			k.opts.Sources[i].Signers = nil
		}
	}
	k.restart(k.Now)
	if got := k.info("pid", k.Now); got.List != nil || got.Refused[0].Code != reason.TrustListSignerUnknown || got.Refused[0].Door != artefact.Disk {
		t.Errorf("%+v", got)
	}
	if v, _ := k.noStatus("sdjwt-pid-de", k.Now); v == verify.Valid {
		t.Error("valid under a signer that is no longer pinned")
	}
}

// Pivots are kept, too, and come back before the list that needs them.
func TestRestorePivots(t *testing.T) {
	k := keptWorld(t, onlyLOTL)
	second := k.listSigner(k.Now.Add(-time.Hour), k.Now.Add(10*day))
	url := k.ListBase + "/eu-lotl-pivot-2.xml"
	b := k.lotl(verifytest.LOTLOptions{Sequence: 2, SelfSigners: []*verifytest.Key{second}, Pivots: []string{url}})
	k.must(k.store.Admit(artefact.Raw{ID: artefact.PivotID(lotl, url), Door: artefact.Origin, Bytes: b, At: k.Now}))
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 3, Signer: second, Pivots: []string{url}}, k.Now)
	k.restart(k.Now.Add(time.Hour))
	if got := k.info(lotl, k.Now); got.List == nil || got.List.Sequence != 3 {
		t.Errorf("%+v", got)
	}
	if got, _, ok := k.store.Artefact(artefact.Sum(b)); !ok || !bytes.Equal(got, b) {
		t.Error("the pivot's bytes are not to be had")
	}
}

// Status lists of some size are kept; small ones, which could point at a person,
// never touch the disk.
func TestRestoreStatus(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.loadStatus(k.Now)
	held := k.store.StatusLists(time.Now())
	k.restart(k.Now.Add(time.Minute))
	if got := k.store.StatusLists(time.Now()); got.Held == 0 || got.Held > held.Held {
		t.Errorf("%+v of %+v", got, held)
	}
	v, codes := k.verdict("sdjwt-pid-de", k.Now.Add(time.Minute))
	wantVerdict(t, "with its status from disk", v, codes, verify.Valid)
}

// A disk that fails costs no answer: what is new is served from memory, everybody
// is told, and it is written as soon as the disk works again.
func TestDiskFails(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.fs.Fault(disktest.ReadOnly)
	k.events = nil
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Without: []string{"DE"}}, k.Now)
	k.admitList("mdl", verifytest.ListOptions{Sequence: 2}, k.Now)
	v, codes := k.noStatus("sdjwt-pid-de", k.Now)
	wantVerdict(t, "from memory", v, codes, verify.Invalid, reason.AnchorWithdrawn)
	if n := count(k.events, cache.DiskFailed); n != 1 {
		t.Errorf("%d events of the failure", n)
	}
	if info := k.info("pid", k.Now); info.Durable || !slices.ContainsFunc(k.store.Degraded(k.Now), func(l string) bool { return bytes.Contains([]byte(l), []byte("data_dir")) }) {
		t.Errorf("durability is claimed: %+v", info)
	}
	if slices.ContainsFunc(k.store.Share(k.Now), func(r cache.Shared) bool { return r.ID.Name == "pid" }) {
		t.Error("announced before it is durable")
	}
	k.fs.Fault(nil)
	k.store.Tick(k.Now)
	if n := count(k.events, cache.DiskRestored); n != 1 || !k.info("pid", k.Now).Durable {
		t.Errorf("not written when the disk works again: %+v", k.events)
	}
	k.restart(k.Now)
	if got := k.info("pid", k.Now).Ref.Version; got != 2 {
		t.Errorf("sequence %d after a restart", got)
	}
}

func count(events []cache.Event, typ string) (n int) {
	for _, e := range events {
		if e.Type == typ {
			n++
		}
	}
	return n
}
