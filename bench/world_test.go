package bench_test

import (
	"os"
	"strconv"
	"testing"
)

// long is whether there is time for everything: EDGETRUST_LONG=1.
func long() bool { return os.Getenv("EDGETRUST_LONG") != "" }

// seeds is which are run: with EDGETRUST_SEED that one, to repeat a failure; else from
// 1 on, so many.
func seeds(t *testing.T, usual, all int) (first uint64, count int) {
	t.Helper()
	if s := os.Getenv("EDGETRUST_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("EDGETRUST_SEED is %q; it has to be a number", s)
		}
		return seed, 1
	}
	switch {
	case long():
		return 1, all
	case testing.Short():
		return 1, 1
	}
	return 1, usual
}
