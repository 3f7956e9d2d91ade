package origin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of the digest that lies beside a list (trust lists 2.4).
const (
	maxHint     = 1 << 10
	hintTimeout = 5 * time.Second
	// A digest that nobody renews would hold a list back for ever, and one that is
	// not there is not asked for at every look.
	hintLife = 24 * time.Hour
)

// hints remembers where no digest lies. It is bounded by the lists that are
// followed: what is older than hintLife is dropped when something is added.
type hints struct {
	mu      sync.Mutex
	missing map[string]time.Time // by the digest's URL: when it was found missing
}

// hinted says whether the digest beside the list is that of the bytes that are
// held, so that they need not be fetched again. That proves nothing, and no more is
// made of it than of a 304: a digest that lies only delays the list, by hintLife at
// most, and every other outcome fetches it.
func (f *Fetcher) hinted(ctx context.Context, t Target, v Validators) bool {
	held := v.SHA256 != artefact.Digest{} && time.Since(v.Fetched) < hintLife
	if !t.SHA2 || !held || v.ETag != "" || v.LastModified != "" {
		return false
	}
	beside, ok := sha2URL(t.URL)
	if !ok || f.hints.isMissing(beside) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, hintTimeout)
	defer cancel()
	t.URL, t.Accept, t.Max = beside, "*/*", maxHint
	a, err := f.get(ctx, t, Validators{})
	var status *StatusError
	if errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
		f.hints.miss(beside)
	}
	if err != nil {
		return false
	}
	digest, ok := parseSHA2(a.Bytes)
	return ok && digest == v.SHA256
}

func (h *hints) isMissing(url string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.missing[url]
	return ok && time.Since(at) < hintLife
}

func (h *hints) miss(url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.missing == nil {
		h.missing = make(map[string]time.Time)
	}
	for u, at := range h.missing {
		if time.Since(at) >= hintLife {
			delete(h.missing, u)
		}
	}
	h.missing[url] = time.Now()
}

// sha2URL is where the digest of a list lies; false for a list that is not called
// something.xml.
func sha2URL(list string) (string, bool) {
	const xml, sha2 = ".xml", ".sha2"
	u, err := url.Parse(list)
	if err != nil || u.RawQuery != "" || len(u.Path) < len(xml) || !strings.EqualFold(u.Path[len(u.Path)-len(xml):], xml) {
		return "", false
	}
	beside := url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: u.Path[:len(u.Path)-len(xml)] + sha2}
	return beside.String(), true
}

// parseSHA2 reads a digest as publishers write it: 32 bytes, or their hexadecimal
// or base64 form with white space around it.
func parseSHA2(b []byte) (d artefact.Digest, ok bool) {
	if len(b) == len(d) {
		return artefact.Digest(b), true
	}
	text := string(bytes.TrimSpace(b))
	raw, err := hex.DecodeString(text)
	if err != nil {
		raw, err = base64.StdEncoding.Strict().DecodeString(text)
	}
	if err != nil || len(raw) != len(d) {
		return d, false
	}
	return artefact.Digest(raw), true
}
