package node

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// sources turns the configured lists into what the store follows, signers read.
func sources(c *config.Config, unsafeDev bool) (list []cache.Source, err error) {
	for i, s := range c.Trust.Sources {
		src := cache.Source{
			Name: s.Name, Type: artefact.Kind(s.Type), URL: s.URL, Profile: s.Profile, Required: s.Required, Refresh: s.Refresh,
			Kind: s.Kind, Purposes: s.Purposes, Territory: s.Territory, Types: s.Types,
		}
		if s.Type == config.TypeLoTE {
			if src.Signers, err = config.Certificates(s.Signers); err != nil {
				return nil, fmt.Errorf("trust.sources[%d].signers: %w", i, err)
			}
		}
		trusted := src.Signers
		if s.Type == config.TypeAnchors {
			if trusted, err = s.Bundle(); err != nil {
				return nil, fmt.Errorf("trust.sources[%d].url: %w", i, err)
			}
		}
		for _, cert := range trusted {
			if trustlist.IsTest(cert) && !unsafeDev {
				return nil, fmt.Errorf("trust.sources[%d]: %q was made by a demonstration (edgenode dev) and must not be trusted; take the publisher's own certificate", i, cert.Subject.CommonName)
			}
		}
		list = append(list, src)
	}
	return list, nil
}

// targets says what is fetched, and when again.
func targets(c *config.Config) (list []origin.Followed) {
	for _, s := range c.Trust.Sources {
		door := artefact.Origin
		t := origin.Target{URL: s.URL, Accept: "application/jose, application/jwt;q=0.9, */*;q=0.1", Max: cache.MaxList, AllowInsecure: s.AllowInsecure}
		if s.Path != "" {
			door, t.Path = artefact.File, s.Path
		}
		list = append(list, origin.Followed{
			ID: artefact.ID{Kind: artefact.Kind(s.Type), Name: s.Name}, Door: door, Target: t,
			Next: func(cache.Outcome) time.Duration { return s.Refresh },
		})
	}
	for _, uri := range c.Status.Prefetch {
		list = append(list, origin.Followed{
			ID: artefact.ID{Kind: artefact.Status, Name: uri}, Door: artefact.Origin,
			Target: origin.Target{
				URL: uri, Accept: statuslist.MediaTypeJWT + ", " + statuslist.MediaTypeCWT, Max: cache.MaxStatus,
				AllowInsecure: c.Status.AllowInsecure && allowedHost(c.Status.AllowHosts, uri),
			},
			Next: func(o cache.Outcome) time.Duration {
				return min(max(o.TTL, c.Status.RefreshMin), c.Status.RefreshMax)
			},
		})
	}
	return list
}

// allowedHost says whether a URI's host, or host:port, is named.
func allowedHost(hosts []string, uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && (slices.Contains(hosts, u.Host) || slices.Contains(hosts, u.Hostname()))
}

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
