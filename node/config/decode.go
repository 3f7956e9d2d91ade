package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Field string // as trust.sources[1].url; "" for the document
	Line  int    // 0: not known, or not from a file
	Text  string // what is wrong and what to do
}

func (p *Problem) Error() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// decoder walks the tree of a document by hand instead of decoding it into tagged
// structs: a problem then has the whole path of its member, and all are found in
// one go.
type decoder struct {
	dir      string
	lines    map[string]int
	failed   map[string]bool // fields with a problem; later checks leave them alone
	problems []*Problem
	rooted   bool // the document is a mapping, so its fields can be checked
}

// report adds a problem, unless the field or what it stands in has one already.
func (d *decoder) report(field, format string, args ...any) {
	for f := field; f != ""; f = parent(f) {
		if d.failed[f] {
			return
		}
	}
	d.failed[field] = true
	d.problems = append(d.problems, &Problem{Field: field, Line: d.line(field), Text: fmt.Sprintf(format, args...)})
}

// line is the field's own line, else that of what it is missing from.
func (d *decoder) line(field string) int {
	for f := field; ; f = parent(f) {
		if n, ok := d.lines[f]; ok || f == "" {
			return n
		}
	}
}

func parent(field string) string { return field[:max(0, strings.LastIndexAny(field, ".["))] }

func (d *decoder) err() error {
	slices.SortStableFunc(d.problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// document parses the one document of a file; nil when there is nothing to read.
func (d *decoder) document(b []byte) *yaml.Node {
	if len(b) > MaxFile {
		d.report("", "larger than %d bytes", MaxFile)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF), err == nil && len(doc.Content) == 0:
		d.rooted = true // an empty file says nothing
		return nil
	case err != nil:
		d.report("", "not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		d.report("", "a second document follows; keep one to a file")
		return nil
	}
	root := follow(doc.Content[0])
	if isNull(root) {
		d.rooted = true
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.report("", "a mapping is needed (name: value), as in the examples under deploy/")
		return nil
	}
	d.rooted = true
	return root
}

// follow goes through an alias. The format is not recursive, so neither is this:
// an alias stands for its anchor and can cost no more than one.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// members are the names a mapping may have, with what reads each.
type members map[string]func(n *yaml.Node, at string)

// mapping reads a mapping. later are names of the format that this version does
// not have.
func (d *decoder) mapping(n *yaml.Node, at string, m members, later ...string) {
	d.each(n, at, func(name string, value *yaml.Node, at string) {
		switch read, ok := m[name]; {
		case ok:
			read(value, at)
		case slices.Contains(later, name):
			d.report(at, "not supported by this version; take it out")
		default:
			d.report(at, "unknown member; the members here are %s", strings.Join(sorted(m), ", "))
		}
	})
}

// each goes through a mapping whose names are the file's own.
func (d *decoder) each(n *yaml.Node, at string, f func(name string, value *yaml.Node, at string)) {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, "a mapping (name: value)")
		return
	}
	if len(n.Content)/2 > maxEntries {
		d.report(at, "more than %d entries", maxEntries)
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), follow(n.Content[i+1])
		if key.Kind != yaml.ScalarNode {
			d.report(at, "a name has to be a plain word (line %d)", key.Line)
			continue
		}
		field := join(at, key.Value)
		if seen[key.Value] {
			d.lines[field] = key.Line
			d.report(field, "stands twice; keep one")
			continue
		}
		seen[key.Value] = true
		d.lines[field] = key.Line
		f(key.Value, value, field)
	}
}

func join(at, name string) string {
	if len(name) > maxName {
		name = name[:maxName] + "…"
	}
	if at == "" {
		return name
	}
	return at + "." + name
}

// list reads a sequence.
func (d *decoder) list(n *yaml.Node, at string, limit int, f func(i int, n *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, at, "a list ([a, b])")
		return
	}
	if len(n.Content) > limit {
		d.report(at, "more than %d entries", limit)
		return
	}
	for i, e := range n.Content {
		e = follow(e)
		field := fmt.Sprintf("%s[%d]", at, i)
		d.lines[field] = e.Line
		f(i, e, field)
	}
}

func (d *decoder) wrong(n *yaml.Node, at, want string) {
	if isNull(n) {
		d.report(at, "is empty; give %s or take it out", want)
		return
	}
	d.report(at, "%s is needed", want)
}

// path makes a path ready to be opened.
func (d *decoder) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(d.dir, p)
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
