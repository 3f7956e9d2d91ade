package cache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// rolled is a world whose LOTL changed its signer once, through a pivot.
type rolled struct {
	*kept
	url    string          // of the pivot
	second *verifytest.Key // whom it names
}

func (r *rolled) admitPivot(url string, o verifytest.LOTLOptions) error {
	_, err := r.store.Admit(artefact.Raw{ID: artefact.PivotID(lotl, url), Door: artefact.Origin, Bytes: r.lotl(o), At: r.Now})
	return err
}

func rolledWorld(t *testing.T) *rolled {
	t.Helper()
	r := &rolled{kept: keptWorld(t, onlyLOTL)}
	r.url, r.second = r.ListBase+"/eu-lotl-pivot-2.xml", r.listSigner(r.Now.Add(-time.Hour), r.Now.Add(10*day))
	if err := r.admitPivot(r.url, verifytest.LOTLOptions{Sequence: 2, SelfSigners: []*verifytest.Key{r.second}, Pivots: []string{r.url}}); err != nil {
		t.Fatal(err)
	}
	r.admitLOTL(verifytest.LOTLOptions{Sequence: 3, Signer: r.second, Pivots: []string{r.url}}, r.Now)
	return r
}

// A pivot never changes: whoever has a key of the Official Journal that was
// replaced since cannot put another pivot, which names his own key, in its place.
func TestPivotNeverChanges(t *testing.T) {
	r := rolledWorld(t)
	thief := r.listSigner(r.Now.Add(-time.Hour), r.Now.Add(day))
	err := r.admitPivot(r.url, verifytest.LOTLOptions{Sequence: 2, SelfSigners: []*verifytest.Key{thief}, Pivots: []string{r.url}})
	if reason.CodeOf(err) != reason.TrustListConflict {
		t.Errorf("another pivot: %v", err)
	}
	if c := r.info(lotl, r.Now).Conflict; c == nil || c.Sequence != 2 || c.Kept == c.Refused {
		t.Errorf("evidence %+v", c)
	}
	r.refuse(artefact.LOTL, lotl, artefact.Origin,
		r.lotl(verifytest.LOTLOptions{Sequence: 4, Signer: thief, Pivots: []string{r.url}}), r.Now, reason.TrustListSignerUnknown)
	// The same pivot in another signature is the same pivot.
	if err := r.admitPivot(r.url, verifytest.LOTLOptions{Sequence: 2, SelfSigners: []*verifytest.Key{r.second}, Pivots: []string{r.url}}); err != nil {
		t.Errorf("signed again: %v", err)
	}
	r.restart(r.Now)
	r.admitLOTL(verifytest.LOTLOptions{Sequence: 4, Signer: r.second, Pivots: []string{r.url}}, r.Now)
}

// The pivots that a list has to go on naming outlive its bytes, like its mark: a
// key that was replaced does not come back through a damaged file.
func TestPivotsOutliveBytes(t *testing.T) {
	r := rolledWorld(t)
	r.fs = r.fs.Restart()
	r.fs.Fault(func(op disktest.Op, name string) error {
		if op == disktest.Read && strings.Contains(name, "bodies") {
			return errTest
		}
		return nil
	})
	r.start(r.Now)
	r.fs.Fault(nil)
	if got := r.info(lotl, r.Now); got.List != nil {
		t.Fatalf("%+v", got)
	}
	r.refuse(artefact.LOTL, lotl, artefact.Origin, r.lotl(verifytest.LOTLOptions{Sequence: 4}), r.Now, reason.TrustListPivotBroken)
	// Unless the operator has pinned those of another notice.
	const notice = "https://journal.example/eli/C/2027/1/oj"
	r.opts.Sources[0].OJ = notice
	r.restart(r.Now)
	r.admitLOTL(verifytest.LOTLOptions{Sequence: 4, OJ: notice}, r.Now)
}

// A pivot of an endless URL would be a record that no disk takes, and with it
// nothing else.
func TestPivotURLBounded(t *testing.T) {
	k := &rolled{kept: keptWorld(t, onlyLOTL)}
	for n, want := range map[int]reason.Code{cache.MaxPivotURL: "", cache.MaxPivotURL + 1: reason.TrustListPivotBroken} {
		url := k.ListBase + "/" + strings.Repeat("p", n-len(k.ListBase)-1)
		if err := k.admitPivot(url, verifytest.LOTLOptions{Sequence: 2, Pivots: []string{url}}); reason.CodeOf(err) != want {
			t.Errorf("%d bytes: %v, want %q", n, err, want)
		}
	}
	k.admitLOTL(verifytest.LOTLOptions{Sequence: 3}, k.Now)
	if d, _ := k.store.Disk(); d.Err != nil || !k.info(lotl, k.Now).Durable {
		t.Errorf("the disk takes nothing more: %v", d.Err)
	}
}

// A territory is two letters: what a list says beyond that names no source.
func TestTerritoryBounded(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.admitLOTL(verifytest.LOTLOptions{Mutate: func(xml string) string {
		return strings.ReplaceAll(xml, "SchemeTerritory>NL<", "SchemeTerritory>"+strings.Repeat("NL", 4096)+"<")
	}}, w.Now)
	if got := len(w.store.Sources()); got != 2 { // the LOTL and DE
		t.Errorf("%d sources", got)
	}
}
