package gossip

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

func sampleLooks() LookNews {
	return LookNews{
		Origin: "edge-fra-1", Stamp: 1_800_000_000_000, Signature: bytes.Repeat([]byte{7}, 64),
		Seen: []Seen{SeenOf(sampleAnnouncement().Head), {List: ListID{9}, Version: 1}},
	}
}

// The bytes of today: whoever changes them changes what nodes of this version read.
func TestLookWireBytes(t *testing.T) {
	b, err := sampleLooks().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = "a50001016a656467652d6672612d31021b000001a3185c50000358402cca3f290306b773e8c650b4eb87fe0c000000000000000c230d8358dc8e8890" +
		"0900000000000000000000000000000000000000000000010000000000000000045840"
	if got := hex.EncodeToString(b); got != want+strings.Repeat("07", 64) {
		t.Errorf("%s", got)
	}
	back, err := ParseLookNews(b)
	if err != nil || back.Origin != "edge-fra-1" || !slices.Equal(back.Seen, sampleLooks().Seen) || !bytes.Equal(back.SignedBytes(), sampleLooks().SignedBytes()) {
		t.Errorf("%+v, %v", back, err)
	}
}

// As many looks as there may be fit one packet; fields that are not known are passed
// over.
func TestLookWireRoom(t *testing.T) {
	n := sampleLooks()
	n.Seen, n.Origin, n.Signature = make([]Seen, MaxSeen), strings.Repeat("o", MaxName), make([]byte, 72)
	if b, err := n.Marshal(); err != nil || len(b) > MaxLookNews {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	small, _ := sampleLooks().Marshal()
	var m map[int]any
	if err := cbor.Unmarshal(small, &m); err != nil {
		t.Fatal(err)
	}
	m[0], m[99] = 2, "new"
	later, _ := cbor.Marshal(m)
	if got, err := ParseLookNews(later); err != nil || got.Origin != "edge-fra-1" {
		t.Errorf("%+v, %v", got, err)
	}
	for what, b := range map[string][]byte{
		"nothing": nil, "garbage": []byte("garbage"), "cut off": small[:len(small)-1], "trailing": append(bytes.Clone(small), 0), "too long": make([]byte, MaxLookNews+1),
	} {
		if _, err := ParseLookNews(b); err == nil {
			t.Errorf("%s is read", what)
		}
	}
	for what, change := range map[string]func(*LookNews){
		"no looks": func(n *LookNews) { n.Seen = nil }, "too many": func(n *LookNews) { n.Seen = make([]Seen, MaxSeen+1) },
		"no origin": func(n *LookNews) { n.Origin = "" }, "a long signature": func(n *LookNews) { n.Signature = make([]byte, maxSignature+1) },
	} {
		n := sampleLooks()
		change(&n)
		if _, err := n.Marshal(); err == nil {
			t.Errorf("%s is written", what)
		}
	}
}

func FuzzLookNews(f *testing.F) {
	good, _ := sampleLooks().Marshal()
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseLookNews(b)
		if err != nil {
			return
		}
		again, err := n.Marshal()
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		if back, err := ParseLookNews(again); err != nil || !slices.Equal(back.Seen, n.Seen) {
			t.Fatalf("%+v is %+v, %v", n, back, err)
		}
	})
}

// looksOf is news of a look by a member, a number of milliseconds after the start.
func looksOf(member string, after int64) HeardLooks {
	return HeardLooks{From: "m9", LookNews: LookNews{Origin: member, Stamp: start.UnixMilli() + after, Seen: []Seen{{List: ListID{1}}}, Signature: []byte(member)}}
}

func believing(o *Options) {
	o.VerifyLooks = func(n LookNews) bool { return string(n.Signature) == n.Origin }
}

// News of looks is told of and passed on once, in whatever order it comes, and neither
// a replay from another day nor one that was heard long ago counts again.
func TestLooks(t *testing.T) {
	c := newCore(20, believing)
	count := func(now time.Time, e HeardLooks) int { return len(of[Looked](c.Step(now, e))) }
	for _, after := range []int64{1000, 500, 700} {
		effects := c.Step(start, looksOf("m1", after))
		if got := of[Looked](effects); len(got) != 1 || got[0].Origin != "m1" || len(of[TellLooks](effects)) < 3 {
			t.Errorf("%d: %+v", after, effects)
		}
		if got := c.Step(start, looksOf("m1", after)); len(of[Looked](got))+len(of[TellLooks](got)) > 0 {
			t.Errorf("%d again: %+v", after, got)
		}
	}
	for after := range int64(200) {
		count(start.Add(time.Duration(after)*time.Second), looksOf("m1", 2000+after))
	}
	now := start.Add(time.Hour)
	if n := count(now, looksOf("m1", 1000)); n != 0 {
		t.Error("a replay counts")
	}
	edge := maxSkew.Milliseconds()
	for after, want := range map[int64]int{3600_000 - edge - 1: 0, 3600_000 - edge: 1, 3600_000 + edge: 1, 3600_000 + edge + 1: 0} {
		if n := count(now, looksOf("m2", after)); n != want {
			t.Errorf("%d ms: heard %d times, want %d", after, n, want)
		}
	}
	forged := looksOf("m3", 3600_000)
	forged.Signature = []byte("m4")
	unknown := looksOf("stranger", 3600_000)
	for what, e := range map[string]HeardLooks{"forged": forged, "of nobody": unknown, "its own": looksOf("m0", 3600_000)} {
		if n := count(now, e); n != 0 {
			t.Errorf("%s: heard", what)
		}
	}
}

