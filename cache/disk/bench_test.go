package disk_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// A Commit of new versions, beside two floors in the same run: the same bytes
// written to one file and synced once; and written to as many files as the Commit
// makes, each synced in its turn, without any name, folder or order between them.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			dir := b.TempDir()
			s, _, err := disk.Open(filepath.Join(dir, "data"), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			records, all := make([]disk.Record, n), []byte{}
			for i := range records {
				records[i] = disk.Record{Key: fmt.Sprintf("list %d", i), State: make([]byte, 300), Body: make([]byte, 64<<10)}
				all = append(append(all, records[i].State...), records[i].Body...)
			}
			var commit, once, each time.Duration
			for round := 0; b.Loop(); round++ {
				for i := range records {
					binary.BigEndian.PutUint64(records[i].Body, uint64(round*n+i))
					records[i].Digest = sha256.Sum256(records[i].Body)
				}
				commit += timed(b, func() error { return s.Commit(records) })
				once += timed(b, func() error { return synced(dir, all) })
				each += timed(b, func() error {
					var errs []error
					for _, r := range records {
						errs = append(errs, synced(dir, r.Body), synced(dir, r.State))
					}
					return errors.Join(errs...)
				})
			}
			b.ReportMetric(float64(commit.Microseconds())/float64(b.N), "commit-µs")
			b.ReportMetric(float64(commit)/float64(once), "×one-file")
			b.ReportMetric(float64(commit)/float64(each), "×each-file")
			b.ReportMetric(0, "ns/op") // it counts the floors as well
		})
	}
}

func timed(b *testing.B, do func() error) time.Duration {
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// synced writes a new file and syncs it.
func synced(dir string, content []byte) error {
	f, err := os.CreateTemp(dir, "floor")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}
