package cache_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A list that credentials led to is followed and served again after a restart.
func TestRestartFound(t *testing.T) {
	k := keptWorld(t, none)
	k.loadAll(k.Now)
	const uri = "https://found.example/1"
	k.find(k.PID("DE"), uri)
	k.mustEntries(k.PID("DE"), uri, 4096, k.Now)
	k.restart(k.Now.Add(time.Minute))
	if got := k.followed(statusID(uri)); got != cache.Found || len(k.held(statuslist.StatusList, uri)) != 1 {
		t.Errorf("followed as %q, %d tokens", got, len(k.held(statuslist.StatusList, uri)))
	}
	if got := k.store.StatusToken(uri); len(got) != 1 || len(got[0].Bytes) == 0 {
		t.Errorf("%d tokens are served", len(got))
	}
}

// One that configuration names and that turned out to be an identifier list comes back
// from disk, too, as what it is.
func TestRestartPrefetchedIdentifiers(t *testing.T) {
	const uri = "https://prefetched.example/identifiers"
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Status = []string{uri} })
	k.loadAll(k.Now)
	b := k.identifiers(longList(k.MDL(), uri), k.Now, verifytest.IdentifierOptions{})
	k.must(k.store.Admit(artefact.Raw{ID: statusID(uri), Door: artefact.Origin, Bytes: b, At: k.Now, Note: "note"}))
	for range 2 {
		k.restart(k.Now.Add(time.Minute))
		if n := len(k.held(statuslist.IdentifierList, uri)); n != 1 || k.followed(statusID(uri)) != "" || k.followed(idlistID(uri)) != cache.Prefetched {
			t.Fatalf("%d tokens, %v", n, k.store.Targets())
		}
		if got := k.store.Note(idlistID(uri)); got != "note" {
			t.Errorf("note %q", got)
		}
		if got, _ := k.keptInfo(idlistID(uri)); !got.Durable || got.Looked.After(k.Now) {
			t.Errorf("%+v", got)
		}
	}
	newer := k.identifiers(longList(k.MDL(), uri), k.Now.Add(time.Second), verifytest.IdentifierOptions{})
	k.must(k.admit(artefact.IdentifierList, uri, artefact.Origin, newer, k.Now.Add(time.Minute)))
	if n := k.bodies(); n != k.bodiesWithout()+1 {
		t.Errorf("the version that was replaced is still on disk: %d bodies", n)
	}
}

// bodies counts the files with bytes as received.
func (k *kept) bodies() (n int) {
	k.eachFile(func(name, _ string) {
		if strings.Contains(name, "bodies/") {
			n++
		}
	})
	return n
}

// bodiesWithout is what bodies is without any status list.
func (k *kept) bodiesWithout() (n int) {
	for _, i := range k.store.Lists(k.Now) {
		if i.Durable {
			n++
		}
	}
	return n
}

// eachFile shows every file of the disk.
func (k *kept) eachFile(show func(name, content string)) {
	k.t.Helper()
	var walk func(dir string)
	walk = func(dir string) {
		entries, err := k.fs.ReadDir(dir, 1<<20)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, e := range entries {
			name := dir + "/" + e.Name()
			if e.IsDir() {
				walk(name)
				continue
			}
			show(name, k.readFile(name))
		}
	}
	walk("data")
}

func (k *kept) readFile(name string) string {
	k.t.Helper()
	f, err := k.fs.Open(name)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	var all strings.Builder
	buf := make([]byte, 1<<16)
	for {
		n, err := f.Read(buf)
		all.Write(buf[:n])
		if err != nil || n == 0 {
			return all.String()
		}
	}
}

// A revocation list that a credential led to is held after a restart, and its
// successors are taken in from then on: the disk does not say whose it is.
func TestRestartCRL(t *testing.T) {
	k := keptWorld(t, none)
	k.loadAll(k.Now)
	de := k.PID("DE")
	const url = "https://elsewhere.example/de.crl"
	k.store.Discover(crlOf(de, url, k.under(de)))
	k.store.FollowFound(k.Now)
	number := func(n int64) []byte { return k.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(n)}) }
	k.must(k.admit(artefact.CRL, url, artefact.Origin, number(5), k.Now))
	k.restart(k.Now)
	if n := len(k.store.View().CRLs(crl.IssuerOf(de.CA.Cert)).Lists); n != 1 {
		t.Fatalf("%d lists after a restart", n)
	}
	k.refuse(artefact.CRL, url, artefact.Origin, number(4), k.Now, reason.CRLRollback)
	de.CRL().Revoke(de.Signer.Cert)
	k.must(k.admit(artefact.CRL, url, artefact.Origin, number(6), k.Now))
	if !k.crlSays(de.CA, de.Signer) {
		t.Error("a revocation after the restart does not count")
	}
}