// A member's own looks go out in as few packets as they take, no stamp twice.
func TestOwnLooks(t *testing.T) {
	c := newCore(20, nil)
	seen := make([]Seen, MaxSeen+1)
	stamps := map[int64]bool{}
	for range 3 {
		told := of[TellLooks](c.Step(start, Look{seen}))
		sizes := map[int]int{}
		for _, n := range told {
			sizes[len(n.Seen)]++
			stamps[n.Stamp] = true
			if n.Origin != "m0" || string(n.Signature) != "m0" {
				t.Errorf("%+v", n)
			}
		}
		if sizes[MaxSeen] != fanout(20) || sizes[1] != fanout(20) {
			t.Errorf("%v", sizes)
		}
	}
	if len(stamps) != 6 {
		t.Errorf("%d stamps", len(stamps))
	}
}

// A beacon is passed on and told of once; an older one of the same member is not.
func TestBeacon(t *testing.T) {
	sender := newCore(20, nil)
	sent := of[Announce](sender.Step(start, Beat{}))
	if len(sent) != fanout(20) {
		t.Fatalf("%+v", sent)
	}
	wire, err := sent[0].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	a, err := ParseAnnouncement(wire)
	if err != nil {
		t.Fatal(err)
	}
	a.Origin, a.Signature = "m5", []byte("m5")
	c := newCore(20, nil)
	for i, want := range []int{1, 0} {
		effects := c.Step(start, Heard{"m9", a})
		if got := of[Beaten](effects); len(got) != want || want == 1 && got[0] != (Beaten{"m5", start.UnixMilli()}) {
			t.Errorf("time %d: %+v", i, effects)
		}
	}
	if len(c.lists) != 0 || c.sum != (Summary{}) {
		t.Error("a beacon is held")
	}
	old := a
	old.Stamp--
	if got := of[Beaten](c.Step(start, Heard{"m9", old})); len(got) > 0 {
		t.Error("an older one is told of")
	}
	late := a
	late.Origin, late.Signature = "m6", []byte("m6")
	if got := of[Beaten](c.Step(start.Add(maxSkew+time.Second), Heard{"m9", late})); len(got) > 0 {
		t.Error("one of long ago is told of")
	}
}

// What somebody forges in another's name costs that one nothing; and from one member
// so much is looked into and no more.
func TestForgedNewsCostsItsSender(t *testing.T) {
	verified := 0
	c := newCore(20, func(o *Options) {
		o.Verify = func(a Announcement) bool { verified++; return string(a.Signature) == a.Origin }
	})
	for i := range 10 * MaxRelayed {
		e := from("m7", Head{List: ListID{byte(i), byte(i >> 8), 1}, Version: 1, Size: 1})
		e.From, e.Signature = "m8", []byte("forged")
		c.Step(start, e)
	}
	if verified != MaxRelayed {
		t.Errorf("%d signatures checked, want %d", verified, MaxRelayed)
	}
	if len(of[Announce](c.Step(start, from("m7", head(1, 1))))) == 0 {
		t.Error("m7 is not heard")
	}
	if c.avoided("m7", start) {
		t.Error("m7 is avoided")
	}
}

// Who forwards or names a holder falsely harms neither itself nor the one it names.
func TestFalselyNamedHolder(t *testing.T) {
	c := newCore(20, nil)
	for i := range byte(10) {
		e := from("m7", head(i, 1))
		e.Holder = "m3" // which m7 has not signed
		c.Step(start, e)
		for _, by := range []string{"m7", "m3"} {
			c.Step(start, Pulled{head(i, 1), by, Missing})
		}
	}
	if c.avoided("m3", start) || c.avoided("m7", start) {
		t.Error("avoided for what another said")
	}
}

// When an update was announced comes along in a comparison, too.
func TestStampsAreTold(t *testing.T) {
	digest := artefact.Sum([]byte("x"))
	h := Head{List: ListID{1}, Version: 1, Digest: digest, Size: 1}
	c := newCore(3, nil)
	c.Step(start, Held{Head: h})
	told := of[Tell](c.Step(start.Add(time.Minute), Compared{From: "m1"}))
	if len(told) != 1 || told[0].Stamps[0] != start.UnixMilli() {
		t.Fatalf("%+v", told)
	}
	other := newCore(3, nil)
	p := of[Pull](other.Step(start, Told{"m1", told[0].Parts, told[0].Heads, told[0].Stamps}))
	if len(p) != 1 || p[0].Stamp != start.UnixMilli() {
		t.Errorf("%+v", p)
	}
}
