package cache_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// The size of a country: 1,000 lists of 2^20 one-bit entries, a billion credentials.
const (
	countryLists   = 1000
	countryEntries = 1 << 20

	setShare     = 0.012
	changedShare = 0.0001 // of the entries, from one version of a list to the next
	foundFrom    = 1 << 20
)

// country is an issuer with many status lists. Tokens are made once and cloned for
// each who reads them, as if they came from a network.
type country struct {
	*verifytest.World
	lists, entries int
	uris           []string
	trust          []byte // the trust list that names the issuer
	signer         *verifytest.Key
	iat            time.Time
	first          [][]byte // the first version of each list's token
}

// makeCountry makes the issuer and the first version of each list.
func makeCountry(t testing.TB, w *verifytest.World, lists, entries int) *country {
	t.Helper()
	c := &country{World: w, lists: lists, entries: entries, signer: w.PID("DE").Revocation, iat: w.Now.Add(-time.Hour)}
	var err error
	if c.trust, err = w.LoTE("pid", verifytest.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range lists {
		c.uris = append(c.uris, countryURI(i))
	}
	c.first = make([][]byte, lists)
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for i := half; i < lists; i += 2 {
				c.first[i] = c.token(t, i, 0)
			}
		})
	}
	wg.Wait()
	return c
}

var wholeCountry struct {
	once sync.Once
	c    *country
}

// aCountry is one that every benchmark of a process shares.
func aCountry(t testing.TB) *country {
	t.Helper()
	wholeCountry.once.Do(func() {
		w, err := verifytest.New(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		wholeCountry.c = makeCountry(t, w, countryLists, countryEntries)
	})
	return wholeCountry.c
}

func countryURI(i int) string { return fmt.Sprintf("https://status.example/country/%d", i) }

// array is what a version of a list says: the same for everybody.
func (c *country) array(i, version int) []byte {
	array := make([]byte, c.entries/8)
	set := func(rng *rand.Rand, share float64) {
		for range int(float64(c.entries) * share) {
			at := rng.IntN(c.entries)
			array[at/8] |= 1 << (at % 8)
		}
	}
	set(rand.New(rand.NewPCG(1, uint64(i))), setShare)
	for v := range version {
		set(rand.New(rand.NewPCG(uint64(v+2), uint64(i))), changedShare)
	}
	return array
}

// token is a version of a list, signed.
func (c *country) token(t testing.TB, i, version int) []byte {
	return c.tokenOf(t, countryURI(i), i, version)
}

func (c *country) tokenOf(t testing.TB, uri string, i, version int) []byte {
	t.Helper()
	var lst bytes.Buffer
	z, err := zlib.NewWriterLevel(&lst, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(c.array(i, version)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var x5c []string
	for _, der := range c.signer.Chain() {
		x5c = append(x5c, base64.StdEncoding.EncodeToString(der))
	}
	iat := c.iat.Add(time.Duration(version) * time.Second)
	jws, err := verifytest.SignJWS(
		map[string]any{"typ": "statuslist+jwt", "alg": "ES256", "x5c": x5c},
		map[string]any{
			"sub": uri, "iat": iat.Unix(), "exp": iat.Add(24 * time.Hour).Unix(), "ttl": 300,
			"status_list": map[string]any{"bits": 1, "lst": verifytest.URL64(lst.Bytes())},
		}, c.signer.Private)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(jws)
}

// raw is how many bytes the bits of all lists take.
func (c *country) raw() int64 { return int64(c.lists) * int64(c.entries/8) }

// signed is how many bytes the tokens take.
func (c *country) signed() (n int64) {
	for _, b := range c.first {
		n += int64(len(b))
	}
	return n
}

// need is what a store says that the lists take.
func (c *country) need(withDisk bool) int64 {
	n := c.raw() + int64(c.lists)<<10
	if !withDisk {
		n += c.signed()
	}
	return n
}

// countryOptions are of a store that follows the lists from the start.
func countryOptions(operator *x509.Certificate, uris []string) cache.Options {
	return cache.Options{
		UnsafeTestAnchors: true, Status: uris, MaxMemory: 1 << 30,
		Permit: func(artefact.ID) bool { return true },
		Sources: []cache.Source{{
			Name: "pid", Type: artefact.LoTE, Profile: "pid", URL: "https://lists.example/pid", Signers: []*x509.Certificate{operator},
		}},
	}
}

// store is one with the issuer's trust list, and no status list yet; dir "": without
// a disk.
func (c *country) store(t testing.TB, dir string, change func(*cache.Options)) *cache.Store {
	t.Helper()
	o := countryOptions(c.Operator.Cert, c.uris)
	if change != nil {
		change(&o)
	}
	return openStore(t, o, dir, c.trust)
}

func openStore(t testing.TB, o cache.Options, dir string, trust []byte) *cache.Store {
	t.Helper()
	s := cache.New(o, time.Now())
	if dir != "" {
		d, held, err := disk.Open(filepath.Join(dir, "data"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		s.Restore(d, held, time.Now())
	}
	if _, err := s.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.LoTE, Name: "pid"}, Door: artefact.Origin, Bytes: trust, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return s
}

// admitToken has one token admitted.
func admitToken(s *cache.Store, uri string, b []byte) error {
	_, err := s.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.Status, Name: uri}, Door: artefact.Origin, Bytes: b, At: time.Now()})
	return err
}

// loadAll admits the first version of each list.
func (c *country) loadAll(t testing.TB, s *cache.Store) {
	t.Helper()
	for i, b := range c.first {
		if err := admitToken(s, c.uris[i], bytes.Clone(b)); err != nil {
			t.Fatal(i, err)
		}
	}
}

// updates are further versions, of one list after the other.
func (c *country) updates(t testing.TB, n int) [][]byte {
	t.Helper()
	list := make([][]byte, n)
	for k := range list {
		list[k] = c.token(t, k%c.lists, 1+k/c.lists)
	}
	return list
}

// write puts the trust list, the tokens and so many updates into files.
func (c *country) write(t testing.TB, dir string, updates int) {
	t.Helper()
	files := map[string][]byte{"operator": c.Operator.Cert.Raw, "trust": c.trust}
	for i, b := range c.first {
		files[fmt.Sprintf("list-%d", i)] = b
	}
	for k, b := range c.updates(t, updates) {
		files[fmt.Sprintf("update-%d", k)] = b
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func folderFor(t testing.TB, withDisk bool) string {
	if withDisk {
		return t.TempDir()
	}
	return ""
}

var stores = []struct {
	name string
	disk bool
}{{"disk", true}, {"memory", false}}

// full says whether a token was refused for want of memory; any other refusal fails.
func full(t testing.TB, err error) bool {
	t.Helper()
	if err != nil && reason.CodeOf(err) != reason.StatusMemoryFull {
		t.Fatal(err)
	}
	return err != nil
}

func long() bool { return os.Getenv("EDGETRUST_LONG") == "1" }
