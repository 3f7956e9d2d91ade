package statuslist

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Whatever is packed and signed, in either form, is read back entry by entry; what
// fills the last byte is 0, and there is nothing beyond it.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		bits := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(r, "bits")
		statuses := rapid.SliceOfN(rapid.ByteMax(byte(1<<bits-1)), 0, 3000).Draw(r, "statuses")
		array := pack(statuses, bits)
		k := newToken(t)
		k.list = map[string]any{"bits": bits, "lst": deflate(t, array)}
		var tok *Token
		var err error
		if rapid.Bool().Draw(r, "cwt") {
			tok, err = verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
		} else {
			tok, err = verifyJWT(k.jwt(t), &testKey.PublicKey)
		}
		if err != nil {
			r.Fatal(err)
		}
		if want := uint64(len(array) * (8 / bits)); tok.Len() != want {
			r.Fatalf("%d entries, want %d", tok.Len(), want)
		}
		for i := range tok.Len() {
			want := byte(0)
			if i < uint64(len(statuses)) {
				want = statuses[i]
			}
			if got, ok := tok.Value(i); !ok || got != want {
				r.Fatalf("entry %d is %d %v, want %d", i, got, ok, want)
			}
		}
		beyond := tok.Len() + rapid.Uint64Max(1<<63).Draw(r, "beyond")
		if got, ok := tok.Value(beyond); ok || got != 0 {
			r.Fatalf("entry %d of %d is %d", beyond, tok.Len(), got)
		}
	})
}

// What ReferencesJSON gives for a shape is what was put into it, and the two
// shapes conflict exactly when they differ.
func TestTwoShapes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		uri := rapid.SampledFrom([]string{"u", "v", "u/"})
		index := rapid.Int64Range(0, 3)
		a, b := Reference{URI: uri.Draw(r, "uri"), Index: uint64(index.Draw(r, "idx"))}, Reference{URI: uri.Draw(r, "flat uri"), Index: uint64(index.Draw(r, "index"))}
		refs, m, err := ReferencesJSON(map[string]any{
			"status_list": map[string]any{"idx": int64(a.Index), "uri": a.URI},
			"type":        "TokenStatusList", "index": int64(b.Index), "uri": b.URI,
		})
		same := a.URI == b.URI && a.Index == b.Index
		switch {
		case len(m.Unknown) > 0:
			r.Fatalf("others %q", m.Unknown)
		case same && (err != nil || len(refs) != 1 || refs[0].URI != a.URI || refs[0].Index != a.Index):
			r.Fatalf("%v, %v", refs, err)
		case !same && (reason.CodeOf(err) != reason.StatusReferenceConflict || refs != nil):
			r.Fatalf("%v, %v", refs, err)
		}
	})
}
