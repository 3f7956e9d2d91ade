package artefact

import "testing"

// The digest is the SHA-256 of the bytes, written as lower-case hex.
func TestSum(t *testing.T) {
	for in, want := range map[string]string{
		"":    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	} {
		if got := Sum([]byte(in)).String(); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// An artefact of one kind is never that of another, whatever it is called.
func TestIdentity(t *testing.T) {
	ids := map[ID]bool{}
	for _, k := range []Kind{LoTE, Anchors, Status} {
		ids[ID{k, "same"}] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d identities", len(ids))
	}
}
