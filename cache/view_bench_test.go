package cache

import (
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// A look at a list of 5,000 anchors, which makes the trust of the next View anew
// under the lock.
func BenchmarkLooked(b *testing.B) {
	s := New(Options{Sources: []Source{{Name: "pid", Type: artefact.LoTE}}}, time.Now())
	l := manyAnchors(0, 5000)
	for i, a := range l.Anchors {
		a.Cert, a.Entity = &x509.Certificate{RawSubject: fmt.Appendf(nil, "CN=%d", i)}, fmt.Sprint(i)
	}
	s.lists["pid"].list = l
	for b.Loop() {
		s.Looked(artefact.ID{Kind: artefact.LoTE, Name: "pid"}, time.Now())
	}
}

// A change of one status list among 1,000.
func BenchmarkStatusSettled(b *testing.B) {
	o := Options{}
	for i := range 1000 {
		o.Status = append(o.Status, fmt.Sprintf("https://status.example/%d", i))
	}
	s := New(o, time.Now())
	for b.Loop() {
		s.mu.Lock()
		s.changed()
		s.mu.Unlock()
		s.settle()
	}
}
