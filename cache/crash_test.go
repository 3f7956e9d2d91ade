package cache_test

import (
	"math/big"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// step is one change of a story: bytes of a list, and the version they make.
type step struct {
	id      artefact.ID
	version uint64
	b       []byte
}

// story is what happens to a node in a day: several lists, more than one version.
func (w *world) story() (steps []step) {
	id := func(kind artefact.Kind, name string) artefact.ID { return artefact.ID{Kind: kind, Name: name} }
	for seq := uint64(1); seq <= 2; seq++ {
		at := w.Now.Add(time.Duration(seq) * time.Second)
		steps = append(steps,
			step{id(artefact.LoTE, "pid"), seq, w.list("pid", verifytest.ListOptions{Sequence: seq})},
			step{id(artefact.LOTL, lotl), seq, w.lotl(verifytest.LOTLOptions{Sequence: seq})},
			step{artefact.NationalID(lotl, "DE"), seq, w.tl("DE", verifytest.TLOptions{Sequence: seq})},
			step{id(artefact.VICAL, vical), seq, w.vical(verifytest.VICALOptions{IssueID: seq, Date: at})},
		)
		steps = append(steps, w.statusStory(seq)...)
	}
	return steps
}

// statusStory are versions of a status list, an identifier list and a revocation list,
// of the issuer that the first step of a story makes known.
func (w *world) statusStory(seq uint64) (steps []step) {
	iat := w.Now.Add(time.Duration(seq)*time.Second - time.Minute)
	de := w.PID("DE")
	list, ids := de.NewStatusList("https://prefetched.example/0", 1, 4096), longList(de, "https://prefetched.example/1")
	steps = []step{
		{statusID(list.URI), uint64(iat.Unix()), w.token(list, verifytest.FormJWT, iat, verifytest.TokenOptions{})},
		{statusID(ids.URI), uint64(iat.Unix()), w.identifiers(ids, iat, verifytest.IdentifierOptions{})},
		{crlID(de.CRL().URL), seq, w.crl(de.CRL(), verifytest.CRLOptions{Number: new(big.Int).SetUint64(seq)})},
	}
	if seq > 1 {
		steps[1].id = idlistID(ids.URI) // it has turned
	}
	return steps
}

// state is the version of a list that is in force, 0 for none, and whether it is
// durable.
func (w *world) state(id artefact.ID) (version uint64, durable bool) {
	if _, ok := w.infos(w.Now)[id.Name]; ok {
		i := w.info(id.Name, w.Now)
		if i.List == nil {
			return 0, i.Durable
		}
		return i.Ref.Version, i.Durable
	}
	k, ok := w.keptInfo(id)
	if !ok && id.Kind == artefact.Status {
		k, _ = w.keptInfo(idlistID(id.Name))
	}
	switch {
	case k.CRL != nil:
		n, _ := strconv.ParseUint(k.CRL.Number, 10, 64)
		return n, k.Durable
	case k.Token != nil:
		return uint64(k.Token.Token.IssuedAt.Unix()), k.Durable
	}
	return 0, false
}

// The power is cut at each operation of a story in turn, and the machine comes up
// in several of the states it may then be in. Each time the node serves every
// version whose admission it had acknowledged, or a newer one that it was offered.
func TestCrash(t *testing.T) {
	seeds, stride := 1, 1
	if testing.Short() {
		stride = 9
	}
	if os.Getenv("EDGETRUST_LONG") == "1" {
		seeds = 25
	}
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Status = uris("prefetched", 2) })
	steps := k.story()
	highest := make(map[string]uint64)
	for _, s := range steps {
		highest[s.id.Name] = s.version
	}
	total, crashes := 0, 0
	for cut := 1; ; cut += stride {
		k.fs = disktest.New()
		k.start(k.Now)
		begun := k.fs.Operations()
		k.fs.CrashAt(begun + cut)
		acknowledged := make(map[artefact.ID]uint64)
		for _, s := range steps {
			if _, err := k.store.Admit(artefact.Raw{ID: s.id, Door: artefact.Origin, Bytes: s.b, At: k.Now}); err != nil {
				t.Fatalf("cut %d: %s refused: %v", cut, s.id.Name, err) // a broken disk refuses nothing
			}
			if _, durable := k.state(s.id); durable {
				acknowledged[s.id] = s.version
			}
		}
		down := k.fs
		for seed := range seeds {
			k.fs = down.Reboot(uint64(seed))
			k.start(k.Now)
			crashes++
			for id, want := range acknowledged {
				if got, _ := k.state(id); got < want || got > highest[id.Name] {
					t.Fatalf("cut %d, seed %d: %s has version %d, %d was acknowledged", cut, seed, id.Name, got, want)
				}
			}
			k.wantAccounts("after a crash")
		}
		if total = down.Operations() - begun; cut > total {
			break // the story went through
		}
	}
	t.Logf("%d changes, %d disk operations, %d crashes", len(steps), total, crashes)
}

// Changes that come in together are written together, and none is acknowledged
// before it is durable.
func TestGroupCommit(t *testing.T) {
	k := keptWorld(t, nil)
	syncs := 0
	var mu sync.Mutex
	k.fs.Fault(func(op disktest.Op, _ string) error {
		if op == disktest.SyncDir {
			mu.Lock()
			syncs++
			mu.Unlock()
			time.Sleep(5 * time.Millisecond) // as slow as a real one, so that changes meet
		}
		return nil
	})
	var steps []step
	for _, p := range verifytest.Profiles() {
		steps = append(steps, step{artefact.ID{Kind: artefact.LoTE, Name: p}, 1, k.list(p, verifytest.ListOptions{})})
	}
	for _, s := range k.story() {
		if s.version == 1 && (s.id.Kind == artefact.LOTL || s.id.Kind == artefact.VICAL) {
			steps = append(steps, s)
		}
	}
	var wg sync.WaitGroup
	for _, s := range steps {
		wg.Go(func() {
			_, err := k.store.Admit(artefact.Raw{ID: s.id, Door: artefact.Publish, Bytes: s.b, At: k.Now})
			if err != nil || !k.info(s.id.Name, k.Now).Durable {
				t.Errorf("%s: acknowledged and not durable, or %v", s.id.Name, err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	together := syncs
	mu.Unlock()
	t.Logf("%d changes, %d directory syncs", len(steps), together)
	if together >= 2*len(steps) { // one at a time, each takes two
		t.Errorf("%d directory syncs for %d changes: nothing was written together", together, len(steps))
	}
	k.fs.Fault(nil)
	k.restart(k.Now)
	for _, s := range steps {
		if got := k.info(s.id.Name, k.Now); got.List == nil {
			t.Errorf("%s is gone after a restart", s.id.Name)
		}
	}
}
