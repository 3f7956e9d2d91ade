package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// FuzzInspect: no file makes a panic, and where nobody is trusted to sign nothing
// is admitted but what nobody signs.
func FuzzInspect(f *testing.F) {
	for _, seed := range []string{"", "\ufeff<?xml version=\"1.0\"?><TrustServiceStatusList/>", "a.b.c", "{}", "-----BEGIN CERTIFICATE-----\n", "\x84\x43\xa1\x01\x26\xa0\xf6\x40"} {
		f.Add([]byte(seed))
	}
	if dir, err := vectortest.Find(); err == nil {
		for _, name := range []string{"vical/austroads_root.pem", "lote-ts119602/wp4trust-wallet_providers.json.jws", "trustlists-ts119612/g119612/test-trust-list-with-sig.xml"} {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && len(b) < 16<<10 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := readSubject("file", b)
		j := &judge{at: time.Unix(1_790_000_000, 0)}
		info, refusal := j.judge(s)
		if refusal == nil && s.kind != artefact.Anchors {
			t.Errorf("a list of kind %q that nobody may sign is admitted", s.kind)
		}
		i := inspect(s, j, info)
		i.judged(refusal)
		if err := i.page(j.at).print(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
