package sdjwt

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// grower conceals a random tree at random places and knows what a verifier that
// is shown a random part of the disclosures must see.
type grower struct {
	t     *rapid.T
	c     *card
	alg   string
	shown []string // disclosures that are presented
}

func (g *grower) coin(label string) bool { return rapid.Bool().Draw(g.t, label) }

func (g *grower) digest(part string) string { return hashOf(g.alg, part) }

func (g *grower) decoy() string {
	return g.digest(fmt.Sprint("decoy", rapid.Uint64().Draw(g.t, "decoy"), len(g.shown), salt()))
}

func (g *grower) leaf() any {
	return rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Int64Range(-1<<60, 1<<60), func(n int64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just(any(nil)),
	).Draw(g.t, "leaf")
}

// value draws a value and returns it as the issuer writes it, and as the verifier
// must see it if everything above it is shown. reachable says whether it is.
func (g *grower) value(depth int, reachable bool) (written, seen any) {
	kind := rapid.IntRange(0, 3).Draw(g.t, "kind")
	switch {
	case depth > 0 && kind == 1:
		return g.object(depth, reachable)
	case depth > 0 && kind == 2:
		return g.array(depth, reachable)
	}
	v := g.leaf()
	return v, v
}

func (g *grower) object(depth int, reachable bool) (written, seen any) {
	w, s := object{}, object{}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "exp", "vct", "cnf", "é", ""}), 0, 4, rapid.ID).Draw(g.t, "names")
	var digests []any
	for _, name := range names {
		concealed := g.coin("conceal")
		show := reachable && (!concealed || g.coin("show"))
		cw, cs := g.value(depth-1, show)
		if show {
			s[name] = cs
		}
		if !concealed {
			w[name] = cw
			continue
		}
		part := encJSON([]any{salt(), name, cw})
		digests = append(digests, g.digest(part))
		if show {
			g.shown = append(g.shown, part)
		}
	}
	if len(digests) > 0 || g.coin("empty") {
		for range rapid.IntRange(0, 2).Draw(g.t, "decoys") {
			digests = append(digests, g.decoy())
		}
		w["_sd"] = rapid.Permutation(digests).Draw(g.t, "order")
		if len(digests) == 0 {
			w["_sd"] = []any{}
		}
	}
	return w, s
}

func (g *grower) array(depth int, reachable bool) (written, seen any) {
	w, s := []any{}, []any{}
	for range rapid.IntRange(0, 4).Draw(g.t, "elements") {
		if g.coin("decoy element") {
			w = append(w, object{"...": g.decoy()})
		}
		concealed := g.coin("conceal")
		show := reachable && (!concealed || g.coin("show"))
		cw, cs := g.value(depth-1, show)
		if show {
			s = append(s, cs)
		}
		if !concealed {
			w = append(w, cw)
			continue
		}
		part := encJSON([]any{salt(), cw})
		w = append(w, object{"...": g.digest(part)})
		if show {
			g.shown = append(g.shown, part)
		}
	}
	return w, s
}

// Whatever the issuer conceals and the holder shows, processing yields exactly
// what was in the open and what was shown.
func TestProcessingYieldsWhatWasShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCard()
		c.parts, c.payload = nil, object{"vct": "urn:x"}
		want := object{"vct": "urn:x"}
		alg := rapid.SampledFrom([]string{"", "sha-256", "sha-384", "sha-512"}).Draw(t, "alg")
		if alg != "" {
			c.payload["_sd_alg"] = alg
		}
		g := &grower{t: t, c: c, alg: alg}
		for i := range rapid.IntRange(1, 3).Draw(t, "claims") {
			name := fmt.Sprint("claim", i)
			concealed := g.coin("conceal")
			show := !concealed || g.coin("show")
			w, s := g.value(4, show)
			if show {
				want[name] = s
			}
			if !concealed {
				c.payload[name] = w
				continue
			}
			part := encJSON([]any{salt(), name, w})
			c.addDigest(c.payload, g.digest(part))
			if show {
				g.shown = append(g.shown, part)
			}
		}
		c.parts = g.shown
		if len(g.shown) > 0 {
			c.parts = rapid.Permutation(g.shown).Draw(t, "presented")
		}
		c.kb = nil
		k := newChecks()
		k.binding = nil
		cred, err := verify(c.build(), k)
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		if d := cmp.Diff(plain(want), plain(cred.Claims())); d != "" {
			t.Fatalf("processed payload differs (-want +got):\n%s", d)
		}
		// One disclosure less is either the same tree without it, or a child that
		// lost its parent; never the same tree.
		if len(c.parts) > 0 {
			c.parts = c.parts[1:]
			cred, err := verify(c.build(), k)
			if err == nil && cmp.Equal(plain(want), plain(cred.Claims())) {
				t.Fatal("a disclosure that shows nothing")
			}
		}
	})
}

// plain writes a tree with numbers as their text, so that types do not matter.
func plain(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
