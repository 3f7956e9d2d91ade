package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"
)

// Watch looks at the files every so often until ctx ends, and takes up what has changed.
// It says once of each fault what is wrong, and warns daily from seven days before the
// certificate expires.
func (i *Identity) Watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	t := time.NewTicker(every)
	defer t.Stop()
	fault := ""
	var warned time.Time
	for {
		warned = i.warn(warned, log)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		switch changed, err := i.Reload(); {
		case err != nil && err.Error() != fault:
			fault = err.Error()
			log.Error("changed node certificate cannot be used", "err", err)
		case err != nil:
		default:
			fault = ""
			if changed {
				warned = time.Time{}
				cert, _ := i.Credentials()
				sum := sha256.Sum256(cert.Raw)
				log.Info("node certificate reloaded", "sha256", hex.EncodeToString(sum[:]), "not_after", cert.NotAfter, "jurisdiction", JurisdictionOf(cert))
			}
		}
	}
}

// warn warns of an end that is near, unless it did so lately, and returns when it last
// did.
func (i *Identity) warn(last time.Time, log *slog.Logger) time.Time {
	now, end := time.Now(), i.NotAfter()
	if end.Sub(now) > warnBefore || now.Sub(last) < warnEvery {
		return last
	}
	if now.After(end) {
		log.Error("node certificate has expired: no other node accepts this one; put a renewed one in place", "not_after", end, "file", i.o.Cert)
	} else {
		log.Warn("node certificate expires soon: put a renewed one in place, it is taken up without a restart", "not_after", end, "file", i.o.Cert)
	}
	return now
}
