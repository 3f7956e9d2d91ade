package xmldsig

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// many returns how many generated samples a test tries.
func many(short, long int) int {
	if os.Getenv("EDGETRUST_LONG") != "" {
		return long
	}
	return short
}

// TestCanonicalAgreesWithXmllint holds both canonical forms of generated documents
// against those of libxml2, many documents to a process.
func TestCanonicalAgreesWithXmllint(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	const batch = 100
	for from, n := 0, many(200, 3000); from < n; from += batch {
		dir := t.TempDir()
		var files []string
		var twins []string
		var exclusives, inclusives [][]byte
		for i := from; i < min(n, from+batch); i++ {
			doc, twin := generate(rand.New(rand.NewPCG(uint64(i), 612)), i)
			d, err := Parse([]byte(doc))
			if err != nil {
				t.Fatalf("document %d: %v\n%s", i, err, doc)
			}
			exc, err := exclusive(d.root, nil)
			if err != nil {
				t.Fatal(err)
			}
			inc, err := inclusive(d.root)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(dir, fmt.Sprintf("%d.xml", i))
			if err := os.WriteFile(name, []byte(twin), 0o600); err != nil {
				t.Fatal(err)
			}
			files, twins = append(files, name), append(twins, twin)
			exclusives, inclusives = append(exclusives, exc), append(inclusives, inc)
		}
		compare(t, "--exc-c14n", files, twins, exclusives)
		compare(t, "--c14n", files, twins, inclusives)
	}
}

// compare runs xmllint over all files and, when the outputs differ, over each.
func compare(t *testing.T, form string, files, docs []string, want [][]byte) {
	t.Helper()
	got := xmllint(t, append([]string{form}, files...)...)
	if bytes.Equal(got, bytes.Join(want, nil)) {
		return
	}
	for i, file := range files {
		if got := xmllint(t, form, file); !bytes.Equal(got, want[i]) {
			t.Fatalf("%s\ndocument %q\nxmllint  %q\nours     %q", form, docs[i], got, want[i])
		}
	}
	t.Fatalf("%s: the outputs differ together but not one by one", form)
}

func xmllint(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("xmllint", append([]string{"--nonet"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("xmllint: %v\n%s", err, stderr.String())
	}
	return out
}

// TestCanonical pins the points in which libraries differ, and the forms of an
// element inside a document, which xmllint cannot be asked for.
func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, doc, path, exclusive, inclusive string }{
		{"attributes by namespace name before local name",
			`<r xmlns:z="urn:1" xmlns:a="urn:2" a:b="1" z:c="2" d="3"/>`, ".",
			`<r xmlns:a="urn:2" xmlns:z="urn:1" d="3" z:c="2" a:b="1"></r>`, ""},
		{"literal white space in a value is a space, references stay",
			"<r a='x\r\ny\tz\rw' b='&#13;&#10;&#9;'/>", ".", `<r a="x y z w" b="&#xD;&#xA;&#x9;"></r>`, ""},
		{"no superfluous undoing of the default namespace",
			`<p:r xmlns:p="urn:p" xmlns="urn:d"><x xmlns=""><y/></x></p:r>`, ".",
			`<p:r xmlns:p="urn:p"><x><y></y></x></p:r>`,
			`<p:r xmlns="urn:d" xmlns:p="urn:p"><x xmlns=""><y></y></x></p:r>`},
		{"the default namespace undone",
			`<r xmlns="urn:d"><x xmlns=""/></r>`, ".", `<r xmlns="urn:d"><x xmlns=""></x></r>`, ""},
		{"an element takes what it uses from its ancestors",
			`<r xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="en" xml:base="urn:x"><p:x xml:lang="de"><y/></p:x></r>`, "./x",
			`<p:x xmlns:p="urn:p" xml:lang="de"><y xmlns="urn:d"></y></p:x>`,
			`<p:x xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:base="urn:x" xml:lang="de"><y></y></p:x>`},
		{"a prefix bound anew and back",
			`<p:r xmlns:p="urn:1"><p:x xmlns:p="urn:2"><p:y xmlns:p="urn:1"/></p:x><p:z/></p:r>`, ".",
			`<p:r xmlns:p="urn:1"><p:x xmlns:p="urn:2"><p:y xmlns:p="urn:1"></p:y></p:x><p:z></p:z></p:r>`, ""},
		{"a namespace name is escaped as a value is",
			`<r xmlns="urn:a&amp;b&lt;'"/>`, ".", `<r xmlns="urn:a&amp;b&lt;'"></r>`, ""},
		{"comments go and text closes up",
			`<!--1--><r>a<!--2-->b<![CDATA[<c>]]>]]<!--3-->></r><!--4-->`, ".", `<r>ab&lt;c&gt;]]&gt;</r>`, ""},
	} {
		d := mustParse(t, []byte(c.doc))
		e := d.root
		if c.path != "." {
			e = d.root.FindElement(c.path)
		}
		if got, err := exclusive(e, nil); err != nil || string(got) != c.exclusive {
			t.Errorf("%s, exclusive: %v\ngot  %s\nwant %s", c.name, err, got, c.exclusive)
		}
		if c.inclusive == "" {
			continue
		}
		if got, err := inclusive(e); err != nil || string(got) != c.inclusive {
			t.Errorf("%s, inclusive: %v\ngot  %s\nwant %s", c.name, err, got, c.inclusive)
		}
	}
}
