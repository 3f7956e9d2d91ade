package main

import (
	"strings"

	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// hasRow says whether the demonstration's table shows a sample as it should.
func hasRow(table string, s verifytest.Sample) bool {
	want := []string{s.Name, string(s.Verdict)}
	codes := make([]string, len(s.Codes))
	for i, c := range s.Codes {
		codes[i] = string(c)
	}
	if len(codes) > 0 {
		want = append(want, strings.Join(codes, ","))
	}
	for line := range strings.Lines(table) {
		cells := strings.Fields(line)
		// After the reasons come the latency, its unit, and nothing unexpected.
		if len(cells) == len(want)+2 && strings.Join(cells[:len(want)], " ") == strings.Join(want, " ") {
			return true
		}
	}
	return false
}
