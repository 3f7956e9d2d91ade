package cache_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/statuslist"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// snapshot writes down all that a View says, so that a later change would show.
func snapshot(v *cache.View, known []*verifytest.Authority, uris []string) string {
	var b strings.Builder
	fmt.Fprintln(&b, v.Epoch(), v.Seeded())
	for _, l := range v.Lists() {
		fmt.Fprintf(&b, "%+v\n", *l)
	}
	for _, a := range known {
		for _, t := range v.BySubject(string(a.CA.Cert.RawSubject)) {
			fmt.Fprintf(&b, "%s %+v %v %v %+v\n", a.ID, t.Ref(), t.Removed, t.HeldUntil, *t.List)
		}
	}
	for _, uri := range uris {
		slot := v.Status(statuslist.StatusList, uri)
		fmt.Fprintf(&b, "%s", slot.Refused)
		for _, t := range slot.Tokens {
			fmt.Fprintf(&b, " %x %v", t.SHA256, t.Anchors)
		}
	}
	return b.String()
}

// attempt is a version of a list with what makes it bad, "" if nothing does.
type attempt struct {
	seq   uint64
	group int // which anchors are in it
	fault reason.Code
	bytes []byte
	door  artefact.Door
}

// attempts makes a stock of versions, good and bad.
func (w *world) attempts(all []*verifytest.Authority, groups [][]string) (list []attempt) {
	faults := []struct {
		code  reason.Code
		spoil func(*verifytest.ListOptions)
	}{
		{"", func(*verifytest.ListOptions) {}},
		{reason.TrustListNotYetValid, func(o *verifytest.ListOptions) { o.Issued = w.Now.Add(time.Hour) }},
		{reason.TrustListExpired, func(o *verifytest.ListOptions) { o.Issued, o.NextUpdate = w.Now.Add(-time.Hour), w.Now }},
		{reason.TrustListSignatureInvalid, func(o *verifytest.ListOptions) {
			o.Damage = func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }
		}},
		{reason.TrustListSignerUnknown, func(o *verifytest.ListOptions) { o.Signer = w.PID("DE").Signer }},
	}
	for seq := uint64(1); seq <= 12; seq++ {
		for g, without := range groups {
			for i, f := range faults {
				if i > 0 && (int(seq)+g)%len(faults) != i {
					continue
				}
				o := verifytest.ListOptions{Sequence: seq, Authorities: all, Without: without}
				f.spoil(&o)
				list = append(list, attempt{seq: seq, group: g, fault: f.code, bytes: w.list("pid", o)})
			}
		}
	}
	for _, seq := range []uint64{13 + cache.MaxJump, 1 << 40} {
		list = append(list, attempt{seq: seq, bytes: w.list("pid", verifytest.ListOptions{Sequence: seq, Authorities: all})})
	}
	return list
}

// Whatever comes in whatever order through whatever door, the list in force is the
// highest good version that a jump did not keep out, its first payload, and a View
// that was handed out says for ever what it said.
func TestAdmitProperty(t *testing.T) {
	w := newWorld(t, nil)
	crowd := w.crowd("SE", 6)
	all := append(w.Authorities(), crowd...)
	groups := [][]string{nil, {"DE"}, {"SE"}, {"DE", "FR", "SE"}}
	stock := w.attempts(all, groups)
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		seed := uint64(round) + 1
		rng := rand.New(rand.NewPCG(seed, 2))
		w.store = cache.New(w.options(), w.Now)
		var held *attempt
		type handedOut struct {
			v    *cache.View
			said string
		}
		var views []handedOut
		for step := range 60 {
			a := stock[rng.IntN(len(stock))]
			if rng.IntN(4) > 0 && held != nil { // mostly near what is held
				a = stock[rng.IntN(len(stock))]
				if a.seq > held.seq+3 {
					continue
				}
			}
			if held == nil && a.seq > 12 {
				continue
			}
			a.door = []artefact.Door{artefact.Origin, artefact.Peer, artefact.Disk, artefact.Publish}[rng.IntN(4)]
			if a.door == artefact.Disk && a.fault == reason.TrustListExpired && held == nil {
				continue // held as what it is, expired: see TestRestoreExpired
			}
			want, unchanged := a.fault, false
			if want == "" && held != nil {
				switch {
				case a.seq < held.seq:
					want = reason.TrustListRollback
				case a.seq == held.seq && a.group == held.group:
					unchanged = true
				case a.seq == held.seq:
					want = reason.TrustListConflict
				case a.seq-held.seq > cache.MaxJump:
					want = reason.TrustListSequenceJump
				}
			}
			at := w.Now.Add(time.Duration(step) * time.Second)
			if rng.IntN(5) == 0 {
				w.store.Looked(artefact.ID{Kind: artefact.LoTE, Name: "pid"}, at)
			}
			out, err := w.admit(artefact.LoTE, "pid", a.door, a.bytes, at)
			if got := reason.CodeOf(err); got != want || out.Unchanged != unchanged {
				t.Fatalf("seed %d, step %d, sequence %d: %v unchanged %v, want %q %v", seed, step, a.seq, err, out.Unchanged, want, unchanged)
			}
			if want == "" && !unchanged {
				held = &a
			}
			v := w.store.View()
			views = append(views, handedOut{v, snapshot(v, all, nil)})
			if held != nil {
				checkHeld(t, v, held, all, groups[held.group])
			}
		}
		for i, h := range views {
			if got := snapshot(h.v, all, nil); got != h.said {
				t.Fatalf("seed %d: view %d has changed from\n%s\nto\n%s", seed, i, h.said, got)
			}
		}
	}
}

