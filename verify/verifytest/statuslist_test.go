package verifytest

import (
	"bytes"
	"compress/zlib"
	"crypto/ecdsa"
	"encoding/hex"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// TestStatusListVectors are those of Token Status List section 4.1 and 4.2.
func TestStatusListVectors(t *testing.T) {
	for _, c := range []struct {
		bits     int
		statuses []byte
		bytes    string
	}{
		{1, []byte{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}, "b9a3"},
		{2, []byte{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3}, "c944f9"},
	} {
		l := (&Authority{}).NewStatusList("u", c.bits, len(c.statuses))
		for i, v := range c.statuses {
			if err := l.Set(uint64(i), v); err != nil {
				t.Fatal(err)
			}
		}
		if got := hex.EncodeToString(l.bytes); got != c.bytes {
			t.Errorf("%d bits: %s, want %s", c.bits, got, c.bytes)
		}
		for i, v := range c.statuses {
			if l.Get(uint64(i)) != v {
				t.Errorf("%d bits: entry %d", c.bits, i)
			}
		}
		if l.Set(l.Len(), 0) == nil || l.Set(0, 1<<c.bits) == nil || l.Get(l.Len()) != 0 {
			t.Error("an entry beyond the end, or a value that does not fit")
		}
	}
}

func (w *World) statusListOf(uri string) *StatusList {
	l, _ := w.status[uri].(*StatusList)
	return l
}

func inflate(t *testing.T, b []byte) []byte {
	t.Helper()
	return must[[]byte](t)(io.ReadAll(must[io.ReadCloser](t)(zlib.NewReader(bytes.NewReader(b)))))
}

func TestStatusTokens(t *testing.T) {
	w := testWorld(t)
	tokens := must[map[string]Current](t)(w.StatusTokens(testNow))
	// Three for DE and FR, two for the mDL, two for public bodies, one for the bank.
	if len(tokens) != 11 {
		t.Errorf("%d lists", len(tokens))
	}
	for uri, c := range tokens {
		if c.Form == FormIdentifiers {
			continue // TestIdentifierTokens
		}
		l := w.statusListOf(uri)
		key := &l.authority.Revocation.Private.PublicKey
		if c.Form == FormJWT {
			header, claims := openJWS(t, string(c.Token), key)
			list := claims["status_list"].(map[string]any)
			if header["typ"] != "statuslist+jwt" || claims["sub"] != uri || claims["iat"] != float64(testNow.Unix()) || list["bits"] != 2.0 {
				t.Errorf("%s: %v", uri, header)
			}
			if !bytes.Equal(inflate(t, unbase64(t, list["lst"].(string))), l.bytes) {
				t.Errorf("%s: entries", uri)
			}
			continue
		}
		checkCWT(t, c, l, key)
	}
}

func checkCWT(t *testing.T, c Current, l *StatusList, key *ecdsa.PublicKey) {
	t.Helper()
	protected, unprotected, claims := openCWT(t, c.Token, key)
	list := openCBOR[struct {
		Bits int    `cbor:"bits"`
		List []byte `cbor:"lst"`
	}](t, claims[65533])
	if protected[16] != "application/statuslist+cwt" || protected[33] == nil || len(unprotected) != 0 ||
		openCBOR[string](t, claims[2]) != l.URI || openCBOR[int64](t, claims[6]) != testNow.Unix() || claims[4] == nil ||
		list.Bits != 1 || !bytes.Equal(inflate(t, list.List), l.bytes) {
		t.Errorf("%s: %v %v", l.URI, protected, claims)
	}
}

// openCWT opens a tagged COSE_Sign1 whose payload is a claims set.
func openCWT(t *testing.T, token []byte, key *ecdsa.PublicKey) (protected, unprotected map[int]any, claims map[int]cbor.RawMessage) {
	t.Helper()
	tag := openCBOR[cbor.RawTag](t, token)
	m := openCBOR[message](t, tag.Content)
	if tag.Number != 18 || !verifies(key, structure(t, "Signature1", m.Protected, m.Payload), m.Proof) {
		t.Fatal("tag or signature")
	}
	return openCBOR[map[int]any](t, m.Protected), m.Unprotected, openCBOR[map[int]cbor.RawMessage](t, m.Payload)
}

// TestPublish: a token is kept while nothing changes, and each new one is newer.
func TestPublish(t *testing.T) {
	w := testWorld(t)
	ref := must[Ref](t)(w.Status(w.PID("DE"), FormJWT, StatusGood))
	l := w.statusListOf(ref.URI)
	publish := func(at time.Time) Current { return must[Current](t)(l.Publish(FormJWT, at)) }
	first := publish(testNow)
	if again := publish(testNow.Add(defaultTTL/2 - time.Second)); !bytes.Equal(first.Token, again.Token) {
		t.Error("signed again without need")
	}
	if err := w.SetStatus(ref, StatusRevoked); err != nil {
		t.Fatal(err)
	}
	second := publish(testNow)
	if !second.IssuedAt.After(first.IssuedAt) || bytes.Equal(first.Token, second.Token) {
		t.Error("a revocation within the same second is no newer list")
	}
	if again := publish(testNow); !bytes.Equal(second.Token, again.Token) {
		t.Error("the newer list is signed again within its second")
	}
	if third := publish(testNow.Add(defaultTTL)); !third.IssuedAt.Equal(testNow.Add(defaultTTL)) {
		t.Error("an old token is not renewed")
	}
	if w.SetStatus(Ref{URI: "elsewhere"}, 1) == nil || w.SetStatus(Ref{URI: ref.URI, Identifier: []byte{1}}, 1) == nil {
		t.Error("a list of nobody's was written, or by an identifier")
	}
}

func TestAllocate(t *testing.T) {
	w := testWorld(t)
	seen := make(map[uint64]bool)
	for value, n := range map[byte]int{StatusGood: 500, StatusRevoked: 900, StatusSuspended: 200} {
		for range n { // more than the crowd has of the last two
			ref := must[Ref](t)(w.Status(w.PID("DE"), FormJWT, value))
			if seen[ref.Index] || w.statusListOf(ref.URI).Get(ref.Index) != value {
				t.Fatalf("entry of value %d handed out twice or wrong", value)
			}
			seen[ref.Index] = true
		}
	}
	small := w.EAA().NewStatusList("u", 1, 8)
	for range 8 {
		must[Ref](t)(small.Allocate(StatusGood))
	}
	if _, err := small.Allocate(StatusGood); err == nil {
		t.Error("a full list gave an entry")
	}
}

func TestRevokeSample(t *testing.T) {
	w := testWorld(t)
	if _, ok := w.Revoke("mdl"); ok {
		t.Error("nothing was made yet")
	}
	m := must[*Made](t)(w.Make("mdl", Context{}, testNow))
	uri, ok := w.Revoke("mdl")
	if !ok || uri != m.Status.URI || w.statusListOf(uri).Get(m.Status.Index) != StatusRevoked {
		t.Error("not revoked")
	}
	must[*Made](t)(w.Make("short-lived", Context{}, testNow))
	if _, ok := w.Revoke("short-lived"); ok {
		t.Error("a credential without a status was revoked")
	}
	if _, _, ok, _ := w.StatusToken("https://elsewhere.example", testNow); ok {
		t.Error("a token of nobody's")
	}
}

// TestConcurrent: a demonstration makes, revokes and serves at the same time.
func TestConcurrent(t *testing.T) {
	w := testWorld(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if _, err := w.Make("sdjwt-pid-de", Context{}, testNow); err != nil {
					t.Error(err)
				}
				w.Revoke("sdjwt-pid-de")
				if _, _, _, err := w.StatusToken(w.StatusBase+"/status/de-jwt", testNow); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
