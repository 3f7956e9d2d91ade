package xmldsig

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes documents that are hard to canonicalise: prefixes bound again
// and again, defaults declared and undone, attributes of several namespaces, every
// kind of reference, quote, line end and white space, CDATA sections and comments.
type generator struct {
	*rand.Rand
	// doc has comments, twin has none; otherwise they are the same. xmllint keeps
	// comments, the profile does not.
	doc, twin strings.Builder
	scope     []map[string]string
}

var (
	genPrefixes = []string{"", "a", "b", "Z", "ab", "é", "n-1"}
	// None needs a reference: libxml2 writes namespace names without escaping them,
	// which is not even well-formed. TestCanonical has that case.
	genURIs   = []string{"urn:b", "urn:a", "http://example.com/%C3%A4", "urn:a-b", "http://Z.example/#", "urn:b:c"}
	genLocals = []string{"x", "y", "Ab", "aB", "long-name.1", "ü", "_"}
	genText   = []string{
		"text", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "\"", "'", "é", "𝄞", "日本",
		"&#13;", "&#xD;", "&#10;", "&#9;", "&#x1D11E;", "&#38;", "&#60;", ">", "]]", "\u0085", "\u2028", "&#x20;",
	}
	genValue = []string{
		"v", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "é", "𝄞", ">", "]]>",
		"&#13;", "&#xD;", "&#10;", "&#9;", "&#xA;", "  ", "&#38;", "&#34;", "&#x20;",
	}
)

// generate returns one document with comments and the same without. It has a root
// element of its own name, so that a difference can be told.
func generate(r *rand.Rand, n int) (doc, twin string) {
	g := &generator{Rand: r, scope: []map[string]string{{"": ""}}}
	switch g.IntN(4) {
	case 0:
		g.both(`<?xml version="1.0" encoding="UTF-8"?>` + "\r\n")
	case 1:
		g.both(`<?xml version='1.0' standalone='yes' ?>`)
	case 2:
		g.both("\xEF\xBB\xBF")
	}
	g.comment()
	g.element(0, fmt.Sprintf("root%d", n))
	g.both("\n")
	g.comment()
	return g.doc.String(), g.twin.String()
}

func (g *generator) both(s string) {
	g.doc.WriteString(s)
	g.twin.WriteString(s)
}

func (g *generator) comment() {
	if g.IntN(4) == 0 {
		g.doc.WriteString("<!-- <a> & - \r\n ]]> -->")
	}
}

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

func (g *generator) element(depth int, local string) {
	in := map[string]string{}
	for p, u := range g.scope[len(g.scope)-1] {
		in[p] = u
	}
	attrs := g.declarations(in)
	g.scope = append(g.scope, in)
	defer func() { g.scope = g.scope[:len(g.scope)-1] }()

	name := qualified(g.prefix(in, true), local)
	attrs = append(attrs, g.attributes(in)...)
	g.Shuffle(len(attrs), func(i, j int) { attrs[i], attrs[j] = attrs[j], attrs[i] })
	g.both("<" + name)
	for _, a := range attrs {
		g.both(pick(g, []string{" ", "\n", "\t ", "\r\n"}) + a)
	}
	g.both(pick(g, []string{"", "", " ", "\n"}))
	if g.IntN(6) == 0 {
		g.both("/>")
		return
	}
	g.both(">")
	for range g.IntN(6) {
		g.content(depth)
	}
	g.both("</" + name + pick(g, []string{"", " ", "\n"}) + ">")
}

func (g *generator) content(depth int) {
	switch k := g.IntN(10); {
	case k < 4 && depth < 6:
		g.element(depth+1, pick(g, genLocals))
	case k < 5:
		g.both("<![CDATA[" + pick(g, []string{"", "<&>", "a\r\nb\r", "]]", "]", "&amp;\t"}) + "]]>")
	case k < 6:
		g.comment()
	default:
		// The end of a CDATA section may not stand in text, nor come about where
		// two pieces of it meet.
		text := strings.ReplaceAll(g.several(genText), "]]>", "]]&gt;")
		if strings.HasSuffix(text, "]") {
			text += "."
		}
		g.both(text)
	}
}

func (g *generator) several(from []string) string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString(pick(g, from))
	}
	return b.String()
}

func (g *generator) declarations(in map[string]string) (attrs []string) {
	for _, prefix := range genPrefixes {
		if g.IntN(4) > 0 {
			continue
		}
		uri := pick(g, genURIs)
		if prefix == "" && g.IntN(3) == 0 {
			uri = ""
		}
		in[prefix] = uri
		if prefix == "" {
			attrs = append(attrs, `xmlns="`+uri+`"`)
		} else {
			attrs = append(attrs, `xmlns:`+prefix+`='`+uri+`'`)
		}
	}
	if g.IntN(20) == 0 {
		attrs = append(attrs, `xmlns:xml="http://www.w3.org/XML/1998/namespace"`)
	}
	return attrs
}

// prefix picks one that is declared, in an order that does not depend on the map.
func (g *generator) prefix(in map[string]string, element bool) string {
	var ok []string
	for _, p := range genPrefixes {
		if _, declared := in[p]; declared && (element || p != "") {
			ok = append(ok, p)
		}
	}
	if len(ok) == 0 {
		return ""
	}
	return pick(g, ok)
}

func (g *generator) attributes(in map[string]string) (attrs []string) {
	seen := map[string]bool{}
	for range g.IntN(6) {
		prefix, local := "", pick(g, genLocals)
		switch g.IntN(5) {
		case 0, 1, 2:
			prefix = g.prefix(in, false)
		case 3:
			prefix, local = "xml", pick(g, []string{"lang", "space", "base"})
		}
		uri := in[prefix]
		if prefix == "" {
			uri = "" // the default namespace is not for attributes
		}
		if prefix == "xml" {
			uri = nsXML
		}
		if seen[uri+" "+local] {
			continue
		}
		seen[uri+" "+local] = true
		value := g.several(genValue)
		if local == "space" {
			value = "preserve"
		}
		quote := pick(g, []string{`"`, `'`})
		attrs = append(attrs, qualified(prefix, local)+pick(g, []string{"=", " = ", "\n="})+quote+value+quote)
	}
	return attrs
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}
