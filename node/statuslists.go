package node

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// When lists that credentials named are followed: at turns that are a random time
// apart, whatever is shown meanwhile; and from then on each is first asked for within
// findSpread. Together they are at most a minute.
const (
	findAfter  = 20 * time.Second
	findWithin = 20 * time.Second // after that
	findSpread = 20 * time.Second
)

// How often lists are looked at whose publishers say nothing shorter.
const (
	crlRefresh         = time.Hour
	aggregationRefresh = time.Hour
)

// keepFinding has the lists followed that were found.
func (n *Node) keepFinding(ctx context.Context) {
	for {
		select {
		case <-time.After(findAfter + rand.N(findWithin)):
			n.store.FollowFound(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// grown has the follower compare what it follows.
func (n *Node) grown() { n.follower.Sync() }

// permits says whether a list that nobody configured may be fetched: over https, from
// a host that the configuration allows if it names any, and from the scheme's own port
// unless the configuration names another. Certificate revocation lists are published
// over plain http, and what is signed need not be told in secret.
func (n *Node) permits(id artefact.ID) bool {
	s := n.opts.Config.Status
	u, err := url.Parse(id.Name)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if len(s.AllowHosts) > 0 && !slices.Contains(s.AllowHosts, u.Host) && !slices.Contains(s.AllowHosts, u.Hostname()) {
		return false
	}
	insecure := s.Insecure(id.Name)
	switch u.Scheme {
	case "https":
		return insecure || u.Port() == "" || u.Port() == "443" || namesPort(s, u)
	case "http":
		return insecure || id.Kind == artefact.CRL && (u.Port() == "" || u.Port() == "80" || namesPort(s, u))
	}
	return false
}

// namesPort says whether the configuration allows a URL's host with its very port.
func namesPort(s config.Status, u *url.URL) bool {
	return u.Port() != "" && slices.Contains(s.AllowHosts, u.Host)
}

// learned says whether a URL was found and may use a scheme's own port only.
func learned(s config.Status, t cache.Target) bool {
	u, err := url.Parse(t.ID.Name)
	return t.Came != cache.Prefetched && (err != nil || !namesPort(s, u))
}

// statusTarget is the target of a list that is no trust list.
func statusTarget(s config.Status, t cache.Target) origin.Followed {
	f := origin.Followed{
		ID: t.ID, Door: artefact.Origin,
		Target: origin.Target{URL: t.ID.Name, Max: cache.MaxStatus, Learned: learned(s, t), AllowInsecure: s.Insecure(t.ID.Name)},
	}
	if t.Came != cache.Prefetched {
		f.Spread = findSpread
	}
	switch t.ID.Kind {
	case artefact.Status:
		f.Target.Accept = statuslist.MediaTypeJWT + ", " + statuslist.MediaTypeCWT
		if t.Came != cache.Found { // it may turn out to be either
			f.Target.Accept += ", " + statuslist.MediaTypeIdentifierList
		}
		f.Next = statusNext(s)
	case artefact.IdentifierList:
		f.Target.Accept = statuslist.MediaTypeIdentifierList
		f.Next = statusNext(s)
	case artefact.CRL:
		f.Target.Accept, f.Target.Max, f.Target.Plain = "application/pkix-crl, */*;q=0.1", crl.MaxCRL, true
		f.Next = func(cache.Outcome) time.Duration { return crlRefresh }
	case artefact.Aggregation:
		f.Target.Accept, f.Target.Max = statuslist.MediaTypeAggregation, statuslist.MaxAggregation
		f.Next = func(cache.Outcome) time.Duration { return aggregationRefresh }
	}
	return f
}

// statusNext is when a status list is looked at again: after its ttl, which counts
// from the look, and in time before it may no longer be relied on; within what the
// configuration allows. The longest of that is what the follower's back-off goes by
// where nothing came of the look.
func statusNext(s config.Status) func(cache.Outcome) time.Duration {
	return func(o cache.Outcome) time.Duration {
		if o.TTL == 0 && o.Ends.IsZero() {
			return s.RefreshMax
		}
		next := o.TTL
		if left := time.Until(o.Ends) / 2; !o.Ends.IsZero() && (next == 0 || left < next) {
			next = left
		}
		return min(max(next, s.RefreshMin), s.RefreshMax)
	}
}

// fetchNow fetches what a verification looked for in vain, within the time that a
// presentation may wait for it, and says whether anything came. Any number of
// presentations that wait for one list cause one request, and one that failed is not
// made again at once.
func (n *Node) fetchNow(ctx context.Context, lacking []verify.Lacking) bool {
	ctx, cancel := context.WithTimeout(ctx, n.opts.Config.Status.FetchTimeout)
	defer cancel()
	since := time.Now()
	ids, any := n.store.FollowNow(lacking, since)
	if len(ids) == 0 {
		return any
	}
	came := make([]bool, len(ids))
	api.Aside(ctx, func() { // who waits for an origin must not hold up who needs none
		var fetching sync.WaitGroup
		for i, id := range ids {
			fetching.Go(func() {
				_, err := n.follower.RefreshSince(ctx, id, since)
				came[i] = err == nil
			})
		}
		fetching.Wait()
	})
	return any || slices.Contains(came, true)
}

// mediaTypes are what tokens are served as.
var mediaTypes = map[statuslist.Format]string{statuslist.JWT: api.StatusListJWT, statuslist.CWT: api.StatusListCWT}

// StatusToken returns the token of a list in the first of the media types that it is
// held in.
func (e engine) StatusToken(uri string, media []string) (api.StatusToken, bool) {
	held := e.store.StatusToken(uri)
	as := func(t cache.StatusToken) string {
		if t.Kind == artefact.IdentifierList {
			return api.IdentifierListCWT
		}
		return mediaTypes[t.Token.Token.Format]
	}
	at := min(0, len(held)-1)
	if media != nil {
		at = -1
		for _, m := range media {
			if at = slices.IndexFunc(held, func(t cache.StatusToken) bool { return as(t) == m }); at >= 0 {
				break
			}
		}
	}
	if at < 0 {
		return api.StatusToken{}, false
	}
	t := held[at]
	return api.StatusToken{
		Bytes: t.Bytes, MediaType: as(t), Issued: t.Token.Token.IssuedAt, Expires: t.Token.Token.Expires,
		Received: t.Received, TTL: t.Token.Token.TTL,
	}, true
}

// StatusLists is the operator's view of what says that something is revoked.
func (e engine) StatusLists() admin.StatusReport {
	now := time.Now()
	var r admin.StatusReport
	for _, k := range e.store.Kept() {
		switch k.ID.Kind {
		case artefact.Status, artefact.IdentifierList:
			r.StatusLists = append(r.StatusLists, e.statusList(k, now))
		case artefact.CRL:
			r.CRLs = append(r.CRLs, e.revocationList(k, now))
		}
	}
	sum := e.store.StatusLists(now)
	r.Memory = admin.StatusMemory{UsedBytes: sum.Used, MaxBytes: sum.Max, Evicted: int64(sum.Evicted), Refused: int64(sum.Refused)}
	return r
}

func (n *Node) statusList(k cache.Kept, now time.Time) admin.StatusList {
	l := admin.StatusList{
		URI: k.ID.Name, CameBy: string(k.Came), State: admin.StateAbsent, Issuer: k.Issuer, Bytes: k.Bytes, LookedAt: k.Looked,
		Refused: refusalOf(k), LastError: failureOf(k),
	}
	t := k.Token
	switch {
	case t == nil && k.Refused != nil:
		l.State = admin.StateRefused
	case t != nil:
		l.Mechanism, l.State = string(t.Token.Mechanism), admin.StateFresh
		if !now.Before(t.Token.ExpiresAt()) {
			l.State = admin.StateExpired
		}
		l.Entries, l.Bits, l.SHA256 = int64(t.Token.Len()), t.Token.Bits, artefact.Digest(t.SHA256).String()
		l.Issued, l.Expires, l.TTLSeconds = t.Token.IssuedAt, t.Token.ExpiresAt(), int64(t.Token.TTL/time.Second)
		l.AgeSeconds = max(0, int64(now.Sub(t.Token.IssuedAt)/time.Second))
		if n.disk != nil && !k.Small {
			l.Durable = &k.Durable
		}
	}
	return l
}

func (n *Node) revocationList(k cache.Kept, now time.Time) admin.CRL {
	c := admin.CRL{
		URL: k.ID.Name, State: admin.StateAbsent, Issuer: k.Issuer, Bytes: k.Bytes, LookedAt: k.Looked,
		Refused: refusalOf(k), LastError: failureOf(k),
	}
	l := k.CRL
	switch {
	case l == nil && k.Refused != nil:
		c.State = admin.StateRefused
	case l != nil:
		c.State = admin.StateFresh
		if now.After(l.NextUpdate) {
			c.State = admin.StateExpired
		}
		c.Number, c.SHA256, c.Entries = l.Number, artefact.Digest(l.SHA256).String(), int64(l.Entries)
		c.ThisUpdate, c.NextUpdate = l.ThisUpdate, l.NextUpdate
		c.AgeSeconds = max(0, int64(now.Sub(l.ThisUpdate)/time.Second))
		if n.disk != nil {
			c.Durable = &k.Durable
		}
	}
	return c
}

func refusalOf(k cache.Kept) *admin.StatusRefusal {
	if k.Refused == nil {
		return nil
	}
	return &admin.StatusRefusal{Code: string(k.Refused.Code), Detail: k.Refused.Detail, At: k.Refused.At}
}

func failureOf(k cache.Kept) *admin.StatusFailure {
	if k.Failure == nil {
		return nil
	}
	return &admin.StatusFailure{At: k.Failure.At, Detail: k.Failure.Detail}
}
