package gossip

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

func sampleAnnouncement() Announcement {
	return Announcement{
		Head: Head{
			List: IDOf(artefact.ID{Kind: artefact.LoTE, Name: "pid-providers"}),
			Kind: Closed, Version: 12, Digest: artefact.Sum([]byte("body")), Size: 4096,
		},
		Holder: "edge-fra-2", Origin: "edge-fra-1", Stamp: 1_800_000_000_000, Signature: bytes.Repeat([]byte{7}, 64),
	}
}

// The bytes of today: whoever changes them changes what nodes of this version read.
func TestWireBytes(t *testing.T) {
	b, err := sampleAnnouncement().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != wire {
		t.Errorf("%s", got)
	}
	back, err := ParseAnnouncement(b)
	if err != nil || back.Head != sampleAnnouncement().Head || back.Holder != "edge-fra-2" || back.Origin != "edge-fra-1" || !bytes.Equal(back.Signature, sampleAnnouncement().Signature) {
		t.Errorf("%+v, %v", back, err)
	}
}

var wire = "aa000101502cca3f290306b773e8c650b4eb87fe0c020c035820230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb504191000" +
	"056a656467652d6672612d32066a656467652d6672612d31075840" + strings.Repeat("07", 64) + "0801" + "091b000001a3185c5000"

// The longest names and signature still fit one packet; fields that are not known are
// passed over.
func TestWireRoom(t *testing.T) {
	a := sampleAnnouncement()
	a.Version, a.Size, a.Stamp = 1<<63, transfer.MaxBody, 1<<62
	a.Holder, a.Origin = strings.Repeat("h", MaxName), strings.Repeat("o", MaxName)
	a.Signature = bytes.Repeat([]byte{1}, 72)
	b, err := a.Marshal()
	if err != nil || len(b) > MaxAnnouncement {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	small, err := sampleAnnouncement().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var m map[int]any
	if err := cbor.Unmarshal(small, &m); err != nil {
		t.Fatal(err)
	}
	m[0], m[99] = 2, []any{"something", "new"}
	later, err := cbor.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseAnnouncement(later); err != nil || got.Head != sampleAnnouncement().Head {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWireRefused(t *testing.T) {
	for what, change := range map[string]func(*Announcement){
		"no holder":        func(a *Announcement) { a.Holder = "" },
		"no origin":        func(a *Announcement) { a.Origin = "" },
		"a long name":      func(a *Announcement) { a.Holder = strings.Repeat("h", MaxName+1) },
		"a long signature": func(a *Announcement) { a.Signature = make([]byte, maxSignature+1) },
		"too large a body": func(a *Announcement) { a.Size = transfer.MaxBody + 1 },
		"an empty body":    func(a *Announcement) { a.Size = 0 },
		"more than a packet": func(a *Announcement) {
			a.Holder, a.Origin = strings.Repeat("h", MaxName), strings.Repeat("o", MaxName)
			a.Signature = make([]byte, maxSignature+1)
		},
	} {
		a := sampleAnnouncement()
		change(&a)
		if _, err := a.Marshal(); err == nil {
			t.Errorf("%s is written", what)
		}
	}
	good, _ := sampleAnnouncement().Marshal()
	for what, b := range map[string][]byte{
		"nothing": nil, "garbage": []byte("garbage"), "cut off": good[:len(good)-1], "trailing": append(bytes.Clone(good), 0),
		"too long": make([]byte, MaxAnnouncement+1), "an array": {0x80}, "version 0": bytes.Replace(good, []byte{0xaa, 0, 1}, []byte{0xaa, 0, 0}, 1),
	} {
		if _, err := ParseAnnouncement(b); err == nil {
			t.Errorf("%s is read", what)
		}
	}
}

// What is signed is all that a relay must not change.
func TestSignedBytes(t *testing.T) {
	a := sampleAnnouncement()
	same := a
	same.Holder, same.Signature = "another", nil
	if !bytes.Equal(a.SignedBytes(), same.SignedBytes()) {
		t.Error("the holder is signed, who changes on the way")
	}
	for what, change := range map[string]func(*Announcement){
		"list": func(a *Announcement) { a.List[0]++ }, "version": func(a *Announcement) { a.Version++ },
		"kind": func(a *Announcement) { a.Kind++ }, "stamp": func(a *Announcement) { a.Stamp++ },
		"digest": func(a *Announcement) { a.Digest[31]++ }, "size": func(a *Announcement) { a.Size++ }, "origin": func(a *Announcement) { a.Origin = "edge-fra-3" },
	} {
		b := a
		change(&b)
		if bytes.Equal(a.SignedBytes(), b.SignedBytes()) {
			t.Errorf("the %s is not signed", what)
		}
	}
}

func FuzzAnnouncement(f *testing.F) {
	good, err := sampleAnnouncement().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAnnouncement(b)
		if err != nil {
			return
		}
		again, err := a.Marshal()
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		if back, err := ParseAnnouncement(again); err != nil || back.Head != a.Head || back.Origin != a.Origin {
			t.Fatalf("%+v is %+v, %v", a, back, err)
		}
	})
}
