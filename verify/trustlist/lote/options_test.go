package lote

import (
	"reflect"
	"slices"
	"testing"
)

// TestQuirkNames: every switch of Options has a word, and no word turns on another
// switch.
func TestQuirkNames(t *testing.T) {
	var switches []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Options]()) {
		if f.Type.Kind() == reflect.Bool {
			switches = append(switches, f.Name)
		}
	}
	for _, name := range QuirkNames() {
		var o Options
		if !o.Allow(name) {
			t.Errorf("%s is not known", name)
		}
		var on []string
		for _, s := range switches {
			if reflect.ValueOf(o).FieldByName(s).Bool() {
				on = append(on, s)
			}
		}
		if len(on) != 1 {
			t.Errorf("%s turns on %q", name, on)
			continue
		}
		i := slices.Index(switches, on[0])
		switches = slices.Delete(switches, i, i+1)
	}
	if len(switches) > 0 {
		t.Errorf("switches without a word: %q", switches)
	}
	var o Options
	if o.Allow("everything") || !reflect.DeepEqual(o, Options{}) {
		t.Error("a word that does not exist turns something on")
	}
}