// The lists of many issuers come back, each on the account of its own.
func TestRestartOwners(t *testing.T) {
	const each = 1 << 15 // bytes of a list
	k := keptWorld(t, sized(10*each))
	k.loadAll(k.Now)
	by := map[string]*verifytest.Authority{"de": k.PID("DE"), "fr": k.PID("FR"), "mdl": k.MDL()}
	for name, a := range by {
		for i := range 2 {
			uri := fmt.Sprintf("https://%s.example/%d", name, i)
			k.find(a, uri)
			k.mustEntries(a, uri, 8*each, k.Now)
		}
	}
	before := k.store.StatusLists(k.Now)
	k.restart(k.Now)
	if got := k.store.StatusLists(k.Now); got.Held != 6 || got.Refused > 0 || got.Used != before.Used {
		t.Errorf("%+v, was %+v", got, before)
	}
	k.wantAccounts("after a restart")
}

// A list that expired while the node was down keeps its place in the sequence: an
// older one that is good for longer does not come in its stead.
func TestRestartExpired(t *testing.T) {
	k := keptWorld(t, none)
	k.loadAll(k.Now)
	de := k.PID("DE")
	const uri = "https://found.example/1"
	l := de.NewStatusList(uri, 1, 4096)
	old := k.token(l, verifytest.FormJWT, k.Now.Add(-time.Hour), verifytest.TokenOptions{Expires: k.Now.Add(2 * day)})
	k.find(de, uri)
	k.admitStatus(uri, k.token(l, verifytest.FormJWT, k.Now, verifytest.TokenOptions{Expires: k.Now.Add(time.Hour)}), k.Now)
	number := func(n int64, life time.Duration) []byte {
		return k.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(n), NextUpdate: k.Now.Add(life)})
	}
	longer := number(4, 2*day)
	k.must(k.admit(artefact.CRL, de.CRL().URL, artefact.Origin, number(5, time.Hour), k.Now))
	at := k.Now.Add(day)
	k.restart(at)
	_, err := k.admit(artefact.Status, uri, artefact.Origin, old, at)
	wantCode(t, "an older status list", err, reason.StatusTokenRollback)
	_, err = k.admit(artefact.CRL, de.CRL().URL, artefact.Origin, longer, at)
	wantCode(t, "an older revocation list", err, reason.CRLRollback)
	if got := k.store.StatusLists(at); got.Held != 1 || got.Expired != 1 || got.CRLsExpired == 0 {
		t.Errorf("%+v", got)
	}
	k.mustEntriesAt(de, uri, 4096, at)
}

// What may no longer be fetched is not followed after a restart, and leaves the disk.
func TestRestartPermit(t *testing.T) {
	k := keptWorld(t, none)
	k.loadAll(k.Now)
	k.find(k.PID("DE"), "https://a.example/1", "https://b.example/1")
	k.mustEntries(k.PID("DE"), "https://a.example/1", 4096, k.Now)
	k.mustEntries(k.PID("DE"), "https://b.example/1", 4096, k.Now)
	with := k.bodies()
	k.opts.Permit = func(id artefact.ID) bool { return !strings.Contains(id.Name, "a.example") }
	k.restart(k.Now)
	if k.followed(statusID("https://a.example/1")) != "" || k.followed(statusID("https://b.example/1")) != cache.Found {
		t.Errorf("%v", k.store.Targets())
	}
	if n := k.bodies(); n != with-1 {
		t.Errorf("%d bodies, %d before", n, with)
	}
}

// A restart with less memory than before: what fits in is held, and nothing breaks.
func TestRestartWithLessMemory(t *testing.T) {
	k := keptWorld(t, none)
	k.loadAll(k.Now)
	list := uris("found", 40)
	k.find(k.PID("DE"), list[:20]...)
	k.find(k.PID("FR"), list[20:]...)
	for i, uri := range list {
		a := k.PID("DE")
		if i >= 20 {
			a = k.PID("FR")
		}
		k.mustEntries(a, uri, 1<<15, k.Now.Add(time.Duration(i)*time.Second-time.Minute))
	}
	k.opts.MaxMemory = k.store.StatusLists(k.Now).Used / 2
	k.restart(k.Now)
	got := k.store.StatusLists(k.Now)
	if got.Used > got.Max || got.Held < 15 || got.Held > 20 {
		t.Errorf("%+v", got)
	}
	k.wantAccounts("with half the memory")
	held := got.Held
	k.restart(k.Now)
	if got := k.store.StatusLists(k.Now); got.Held != held {
		t.Errorf("%d lists, %d before another restart", got.Held, held)
	}
}
