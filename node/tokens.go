package node

import (
	"crypto/sha256"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/node/config"
)

// tokenRecheck is how often a token file is looked at for a change.
const tokenRecheck = time.Second

// tokenFile returns a function that gives the digests of the tokens in a file,
// reading it again when it has changed. A file that can no longer be read keeps
// the tokens as they were. No file: nil.
func tokenFile(path string, log *slog.Logger) (func() [][sha256.Size]byte, error) {
	if path == "" {
		return nil, nil
	}
	digests, err := config.Tokens(path)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	checked, modified := time.Now(), modTime(path)
	return func() [][sha256.Size]byte {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(checked) < tokenRecheck {
			return digests
		}
		checked = time.Now()
		if m := modTime(path); !m.Equal(modified) {
			modified = m
			if fresh, err := config.Tokens(path); err != nil {
				log.Error("token file not read again, the old tokens stay", "err", err)
			} else {
				digests = fresh
			}
		}
		return digests
	}, nil
}

func modTime(path string) time.Time {
	fi, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime()
}
