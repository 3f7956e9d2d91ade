package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"edgectl": main})
}

func TestScripts(t *testing.T) {
	vectors, err := vectortest.Find()
	if err != nil {
		t.Log("without real lists: ", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("VECTORS", vectors)
			return nil
		},
		Condition: func(name string) (bool, error) { return name == "vectors" && err == nil, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "demo": demo, "node": startNode, "fake": fake, "nobody": nobody, "story": story, "learner": startLearner, "large": large, "fetch": fetch,
		},
	})
}

// exits runs a program and checks its exit code: exits 2 edgectl nonsense.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
