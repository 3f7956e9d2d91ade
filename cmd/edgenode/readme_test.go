package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// command finds command lines of edgenode in text and in code within text.
var command = regexp.MustCompile("(?m)(?:^[ $]*(?:\\./|go run \\./cmd/)?|`)edgenode( [^`\\n]*)?")

// comment is what stands beside a command in the usage.
var comment = regexp.MustCompile(`  +.*`)

// Every command line that the documents show can be parsed. In the middle of a
// sentence a command may stand without its arguments.
func TestDocumentedCommandsParse(t *testing.T) {
	for name, text := range map[string]string{
		"README.md": read(t, "../../README.md"), "deploy/README.md": read(t, "../../deploy/README.md"), "the usage": about,
	} {
		found := 0
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			args := strings.Fields(comment.ReplaceAllString(m[1], ""))
			if len(args) == 0 || strings.HasPrefix(m[0], "`") && len(args) == 1 {
				continue
			}
			found++
			parser, err := newParser(t.Context(), &streams{io.Discard, io.Discard}, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s: edgenode %s: %v", name, strings.Join(args, " "), err)
			}
		}
		if found == 0 {
			t.Errorf("%s: no command line found", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
