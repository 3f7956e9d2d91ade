package xmldsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// outline writes a document as Reader sees it: names with their namespaces,
// attributes, and the text of elements that hold nothing else.
func outline(r *Reader) (string, error) {
	var b strings.Builder
	var visit func(Element) error
	visit = func(e Element) error {
		fmt.Fprintf(&b, "<%s %s", e.Space, e.Local)
		for _, a := range r.attrs {
			prefix, local := splitName(a.name)
			uri := ""
			if len(prefix) > 0 {
				uri, _ = r.bound.get(string(prefix))
			}
			value, ok := r.Attr(uri, string(local))
			fmt.Fprintf(&b, " %s %s=%q %t", uri, local, value, ok)
		}
		_, after, _ := bytes.Cut(r.in[r.pos:], []byte("<"))
		if r.empty || bytes.HasPrefix(after, []byte("/")) {
			text, err := r.Text(MaxBytes)
			fmt.Fprintf(&b, " %q></>", text)
			return err
		}
		b.WriteString(">")
		err := r.Children(visit)
		b.WriteString("</>")
		return err
	}
	err := r.Children(visit)
	return b.String(), err
}

// node is an element as encoding/xml sees it.
type node struct {
	start    xml.StartElement
	text     string
	children bool
}

// outlineXML is outline by another parser.
func outlineXML(t testing.TB, doc []byte) string {
	t.Helper()
	var b strings.Builder
	var open []*node
	head := func(n *node) {
		fmt.Fprintf(&b, "<%s %s", n.start.Name.Space, n.start.Name.Local)
		for _, a := range n.start.Attr {
			if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
				continue
			}
			fmt.Fprintf(&b, " %s %s=%q %t", a.Name.Space, a.Name.Local, a.Value, true)
		}
		if !n.children {
			fmt.Fprintf(&b, " %q", n.text)
		}
		b.WriteString(">")
	}
	for dec := xml.NewDecoder(bytes.NewReader(doc)); ; {
		token, err := dec.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in %q", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > 0 && !open[len(open)-1].children {
				open[len(open)-1].children = true
				head(open[len(open)-1])
			}
			open = append(open, &node{start: token.Copy()})
		case xml.EndElement:
			if last := open[len(open)-1]; !last.children {
				head(last)
			}
			b.WriteString("</>")
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && !open[len(open)-1].children {
				open[len(open)-1].text += string(token)
			}
		}
	}
}

// sameOutline reads what scan and what canonicalisation wrote.
func sameOutline(t testing.TB, d *Document) {
	t.Helper()
	canon, err := exclusive(d.root, nil)
	if errors.Is(err, ErrTooLarge) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{d.text, canon} {
		got, err := outline(newReader(text))
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if want := outlineXML(t, text); got != want {
			t.Fatalf("document %q\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestReaderAgreesWithEncodingXML on documents that are hard to read.
func TestReaderAgreesWithEncodingXML(t *testing.T) {
	for i := range many(500, 5000) {
		doc, _ := generate(rand.New(rand.NewPCG(uint64(i), 7)), i)
		sameOutline(t, mustParse(t, []byte(doc)))
	}
}

// TestReaderOnRealLists: the same for a whole list of every kind.
func TestReaderOnRealLists(t *testing.T) {
	for _, name := range []string{"2026-08/eu-lotl-390.xml.gz", "2026-08/TL-CZ.xml.gz", "2019-09/TL-EL.xml.gz", "broken/fi-v6.xml.gz"} {
		sameOutline(t, mustParse(t, vector(t, name)))
	}
}

func TestReader(t *testing.T) {
	const doc = `<r xmlns="urn:d" xmlns:p="urn:p"><a p:k="&lt;1&gt;" k="2"> one&#13; </a><p:skip><a>no</a><b c=">"/></p:skip>` +
		`<empty/><deep><x><y>z</y></x></deep><last>&amp;&apos;&#x1F600;</last></r>`
	var got []string
	r := mustParse(t, []byte(doc)).UnsafeReader()
	err := r.Children(func(root Element) error {
		return r.Children(func(e Element) error {
			switch e {
			case Element{"urn:d", "a"}, Element{"urn:d", "empty"}, Element{"urn:d", "last"}:
				inner, _ := r.Attr("urn:p", "k")
				outer, ok := r.Attr("", "k")
				text, err := r.Text(30)
				got = append(got, fmt.Sprintf("%s %q %q %t %q", e.Local, inner, outer, ok, text))
				return err
			case Element{"urn:d", "deep"}:
				// Leaving an element half read is no mistake.
				return r.Children(func(Element) error { return nil })
			}
			got = append(got, "passed "+e.Space)
			return nil
		})
	})
	want := []string{`a "<1>" "2" true " one\r "`, "passed urn:p", `empty "" "" false ""`, `last "" "" false "&'😀"`}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"an element in a value": {`<r>a<b/></r>`, ErrMalformed},
		"a value at the limit":  {`<r>12345</r>`, nil},
		"a value over it":       {`<r>123456</r>`, ErrTooLarge},
	} {
		r := mustParse(t, []byte(c.doc)).UnsafeReader()
		err := r.Children(func(Element) error {
			_, err := r.Text(5)
			return err
		})
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for doc, want := range map[string]bool{
		`<r/>`: true, `<r></r>`: true, "<r> \n\t</r>": true, "<r><!-- a --> </r>": true,
		`<r>.</r>`: false, `<r> .</r>`: false, `<r><a/></r>`: false, `<r> <a/></r>`: false, `<r>&#32;</r>`: false,
	} {
		r := mustParse(t, []byte(doc)).UnsafeReader()
		err := r.Children(func(Element) error {
			if got := r.Blank(); got != want || r.Blank() != got {
				t.Errorf("%s is blank: %v", doc, got)
			}
			return r.Children(func(Element) error { return nil })
		})
		if err != nil {
			t.Errorf("%s, read after the question: %v", doc, err)
		}
	}
	stop := errors.New("stop")
	r := mustParse(t, []byte(`<r/>`)).UnsafeReader()
	if err := r.Children(func(Element) error { return stop }); err != stop {
		t.Errorf("the error of visit: %v", err)
	}
	// Nothing but this package's own text comes here; if anything else did, it
	// would be refused and not read out of bounds.
	for _, text := range []string{``, `x`, `</>`, `<r></r></r>`, `<`, `<r`, `<r>`, `<r a="`, `<r><`, `<r>x`, `<r></`, `<r a="1" b>`} {
		if _, err := outline(newReader([]byte(text))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