// checkHeld holds a view against the version that should be in force.
func checkHeld(t *testing.T, v *cache.View, held *attempt, all []*verifytest.Authority, without []string) {
	t.Helper()
	for _, l := range v.Lists() {
		if l.Name == "pid" && (!l.Loaded || l.Sequence != held.seq) {
			t.Fatalf("sequence %d is in force, want %d", l.Sequence, held.seq)
		}
	}
	for _, a := range all {
		if a.Kind != "pid" || a.Services == nil {
			continue
		}
		in := !slices.Contains(without, a.Territory)
		for _, tr := range v.BySubject(string(a.CA.Cert.RawSubject)) {
			if tr.Removed == in {
				t.Fatalf("%s: removed %v in version %d", a.ID, tr.Removed, held.seq)
			}
		}
		if n := len(v.BySubject(string(a.CA.Cert.RawSubject))); in && n == 0 {
			t.Fatalf("%s is missing from version %d", a.ID, held.seq)
		}
	}
}

// Readers see one version or the other, never a mixture, while versions come in.
func TestConcurrentReaders(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	const versions = 30
	lists, tokens := make([][]byte, versions), make([][]byte, versions)
	for i := range lists {
		o := verifytest.ListOptions{Sequence: uint64(i) + 2}
		if i%2 == 0 { // even sequence numbers lack Germany
			o.Without = []string{"DE"}
		}
		lists[i] = w.list("pid", o)
		tokens[i] = e.token(byte(i%2), w.Now.Add(time.Duration(i)*time.Second-time.Minute), verifytest.TokenOptions{Signer: w.PID("FR").Revocation})
	}
	subject := string(w.PID("DE").CA.Cert.RawSubject)
	req := w.sample("sdjwt-pid-de", w.Now)
	req.Policy.Status = verify.Skip
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var last uint64
			for {
				select {
				case <-done:
					return
				default:
				}
				v := w.store.View()
				found := v.BySubject(subject)
				if len(found) == 0 {
					t.Error("Germany is forgotten")
					return
				}
				seq := found[0].List.Sequence
				lacks := seq%2 == 0
				if seq < last || found[0].Removed != lacks {
					t.Errorf("version %d after %d: removed %v", seq, last, found[0].Removed)
				}
				last = seq
				verdict, codes := outcome(w.verifier.Verify(v, req, w.Now))
				if want := map[bool]verify.Verdict{false: verify.Valid, true: verify.Invalid}[lacks]; verdict != want {
					t.Errorf("version %d: %s %v, want %s", seq, verdict, codes, want)
				}
				w.store.Lists(w.Now)
				w.store.StatusLists(time.Now())
				w.store.Degraded(w.Now)
				_ = v.Status(statuslist.StatusList, e.uri)
			}
		})
	}
	for i := range lists {
		w.must(w.admit(artefact.LoTE, "pid", artefact.Peer, lists[i], w.Now))
		w.must(w.admit(artefact.Status, e.uri, artefact.Peer, tokens[i], w.Now))
		w.store.Looked(artefact.ID{Kind: artefact.LoTE, Name: "mdl"}, w.Now)
	}
	close(done)
	wg.Wait()
}
