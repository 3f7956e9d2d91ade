package node_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/node/dev"
)

// The README's transcript is one of a real run: every line of it that is not … is
// printed by this build, too, but for addresses, folders and times.
func TestReadmeTranscript(t *testing.T) {
	shown := transcript(t)
	var out bytes.Buffer
	if err := dev.Run(t.Context(), dev.Options{Once: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	printed := sameEachRun(out.String())
	verdicts := make(map[string]int)
	for _, line := range sameEachRun(shown) {
		if line == "" || line == "…" {
			continue
		}
		if !slices.Contains(printed, line) {
			t.Errorf("the README shows a line that no run prints any more: %q", line)
		}
		for _, v := range []string{"valid", "invalid", "indeterminate"} {
			if cells := strings.Fields(line); len(cells) > 1 && cells[1] == v {
				verdicts[v]++
			}
		}
	}
	if len(verdicts) != 3 {
		t.Errorf("the transcript shows the verdicts %v, want all three", verdicts)
	}
	if !strings.Contains(shown, "revoked at its issuer") {
		t.Error("the transcript does not show the revocation")
	}
	if len(printed) > len(sameEachRun(shown)) && !strings.Contains(shown, "\n…\n") {
		t.Error("rows are left out, and no … says so")
	}
}

// transcript is what stands below the command in the README.
func transcript(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```\n$ go run ./cmd/edgenode dev\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		t.Fatal("the README has no transcript of go run ./cmd/edgenode dev")
	}
	return text
}

var (
	addresses = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	folders   = regexp.MustCompile(`^files \S+`)
	times     = regexp.MustCompile(` ?[0-9.]+ ms$`)
	blanks    = regexp.MustCompile(`[ \t]+`)
)

// sameEachRun splits a run's output into lines without what differs from run to
// run.
func sameEachRun(text string) (lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(blanks.ReplaceAllString(line, " "))
		line = addresses.ReplaceAllString(line, "ADDRESS")
		line = folders.ReplaceAllString(line, "files FOLDER")
		lines = append(lines, times.ReplaceAllString(line, ""))
	}
	return lines
}
