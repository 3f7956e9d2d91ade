package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/node/dev"
)

// command finds command lines of edgectl in text and in code within text.
var command = regexp.MustCompile("(?m)(?:^[ $]*(?:\\./|go run \\./cmd/)?|`)edgectl( [^`\\n]*)?")

// comment is what stands beside a command in the usage.
var comment = regexp.MustCompile(`  +.*`)

// Every command line that the documents, the usage and the demonstration show can
// be parsed. In the middle of a sentence a command may stand without its
// arguments.
func TestDocumentedCommandsParse(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"README.md": string(readme), "the usage": about, "the demonstration": hints(t)} {
		found := 0
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			args := strings.Fields(comment.ReplaceAllString(m[1], ""))
			if len(args) == 0 || strings.HasPrefix(m[0], "`") && len(args) == 1 {
				continue
			}
			found++
			parser, err := newParser(&cli{}, &streams{nil, io.Discard, io.Discard}, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s: edgectl %s: %v", name, strings.Join(args, " "), err)
			}
		}
		if found == 0 {
			t.Errorf("%s: no command line found", name)
		}
	}
}

// hints is what the demonstration prints.
func hints(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all bytes.Buffer
	out := newOutput("Ctrl-C ends")
	go func(found chan []string) {
		select {
		case <-found:
		case <-ctx.Done():
		}
		cancel()
	}(out.found)
	if err := dev.Run(ctx, dev.Options{Dir: t.TempDir(), Out: io.MultiWriter(&all, out)}); err != nil {
		t.Fatal(err)
	}
	return all.String()
}
