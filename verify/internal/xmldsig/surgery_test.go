package xmldsig

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// surgeon takes a signed document apart and puts it together again as somebody would
// who has no key.
type surgeon struct {
	*rand.Rand
	root *etree.Element
}

func (s *surgeon) element() *etree.Element {
	all := append(s.root.FindElements("//*"), s.root)
	return all[s.IntN(len(all))]
}

// operate does one thing that signature wrapping is made of.
func (s *surgeon) operate() {
	e, to := s.element(), s.element()
	copied := e.Copy()
	switch s.IntN(8) {
	case 0: // copy
		to.InsertChildAt(s.IntN(len(to.Child)+1), copied)
	case 1: // move
		if e.Parent() != nil && e != s.root && !inside(to, e) {
			e.Parent().RemoveChild(e)
			to.AddChild(e)
		}
	case 2: // a copy under an identifier of its own
		for _, id := range copied.FindElements("//[@Id]") {
			id.CreateAttr("Id", id.SelectAttrValue("Id", "")+"-2")
		}
		if copied.SelectAttr("Id") != nil {
			copied.CreateAttr("Id", "other")
		}
		to.AddChild(copied)
	case 3: // exchange of identifiers
		a, b := e.SelectAttrValue("Id", "a"), to.SelectAttrValue("Id", "b")
		e.CreateAttr("Id", b)
		to.CreateAttr("Id", a)
	case 4: // a new root around everything
		outer := etree.NewElement(s.root.FullTag())
		outer.Attr = s.root.Copy().Attr
		outer.CreateAttr("Id", "outer")
		outer.AddChild(s.root)
		if sig := outer.FindElement("./*/Signature"); sig != nil && s.IntN(2) == 0 {
			sig.Parent().RemoveChild(sig)
			outer.AddChild(sig)
		}
		s.root = outer
	case 5: // another namespace
		e.CreateAttr("xmlns", "http://www.w3.org/2000/09/xmldsig#")
	case 6: // what a signature does not cover
		e.AddChild(etree.NewComment(" "))
	case 7: // another text
		if len(e.ChildElements()) == 0 {
			e.SetText("666")
		}
	}
}

func inside(e, outer *etree.Element) bool {
	for ; e != nil; e = e.Parent() {
		if e == outer {
			return true
		}
	}
	return false
}

// TestSurgery: whatever is done to a signed document, it is refused, or its content is
// what was signed, to the octet.
func TestSurgery(t *testing.T) {
	s := newSigner(t, "signer", "P-256")
	signed := s.sign(t, s.unsigned(ecdsaSHA256, digest256, signTime))
	want := check(t, signed, s.pins(), nil).Content
	passed := 0
	for seed := range many(3000, 100_000) {
		doc := etree.NewDocument()
		if err := doc.ReadFromString(signed); err != nil {
			t.Fatal(err)
		}
		surgeon := &surgeon{rand.New(rand.NewPCG(uint64(seed), 479)), doc.Root()}
		for range 1 + surgeon.IntN(4) {
			surgeon.operate()
		}
		changed := etree.NewDocument()
		changed.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
		changed.SetRoot(surgeon.root)
		text, err := changed.WriteToString()
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse([]byte(text))
		if err != nil {
			continue
		}
		got, err := d.Verify(s.pins())
		if err != nil {
			continue
		}
		if passed++; string(got.Content) != string(want) || strings.Contains(string(got.Content), "666") {
			t.Fatalf("seed %d: content %s of %s", seed, got.Content, text)
		}
	}
	t.Logf("%d passed", passed)
	if passed < 50 {
		t.Errorf("only %d documents passed: the surgeon kills too often for the test to say much", passed)
	}
}
