package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func samples() []Record {
	return []Record{
		{Key: "k", State: []byte{}},
		{Key: "eu-lotl:DE", State: []byte("high-water mark"), Digest: sha256.Sum256([]byte("list"))},
		{Key: strings.Repeat("k", MaxKey), State: bytes.Repeat([]byte("s"), MaxState), Digest: [32]byte{31: 1}},
	}
}

// What was written is read.
func TestState(t *testing.T) {
	for _, r := range samples() {
		file := encodeState(r)
		if len(file) > maxStateFile {
			t.Errorf("%d bytes: more than may be read", len(file))
		}
		if got, err := decodeState(file); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%.80v: %v", got, err)
		}
	}
}

// No part of a state file is one, nor is one with any bit flipped, or with more.
func TestStateDamaged(t *testing.T) {
	file := encodeState(samples()[1])
	for n := range file {
		if r, err := decodeState(file[:n]); err == nil {
			t.Errorf("the first %d bytes are %+v", n, r)
		}
	}
	for bit := range len(file) * 8 {
		flipped := bytes.Clone(file)
		flipped[bit/8] ^= 1 << (bit % 8)
		if r, err := decodeState(flipped); err == nil {
			t.Errorf("bit %d flipped: %+v", bit, r)
		}
	}
	if r, err := decodeState(append(bytes.Clone(file), 0)); err == nil {
		t.Errorf("a byte more: %+v", r)
	}
}

// A checksum that fits proves nothing about what it covers: it is no signature.
func TestStateForged(t *testing.T) {
	digest, long, large := make([]byte, 32), strings.Repeat("k", MaxKey+1), make([]byte, MaxState+1)
	state := func(magic string, keyLength int, key string, stateLength int, state []byte) []byte {
		b := binary.BigEndian.AppendUint16([]byte(magic), uint16(keyLength))
		b = append(append(b, key...), digest...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(stateLength)), state...)
		sum := sha256.Sum256(b)
		return append(b, sum[:]...)
	}
	if _, err := decodeState(state(stateMagic, 1, "k", 1, []byte("s"))); err != nil {
		t.Fatalf("nothing is wrong, and yet: %v", err)
	}
	for _, c := range []struct {
		about string
		file  []byte
		want  string
	}{
		{"another version", state("edgest\x00\x02", 1, "k", 1, []byte("s")), "not a state file of this version"},
		{"no key", state(stateMagic, 0, "", 1, []byte("s")), "key has a wrong length"},
		{"a key as long as all that follows", state(stateMagic, 1+32+4+1, "k", 1, []byte("s")), "key has a wrong length"},
		{"a key longer than the file", state(stateMagic, 1<<16-1, "k", 1, []byte("s")), "key has a wrong length"},
		{"a long key", state(stateMagic, len(long), long, 1, []byte("s")), "key has a wrong length"},
		{"a short state", state(stateMagic, 1, "k", 2, []byte("s")), "state has a wrong length"},
		{"a state and more", state(stateMagic, 1, "k", 0, []byte("s")), "state has a wrong length"},
		{"a state of nearly all there is", state(stateMagic, 1, "k", 1<<32-1, []byte("s")), "state has a wrong length"},
		{"a large state", state(stateMagic, 1, "k", len(large), large), "state has a wrong length"},
		{"a larger file", state(stateMagic, len(long), long, len(large), large), "not the size of a state"},
	} {
		if r, err := decodeState(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.80v %v, want %q", c.about, r, err, c.want)
		}
	}
}

// The names of files are digests, written in one way.
func TestDigestOf(t *testing.T) {
	digest := sha256.Sum256([]byte("list"))
	name := fmt.Sprintf("%x", digest)
	if got, ok := digestOf(name); !ok || got != digest {
		t.Errorf("%s: %x %v", name, got, ok)
	}
	for _, bad := range []string{"", name[1:], name[2:], name + "0", name + "00", strings.ToUpper(name), "g" + name[1:], "../" + name[3:]} {
		if _, ok := digestOf(bad); ok {
			t.Errorf("%q counts as a digest", bad)
		}
	}
}

// Whatever is accepted is within the limits and has one encoding.
func FuzzDecodeState(f *testing.F) {
	for _, r := range samples()[:2] {
		file := encodeState(r)
		f.Add(file)
		f.Add(file[:len(file)-sha256.Size])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		// The mutator cannot compute checksums; without this it would never pass one.
		sum := sha256.Sum256(file)
		for _, b := range [][]byte{file, append(bytes.Clone(file), sum[:]...)} {
			r, err := decodeState(b)
			if err != nil {
				continue
			}
			if r.Key == "" || len(r.Key) > MaxKey || len(r.State) > MaxState {
				t.Errorf("accepted a key of %d bytes and a state of %d", len(r.Key), len(r.State))
			}
			if !bytes.Equal(encodeState(r), b) {
				t.Error("accepted a second encoding")
			}
		}
	})
}
