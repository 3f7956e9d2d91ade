package reason

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
)

func TestRegistryIsComplete(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := make(map[Code]bool)
	for _, e := range Registry() {
		if seen[e.Code] {
			t.Errorf("%s stands twice in the registry", e.Code)
		}
		seen[e.Code] = true
		if !form.MatchString(string(e.Code)) {
			t.Errorf("%s is not lower snake case", e.Code)
		}
		if e.Text == "" || e.Class == "" || e.Retry == "" {
			t.Errorf("%s: incomplete row", e.Code)
		}
		if e.Verdict != Invalid && e.Verdict != Indeterminate {
			t.Errorf("%s: a reason cannot make a verdict %s", e.Code, e.Verdict)
		}
	}
}

func TestWorse(t *testing.T) {
	order := []Verdict{Valid, Indeterminate, Invalid}
	for i, a := range order {
		for j, b := range order {
			if got := Worse(a, b); got != order[max(i, j)] {
				t.Errorf("Worse(%s, %s) = %s", a, b, got)
			}
		}
	}
}

func TestRefusalInsideAnError(t *testing.T) {
	err := fmt.Errorf("outer: %w", Refuse(KBMissing, "nothing after the last %s", "~"))
	if CodeOf(err) != KBMissing {
		t.Errorf("code %q", CodeOf(err))
	}
	if r, _ := Of(err); r.Error() != "kb_missing: nothing after the last ~" {
		t.Errorf("text %q", r.Error())
	}
	if CodeOf(errors.New("plain")) != "" {
		t.Error("a plain error has no code")
	}
}
